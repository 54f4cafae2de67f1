"""Intelligibility: the error of the phones recognised in the output against those in the reference.

The recogniser is `duetto.evaluation.models.intelligibility`.
"""

import math
from collections.abc import Sequence

from duetto.evaluation.analysis.spectra import SAMPLE_RATE
from duetto.evaluation.measure import Measure, ScoredSong, Scores
from duetto.evaluation.metric import Metric, against_reference, place_name


def edit_distance(reference: Sequence[str], estimate: Sequence[str]) -> int:
    """The fewest substitutions, deletions and insertions that turn one sequence into the other."""
    row = list(range(len(estimate) + 1))
    for place, wanted in enumerate(reference, start=1):
        previous, row = row, [place]
        for column, found in enumerate(estimate, start=1):
            row.append(min(previous[column] + 1, row[-1] + 1, previous[column - 1] + (wanted != found)))
    return row[-1]


def error_rate(reference: Sequence[str], estimate: Sequence[str]) -> float:
    """Edits per item of the reference: 0 = identical, about 1 = nothing correct; insertions can raise it above 1.

    NaN where the reference is empty.
    """
    return edit_distance(reference, estimate) / len(reference) if reference else math.nan


def _conclude(song: ScoredSong) -> Scores:
    """Phone error of the output and of the copy synthesis, and their difference."""
    wanted, recogniser = song.reference.phones, song.instruments.recogniser
    if wanted is None or recogniser is None:
        return {}
    errors = {
        place: error_rate(wanted, recogniser.recognise(audio.waveform, SAMPLE_RATE))
        for place, audio in song.analysed.items()
    }
    excess = errors["output"] - errors.get("copy_synthesis", math.nan)
    return {"phone_error_excess": excess, **{place_name("phone_error", place): e for place, e in errors.items()}}


MEASURE = Measure(
    metrics=(
        *against_reference(
            "phone_error",
            "Phone error",
            "%",
            "down",
            "Substitutions, deletions and insertions between the phones recognised in output and reference.",
            digits=1,
        ),
        Metric(
            "phone_error_excess",
            "Phone error above the copy synthesis",
            "%",
            "down",
            "Phone error minus that of the reference through the vocoder, in points: what the conversion made harder "
            "to read.",
            digits=1,
        ),
    ),
    conclude=_conclude,
)
