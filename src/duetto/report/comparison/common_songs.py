"""Means over common songs, because means over different songs compare songs, not runs.

Runs of one case are compared with each other. If they do not define a metric on the same songs, its mean is recomputed
over the songs on which all of them define it; if there are none, each keeps its own mean, and is marked.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from duetto.report.collect import RunRecord, number, section

Song = tuple[str, str]  # name, and singer of the source
Values = dict[str, dict[Song, float]]  # by metric, if defined
LISTED_SONGS = 5


@dataclass(frozen=True)
class Shared:
    """Runs with their scores averaged over common songs."""

    runs: tuple[RunRecord, ...]  # in the given order
    incomparable: frozenset[tuple[str, str]] = frozenset()  # (case, metric) with means over different songs
    remarks: tuple[str, ...] = ()  # a sentence for each case whose runs were scored on different songs


def over_common_songs(runs: Sequence[RunRecord]) -> Shared:
    """Recompute the runs' means over the songs that the runs of a case share."""
    by_case: defaultdict[str, list[int]] = defaultdict(list)
    for place, run in enumerate(runs):
        if song_values(run):
            by_case[case_of(run)].append(place)
    found, remarks, incomparable = list(runs), [], set()
    for case, places in by_case.items():
        values = [song_values(runs[place]) for place in places]
        apart = set()
        for metric in sorted({name for own in values for name in own}):
            owners = [(place, own[metric]) for place, own in zip(places, values, strict=True) if metric in own]
            common = frozenset.intersection(*(frozenset(scores) for _, scores in owners))
            if not common:
                apart.add(metric)
                continue
            for place, scores in owners:
                if len(scores) > len(common):
                    found[place] = _with_mean(found[place], metric, [scores[song] for song in sorted(common)])
        incomparable |= {(case, metric) for metric in apart}
        remarks += _remark(case, [runs[place] for place in places])
    return Shared(tuple(found), frozenset(incomparable), tuple(remarks))


def song_values(run: RunRecord) -> Values:
    """The defined scores of each song."""
    rows = run.scores.get("songs")
    values: defaultdict[str, dict[Song, float]] = defaultdict(dict)
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            for metric, value in section(row, "metrics").items():
                if math.isfinite(number(value)):
                    values[metric][str(row.get("song")), str(row.get("source_name"))] = number(value)
    return dict(values)


def case_of(run: RunRecord) -> str:
    """The case within which a run is compared."""
    return str(run.facts.get("case") or "")


def _with_mean(run: RunRecord, metric: str, values: list[float]) -> RunRecord:
    scores: dict[str, Any] = dict(run.scores)
    scores["mean"] = {**section(scores, "mean"), metric: float(np.mean(values))}
    scores["n"] = {**section(scores, "n"), metric: len(values)}
    return replace(run, scores=scores)


def _remark(case: str, runs: Sequence[RunRecord]) -> list[str]:
    songs = [{song for scores in song_values(run).values() for song in scores} for run in runs]
    common = set.intersection(*songs)
    if all(own == common for own in songs):
        return []
    where = f"The runs of {case.replace('_', ' ')}" if case else "The runs"
    counts = f"{min(map(len, songs))} to {max(map(len, songs))} songs"
    if not common:
        return [f"{where} were scored on different songs ({counts}): their means do not compare and none is starred."]
    names = sorted(" of ".join(song) for song in common)
    more = f" and {len(names) - LISTED_SONGS} more" if len(names) > LISTED_SONGS else ""
    plural = "s" if len(names) > 1 else ""
    return [
        f"{where} were scored on {counts}; means are over the {len(names)} song{plural} that all of them share: "
        f"{', '.join(names[:LISTED_SONGS])}{more}."
    ]
