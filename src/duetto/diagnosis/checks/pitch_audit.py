"""Audit of the pitch: places where two trackers disagree or the melody jumps an octave within a note.

The tracker in use is compared with a second one (a neural one where its package is installed, else WORLD's harvest) on
a sample of the recordings. Octave errors come from creaky voice, from a second voice in octaves, and from
reverberation; frames that disagree by about 1200 cents are counted separately.

Predicts: wrong notes, and training examples with a wrong pitch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from duetto.diagnosis.finding import Finding, Place, Severity, graded, worst_places
from duetto.diagnosis.sound import FRAME_S, Heard, closed
from duetto.features.f0 import F0Extractor, build_f0_extractor
from duetto.settings.config import F0Config
from duetto.spans import true_spans

GROSS_CENTS = 300.0
OCTAVE_CENTS = (1050.0, 1350.0)
JUMP_SEMITONES = 9.0
OUT_AND_BACK_S = 0.25  # a jump that returns within this time is not a note
LEAST_VOICED_S = 2.0
SOME, MANY = 0.1, 0.2  # share of frames voiced in both
LEAST_MISSED_S = 0.1
MISSES = 0.03  # share of the compared time: a second tracker that misses more is no remedy
SOME_JUMPS, MANY_JUMPS = 12.0, 30.0  # per minute of singing


@dataclass(frozen=True)
class AuditEvidence:
    """Disagreements and jumps of one sound."""

    both_s: float  # voiced by both trackers
    gross_s: float
    octave_s: float
    voiced_s: float
    jumps: int  # octave jumps that return
    limit_s: float  # voiced within a semitone of the tracker's limits
    missed_s: float  # voiced for a tenth of a second or more while the second tracker finds no pitch
    places: tuple[Place, ...]
    second: str = "harvest"  # tracker that was compared with


@lru_cache(maxsize=1)
def _extractor(method: str) -> F0Extractor:
    return build_f0_extractor(F0Config(method=method))


def measure(heard: Heard, seconds: float, second: str = "harvest") -> AuditEvidence:
    """Compare with the tracker `second` over the first `seconds` of a sound; jumps are searched in all of it."""
    voiced = heard.f0_hz > 0
    excursions = octave_excursions(heard.midi)
    places = [heard.sound.frames_place((first - 30, last + 30), "octave") for first, last in excursions[:2]]
    count = min(len(voiced), round(seconds / FRAME_S))
    both_s = gross_s = octave_s = missed_s = 0.0
    if voiced[:count].any():
        other = _extractor(second).extract(heard.mono[: count * heard.hop], heard.sample_rate, heard.hop, count)
        cents = difference_cents(heard.f0_hz[:count], other)
        is_gross = np.nan_to_num(np.abs(cents)) > GROSS_CENTS
        is_octave = (np.abs(cents) > OCTAVE_CENTS[0]) & (np.abs(cents) < OCTAVE_CENTS[1])
        both_s, gross_s, octave_s = (float(np.sum(x)) * FRAME_S for x in (np.isfinite(cents), is_gross, is_octave))
        missed = true_spans(voiced[:count] & (other <= 0), round(LEAST_MISSED_S / FRAME_S))
        missed_s = sum(last - first for first, last in missed) * FRAME_S
        worst = sorted(true_spans(closed(is_gross, 10), 5), key=lambda span: span[0] - span[1])[:2]
        places += [heard.sound.frames_place((first - 30, last + 30), "trackers disagree") for first, last in worst]
    limit = voiced & ((heard.f0_hz < 53.0) | (heard.f0_hz > 1040.0))
    return AuditEvidence(
        both_s,
        gross_s,
        octave_s,
        float(voiced.sum()) * FRAME_S,
        len(excursions),
        float(limit.sum()) * FRAME_S,
        missed_s,
        tuple(places),
        second,
    )


def conclude(evidence: Sequence[AuditEvidence]) -> Finding:
    """Judge the pitch of a corpus."""
    both_s, voiced_s = sum(item.both_s for item in evidence), sum(item.voiced_s for item in evidence)
    missed_s = sum(item.missed_s for item in evidence)
    numbers = {
        "disagree_share": sum(item.gross_s for item in evidence) / both_s if both_s else float("nan"),
        "octave_share": sum(item.octave_s for item in evidence) / both_s if both_s else float("nan"),
        "octave_jumps_per_min": 60.0 * sum(item.jumps for item in evidence) / voiced_s if voiced_s else float("nan"),
        "at_limit_share": sum(item.limit_s for item in evidence) / voiced_s if voiced_s else float("nan"),
        "second_misses_share": missed_s / (both_s + missed_s) if both_s + missed_s else float("nan"),
        "compared_s": both_s,
    }
    if both_s < LEAST_VOICED_S:
        return Finding(
            "pitch", "unknown", f"only {both_s:.1f} s could be compared; {LEAST_VOICED_S:g} s are needed", numbers
        )
    second = evidence[0].second
    what = (
        f"the pitch tracker and {second} disagree on {100 * numbers['disagree_share']:.1f} % of the voiced time "
        f"({100 * numbers['octave_share']:.1f} % by an octave); {numbers['octave_jumps_per_min']:.0f} octave jumps/min"
    )
    grades: tuple[Severity, ...] = (
        graded(numbers["disagree_share"], SOME, MANY),
        graded(numbers["octave_jumps_per_min"], SOME_JUMPS, MANY_JUMPS),
    )
    severity: Severity = "serious" if "serious" in grades else "warning" if "warning" in grades else "fine"
    if severity == "fine":
        return Finding("pitch", severity, what, numbers)
    return Finding(
        "pitch",
        severity,
        what,
        numbers,
        "The model is trained on wrong pitches: cracked notes and octave errors in conversion.",
        "Listen to these places. Remove harmonies and reverberation, or set features.f0.min_hz and max_hz to the "
        f"voice's range. {about_second(second, numbers['second_misses_share'])}",
        worst_places([place for item in evidence for place in item.places]),
    )


def about_second(second: str, misses: float) -> str:
    """Advice on trying the other tracker, unless it misses notes."""
    if misses < MISSES:
        return f"If {second} is right there, set features.f0.method={second}."
    return f"Do not change to {second}: it misses {100 * misses:.0f} % of the voiced time here."


def difference_cents(first_hz: NDArray[np.floating], second_hz: NDArray[np.floating]) -> NDArray[np.float64]:
    """Cents from the first to the second contour (T,), positive if the second is higher, NaN if either is unvoiced."""
    both = (first_hz > 0) & (second_hz > 0)
    ratio = np.where(both, second_hz, 1.0) / np.where(both, first_hz, 1.0)
    return np.where(both, 1200.0 * np.log2(ratio), np.nan)


def octave_excursions(midi: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Spans in which a voiced contour (T,) leaves by nine semitones or more and comes back within 0.25 s."""
    found = []
    longest = round(OUT_AND_BACK_S / FRAME_S)
    for first, last in true_spans(np.isfinite(midi), 3):
        jumps = first + 1 + np.flatnonzero(np.abs(np.diff(midi[first:last])) > JUMP_SEMITONES)
        for out, back in pairwise(jumps.tolist()):
            if back - out <= longest and abs(midi[back] - midi[out - 1]) < 3.0:
                found.append((int(out), int(back)))
    return found
