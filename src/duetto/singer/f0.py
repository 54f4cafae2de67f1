"""The sung melody: from notes to fundamental frequency, one value every 5 ms.

Conventions: pitch is in semitones (MIDI) everywhere except in `f0_contour`; frame t is at t * 5 ms; unvoiced frames are
0.0 Hz. All randomness comes from the generator that is passed in.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from duetto.score.score import Note, Score
from duetto.score.tempo import TempoMap
from duetto.singer.expression import step_hold
from duetto.singer.timing import HOP_S, Timing, is_voiced
from duetto.singer.voices import PitchStyle
from duetto.units import midi_to_hz

PHRASE_GAP_S = 0.06  # after a longer pause a note starts without a glide
GLIDE_BEFORE = 0.5  # share of a glide that lies before the note at POR 64; 1 at POR 0, none at POR 127
PORTAMENTO_CENTRE = 64.0  # POR
GLIDE_OF_NOTE = 0.5  # maximum length of a glide, as a share of the shorter note
OVERSHOOT_S, MAX_OVERSHOOT_CENTS = 0.05, 50.0  # time to the peak of an overshoot
SCOOP_S = 0.06  # time constant of the rise at the start of a phrase
VIBRATO_FADE_S = 0.25  # time for vibrato to reach its depth
EDGE_SMOOTHING_FRAMES = 1.0  # rounds the corners of bends, 5 ms


def sung_midi(score: Score, timing: Timing, style: PitchStyle, random: np.random.Generator) -> NDArray[np.float64]:
    """Pitch in every frame, (timing.num_frames,), written octave, MIDI; pauses hold the previous note."""
    pitch = _glides(score, timing, style)
    pitch += _bend(score, timing.num_frames)
    for note, start, end in zip(score.notes, timing.note_start, timing.note_end, strict=True):
        pitch[start:end] += _vibrato(note, end - start, style) / 100.0
    pitch = gaussian_filter1d(pitch, EDGE_SMOOTHING_FRAMES, mode="nearest")
    return pitch + wander(timing.num_frames, style, random) / 100.0


def f0_contour(midi: NDArray[np.float64], timing: Timing) -> NDArray[np.float64]:
    """Frequency of the sung pitch where the phone is voiced, 0.0 elsewhere; (T,), Hz."""
    f0_hz = np.asarray(midi_to_hz(midi))
    for phone in timing.phones:
        if not is_voiced(phone.phone):
            f0_hz[phone.start : phone.end] = 0.0
    return f0_hz


def wander(num_frames: int, style: PitchStyle, random: np.random.Generator) -> NDArray[np.float64]:
    """Slow drift plus fast jitter, (num_frames,), cents; both have the style's standard deviation."""
    drift, jitter = random.standard_normal((2, num_frames))
    slow = gaussian_filter1d(drift, 0.09 / HOP_S)  # -3 dB near 1.5 Hz
    fast = jitter - gaussian_filter1d(jitter, 2.0)
    return style.drift_cents * slow / max(slow.std(), 1e-9) + style.jitter_cents * fast / max(fast.std(), 1e-9)


def _glides(score: Score, timing: Timing, style: PitchStyle) -> NDArray[np.float64]:
    pitch = np.empty(timing.num_frames)
    pitch[:] = score.notes[0].midi
    starts, ends = timing.note_start, timing.note_end
    time = np.arange(timing.num_frames) * HOP_S
    portamento = step_hold(score.portamento.points, TempoMap(score.tempos), timing.num_frames, PORTAMENTO_CENTRE)
    for i, note in enumerate(score.notes):
        if i == 0 or (starts[i] - ends[i - 1]) * HOP_S > PHRASE_GAP_S:
            since = time[starts[i] :] - starts[i] * HOP_S
            pitch[starts[i] :] = note.midi - style.scoop_cents / 100.0 * np.exp(-since / SCOOP_S)
            continue
        before, interval = score.notes[i - 1].midi, note.midi - score.notes[i - 1].midi
        shorter = min(ends[i] - starts[i], ends[i - 1] - starts[i - 1])
        glide = max(2, round(min(style.portamento_s / HOP_S, GLIDE_OF_NOTE * shorter)))
        timing_share = (portamento[starts[i]] - PORTAMENTO_CENTRE) / 128.0  # -0.5 early .. 0.5 late
        first = max(starts[i] - round((GLIDE_BEFORE - timing_share) * glide), 0)
        last = min(first + glide, timing.num_frames)
        rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, last - first + 1) / (glide + 1))
        leftover = (pitch[first:last] - before) * (1.0 - rise)  # of the previous note's scoop or overshoot
        pitch[first:last] = before + interval * rise + leftover
        peak = np.clip(style.overshoot * interval, -MAX_OVERSHOOT_CENTS / 100.0, MAX_OVERSHOOT_CENTS / 100.0)
        after = (time[last:] - last * HOP_S) / OVERSHOOT_S
        pitch[last:] = note.midi + peak * after * np.exp(1.0 - after)
    return pitch


def _bend(score: Score, num_frames: int) -> NDArray[np.float64]:
    """The score's pitch bend, piecewise constant, semitones."""
    return step_hold(score.pitch_bend_semitones.points, TempoMap(score.tempos), num_frames, 0.0)


def _vibrato(note: Note, num_frames: int, style: PitchStyle) -> NDArray[np.float64]:
    """Vibrato in cents about the note, (num_frames,): the score's if it has one, else the voice's default."""
    time = np.arange(num_frames) * HOP_S
    if note.vibrato is not None:
        place = np.arange(num_frames) / num_frames
        onset = (1.0 - note.vibrato.length) * num_frames * HOP_S
        depth = _steps(note.vibrato.depth, place, style.vibrato_depth_cents)
        rate = _steps(note.vibrato.rate, place, style.vibrato_rate_hz)
    elif num_frames * HOP_S >= style.vibrato_min_note_s:
        onset = style.vibrato_delay_s
        depth = np.full(num_frames, style.vibrato_depth_cents)
        rate = np.full(num_frames, style.vibrato_rate_hz)
    else:
        return np.zeros(num_frames)
    swing = np.clip((time - onset) / VIBRATO_FADE_S, 0.0, 1.0)
    release = np.clip((num_frames * HOP_S - time) / 0.04, 0.0, 1.0)  # back to the note before the next glide
    phase = 2.0 * np.pi * np.cumsum(np.where(time >= onset, rate, 0.0)) * HOP_S
    return depth * swing * release * np.sin(phase)


def _steps(points: tuple[tuple[float, float], ...], place: NDArray[np.float64], default: float) -> NDArray[np.float64]:
    """A piecewise constant curve over the position in a note."""
    values = np.full(place.size, points[0][1] if points else default)
    for position, value in points:
        values[place >= position] = value
    return values
