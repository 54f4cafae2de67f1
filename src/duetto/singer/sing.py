"""Sings a score: the waveform and its annotations (phones with their times, and pitch).

Conventions: 48 kHz mono float32; a score has the same length and the same phone times for every voice.
F0 of the annotations is on a 5 ms grid, value t at t * 5 ms, 0.0 Hz where unvoiced. All randomness comes from the seed:
equal arguments give equal samples.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from duetto.errors import ScoreError
from duetto.progress import ReportSeconds
from duetto.score.score import Score
from duetto.score.tempo import TempoMap
from duetto.singer.annotations import Annotations, load_annotations, save_annotations
from duetto.singer.carrier_mei import mei_cepstrum, mei_voice
from duetto.singer.carrier_sinsy import sinsy_cepstrum, sinsy_voice
from duetto.singer.expression import expression_of, step_hold
from duetto.singer.f0 import f0_contour, sung_midi
from duetto.singer.finish import finish
from duetto.singer.generation import restore_variance
from duetto.singer.hts import HtsVoice
from duetto.singer.spectrum import SAMPLE_RATE, Shape, Sound, aperiodicity, head_share, make_shape, power_spectrum
from duetto.singer.timing import CLOSURE, HOP_S, PAUSE, Timing, lay_out
from duetto.singer.voices import EmbeddedVoice
from duetto.storage.audio import Waveform
from duetto.world import import_world

__all__ = ["Annotations", "Rendition", "load_annotations", "save_annotations", "sing"]

LOWEST_SUNG_MIDI, HIGHEST_SUNG_MIDI = 33.0, 91.0  # 55 Hz to 1568 Hz: WORLD's spectra fail beyond
CUT_PAUSE_S = 0.2  # a pause this long separates stretches that are synthesised independently
BLOCK_FRAMES = 400  # spectra are computed in blocks, because the temporary arrays are several times their size
PAUSE_DB, CLOSURE_DB = -60.0, -25.0  # level of pauses and closures, relative to the carrier's
RELEASE_S, RELEASE_SHARE = 0.07, 0.3  # fade at the end of a phrase
LOUDER_DB_PER_SEMITONE = 0.25  # higher notes are sung louder
DYNAMICS_LIMITS_DB = (-30.0, 6.0)
MOVING_COEFFICIENTS = 12  # of the mel-cepstrum
MOTION_S = 0.08  # smoothing of the slow wander of spectra

Carrier = Callable[[Score, Timing], tuple[HtsVoice, NDArray[np.float64]]]  # the HMMs and their mel-cepstra
CARRIERS: Mapping[str, Carrier] = MappingProxyType(
    {
        "sinsy": lambda score, timing: (sinsy_voice(), sinsy_cepstrum(score, timing)),
        "mei": lambda _, timing: (mei_voice(), mei_cepstrum(timing)),
    }
)


@dataclass(frozen=True)
class Rendition:
    """A sung score."""

    waveform: Waveform  # (S,)
    sample_rate: int  # Hz
    annotations: Annotations
    note_start_s: NDArray[np.float64]  # (N,), as written
    note_end_s: NDArray[np.float64]  # (N,), as sung
    note_midi: NDArray[np.float64]  # (N,), sung pitch
    gain_db: float  # applied to reach the target level; depends on the pitch at which a song is sung


def sing(
    score: Score,
    voice: EmbeddedVoice,
    *,
    seed: int = 0,
    transpose_semitones: float = 0.0,
    progress: ReportSeconds | None = None,
) -> Rendition:
    """Sing a score.

    Args:
        score: One line of notes.
        voice: An embedded singer; its own transposition is added to the score's notes.
        seed: Seeds drift, jitter, breaths and noise.
        transpose_semitones: Added to the voice's transposition.
        progress: Called with the seconds of song just synthesised.

    Raises:
        ScoreError: If the score is empty, too long, has overlapping notes, or leaves the range of 55 Hz to 1568 Hz.
    """
    timing = lay_out(score)
    shift = voice.transposition + transpose_semitones
    note_midi = np.array([note.midi + shift for note in score.notes])
    _check_range(score, note_midi)
    entropy = [seed & 0xFFFFFFFF, zlib.crc32(voice.name.encode())]
    pitch_random, motion_random, noise_random = (np.random.default_rng([*entropy, part]) for part in range(3))
    midi = sung_midi(score, timing, voice.style, pitch_random) + shift
    f0_hz = f0_contour(midi, timing)
    model, carrier = CARRIERS[voice.family](score, timing)
    cepstrum = _enliven(carrier, model, timing, voice, motion_random)
    sound = Sound(
        cepstrum=cepstrum,
        midi=midi,
        f0_hz=f0_hz,
        gain_db=_gain_db(score, timing, midi, voice),
        head=head_share(gaussian_filter1d(midi, 2.0), voice),
        expression=expression_of(score, timing.num_frames),
    )
    dry = _synthesise(sound, timing, voice, make_shape(voice, model.order, model.alpha), progress)
    waveform, gain_db = finish(dry, timing, voice, noise_random)
    starts, ends = np.array(timing.note_start) * HOP_S, np.array(timing.note_end) * HOP_S
    annotations = Annotations(
        phones=tuple(phone.phone for phone in timing.phones),
        phone_start_s=np.array([phone.start * HOP_S for phone in timing.phones]),
        phone_end_s=np.array([phone.end * HOP_S for phone in timing.phones]),
        f0_hz=f0_hz,
        f0_hop_s=HOP_S,
        note_start_s=starts,
        note_end_s=ends,
        note_midi=note_midi,
    )
    return Rendition(waveform, SAMPLE_RATE, annotations, starts, ends, note_midi, gain_db)


def _check_range(score: Score, note_midi: NDArray[np.float64]) -> None:
    outside = np.flatnonzero((note_midi < LOWEST_SUNG_MIDI) | (note_midi > HIGHEST_SUNG_MIDI))
    if outside.size:
        raise ScoreError(
            f"Note {outside[0]} of the score {score.name} would be sung at MIDI {note_midi[outside[0]]:g}; the singer "
            f"reaches {LOWEST_SUNG_MIDI:g} to {HIGHEST_SUNG_MIDI:g}. Transpose the score or choose another voice."
        )


def _enliven(
    carrier: NDArray[np.float64], model: HtsVoice, timing: Timing, voice: EmbeddedVoice, random: np.random.Generator
) -> NDArray[np.float64]:
    """The carrier's cepstra with natural variance and slow random motion, (T, order)."""
    sounding = np.zeros(timing.num_frames, dtype=bool)
    for phone in timing.phones:
        sounding[phone.start : phone.end] = phone.phone not in (PAUSE, CLOSURE)
    cepstrum = restore_variance(carrier, model, sounding)
    motion = random.standard_normal((timing.num_frames, MOVING_COEFFICIENTS))
    motion = gaussian_filter1d(motion, MOTION_S / HOP_S, axis=0)
    cepstrum[:, 1 : MOVING_COEFFICIENTS + 1] += voice.cepstral_motion * motion / max(float(motion.std()), 1e-9)
    return cepstrum


def _gain_db(score: Score, timing: Timing, midi: NDArray[np.float64], voice: EmbeddedVoice) -> NDArray[np.float64]:
    """Level of each frame relative to the carrier's, (T,), from dynamics, pitch, pauses and releases."""
    levels = [
        (tick, float(np.clip(20.0 * np.log10(max(value, 1.0) / 64.0), *DYNAMICS_LIMITS_DB)))
        for tick, value in score.dynamics.points
    ]
    gain_db = step_hold(levels, TempoMap(score.tempos), timing.num_frames, 0.0)
    gain_db += LOUDER_DB_PER_SEMITONE * (midi - np.mean(voice.range_midi))
    for phone, following in zip(timing.phones, [*timing.phones[1:], None], strict=True):
        if phone.phone in (PAUSE, CLOSURE):
            gain_db[phone.start : phone.end] += PAUSE_DB if phone.phone == PAUSE else CLOSURE_DB
        elif following is not None and following.phone == PAUSE:
            fade = max(1, round(min(RELEASE_S / HOP_S, RELEASE_SHARE * phone.num_frames)))
            gain_db[phone.end - fade : phone.end] += np.linspace(0.0, -24.0, fade)
    return gaussian_filter1d(gain_db, 1.0, mode="nearest")


def _synthesise(
    sound: Sound, timing: Timing, voice: EmbeddedVoice, shape: Shape, progress: ReportSeconds | None
) -> NDArray[np.float64]:
    """Synthesise with WORLD, stretch by stretch, so that memory does not grow with the song; (num_frames * 240,)."""
    pyworld = import_world()
    pieces = []
    for first, last in _stretches(timing):
        spectra = np.empty((last - first, shape.clear_db.size))
        noise = np.empty_like(spectra)
        for start in range(first, last, BLOCK_FRAMES):
            part = slice(start, min(start + BLOCK_FRAMES, last))
            into = slice(part.start - first, part.stop - first)
            piece = sound.part(part)
            spectra[into] = power_spectrum(piece, voice, shape)
            noise[into] = aperiodicity(timing, start, piece, voice, shape)
        pieces.append(pyworld.synthesize(sound.f0_hz[first:last], spectra, noise, SAMPLE_RATE, HOP_S * 1000.0))
        if progress is not None:
            progress((last - first) * HOP_S)
    return np.concatenate(pieces)


def _stretches(timing: Timing) -> list[tuple[int, int]]:
    """Frames from the middle of one long pause to the middle of the next."""
    cuts = [
        (phone.start + phone.end) // 2
        for phone in timing.phones[1:-1]
        if phone.phone == PAUSE and phone.num_frames * HOP_S >= CUT_PAUSE_S
    ]
    edges = [0, *cuts, timing.num_frames]
    return list(pairwise(edges))
