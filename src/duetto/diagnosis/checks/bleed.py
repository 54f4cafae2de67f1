"""Bleed: other instruments in the vocal track.

There are two signs. The first, in stereo, is the energy of L - R: a voice is in the centre, a band is not (stereo
reverberation counts, too). Channels that cancel each other are no bleed and do not count; intake reports them. The
second is tones in the voice's pauses: the spectrum of noise is flat around every bin, that of music is not. A pause
counts from 0.15 s after singing, so that reverberation has decayed somewhat.

Predicts: chords and drums are learned as part of the voice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

from duetto.diagnosis.finding import Finding, Place, Severity, graded, worst_places
from duetto.diagnosis.sound import FRAME_S, Heard
from duetto.preprocess.spectrum import Power, bin_frequencies_hz
from duetto.spans import true_spans

AFTER_S = 0.15
LEAST_PAUSE_S = 0.12
TONES_HZ = (80.0, 5000.0)
AROUND_BINS = 25  # about 600 Hz
LEAST_FRAMES = 4  # least number averaged in a pause
TONAL_DB, VERY_TONAL_DB = 6.0, 12.0
LEAST_PAUSE_DB = -80.0  # a quieter pause counts as silent
LEAST_PAUSES = 3
SIDE_DB, MUCH_SIDE_DB = -45.0, -25.0
CANCELLING_DB = 4.8  # correlation below -0.5: a voice in opposite phase, not a band


@dataclass(frozen=True)
class BleedEvidence:
    """Side level and tones of one sound."""

    side_db: float  # level of L - R relative to L + R; NaN = mono
    tones_db: tuple[float, ...]  # level of tones above their surroundings, per pause
    places: tuple[Place, ...]  # of the pauses


def measure(heard: Heard) -> BleedEvidence:
    """Measure signs of other instruments in a sound."""
    tones, places = [], []
    for span in pauses(heard):
        excess = tone_excess_db(heard, span)
        if np.isfinite(excess):
            tones.append(excess)
            places.append(heard.sound.frames_place((span[0] - 20, span[1] + 20)))
    return BleedEvidence(side_level_db(heard), tuple(tones), tuple(places))


def conclude(evidence: Sequence[BleedEvidence]) -> Finding:
    """Judge the bleed of a corpus."""
    tones = [(tone, place) for item in evidence for tone, place in zip(item.tones_db, item.places, strict=True)]
    sides = [item.side_db for item in evidence if item.side_db < CANCELLING_DB]  # not NaN
    numbers = {
        "side_db": float(np.median(sides)) if sides else float("nan"),
        "tones_db": float(np.median([tone for tone, _ in tones])) if tones else float("nan"),
        "pauses": float(len(tones)),
    }
    grades: list[Severity] = []
    said = []
    if sides:
        grades.append(graded(numbers["side_db"], SIDE_DB, MUCH_SIDE_DB))
        said.append(f"L - R at {numbers['side_db']:.0f} dB relative to the centre")
    if len(tones) >= LEAST_PAUSES:
        grades.append(graded(numbers["tones_db"], TONAL_DB, VERY_TONAL_DB))
        said.append(f"tones are {numbers['tones_db']:.0f} dB above the noise in {len(tones)} pauses")
    if not grades:
        return Finding(
            "bleed", "unknown", f"mono, with {len(tones)} usable pauses ({LEAST_PAUSES} are needed)", numbers
        )
    what = "; ".join(said)
    if "serious" not in grades and "warning" not in grades:
        return Finding("bleed", "fine", what, numbers)
    places = [place for _, place in sorted(tones, key=lambda pair: -pair[0])]
    return Finding(
        "bleed",
        "serious" if "serious" in grades else "warning",
        what,
        numbers,
        "Bleed is learned as part of the voice and returns as ghost notes and smeared consonants.",
        "Ask for the dry vocal stem, or separate it (preprocess=separate) and check the damage ledger.",
        worst_places(places[:6]),
    )


def pauses(heard: Heard) -> list[tuple[int, int]]:
    """Frames of the pauses between singing, from 0.15 s after its end."""
    if not heard.is_sung.any():
        return []
    after = round(AFTER_S / FRAME_S)
    spans = [(first + (after if first else 0), last - 2) for first, last in true_spans(~heard.is_sung)]
    least = round(LEAST_PAUSE_S / FRAME_S)
    return [(a, b) for a, b in spans if b - a >= least and np.median(heard.level_db[a:b]) > LEAST_PAUSE_DB]


def tone_excess_db(heard: Heard, span: tuple[int, int]) -> float:
    """Level of the strongest hundredth of the bins above their surroundings, in a pause's mean spectrum, dB."""
    flags = np.zeros(len(heard.level_db), dtype=bool)
    flags[span[0] : span[1]] = True
    frames: Power = heard.power[heard.at_power(flags)]
    if len(frames) < LEAST_FRAMES:
        return float("nan")
    frequency = bin_frequencies_hz(heard.n_fft, heard.sample_rate)
    level_db = 10 * np.log10(frames.mean(axis=0)[(frequency >= TONES_HZ[0]) & (frequency <= TONES_HZ[1])] + 1e-14)
    return float(np.quantile(level_db - median_filter(level_db, AROUND_BINS, mode="nearest"), 0.98))


def side_level_db(heard: Heard) -> float:
    """Energy of (L - R) / 2 relative to (L + R) / 2, dB; NaN for one channel, for more than two, and in silence."""
    channels = heard.sound.channels
    if len(channels) != 2:
        return float("nan")
    middle = float(np.mean(np.square(channels.mean(axis=0, dtype=np.float64))))
    side = float(np.mean(np.square((channels[0] - channels[1]) / 2, dtype=np.float64)))
    return float(10 * np.log10((side + 1e-14) / middle)) if middle > 1e-12 else float("nan")
