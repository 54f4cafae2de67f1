"""Several runs side by side: one page with their scores in columns and, for every song they share, their outputs.

A comparison of architectures is only one if the runs heard the same: where content encoder, pitch tracker or data
differ, the page says so before anything else.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from duetto.errors import ConfigError
from duetto.evaluation.metrics import METRICS, Metric
from duetto.files import write_text
from duetto.report.collect import RunRecord, collect_run, section
from duetto.report.page import content_policy, make_environment, template_source
from duetto.report.sections import BETTER, SONG_METRICS, audio_uri

COMPARISON_NAME = "comparison.html"
SAME = (  # what has to be the same, where run.json keeps it, and what it is called
    (("data_hash",), "training data"),
    (("config", "features", "content"), "content encoder"),
    (("config", "features", "f0"), "pitch tracker"),
    (("config", "eval", "retrieval"), "retrieval settings"),
)


def write_comparison(folders: Sequence[Path], output: Path) -> Path:
    """Write the page of several runs.

    Args:
        folders: Run folders, in the order of the columns.
        output: The .html file.

    Raises:
        ConfigError: If fewer than two runs are given, or one twice.
        StorageError: If a run cannot be read or the page not written.
    """
    if len(folders) < 2 or len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigError("A comparison needs two runs or more, each named once.")
    write_text(output, render_comparison([collect_run(folder) for folder in folders]))
    return output


def render_comparison(runs: Sequence[RunRecord]) -> str:
    """The page as text."""
    environment = make_environment()
    style, script = (template_source(environment, name) for name in ("run.css", "run.js"))
    return environment.get_template("compare.html").render(
        names=[run.short_name for run in runs],
        runs=[run.name for run in runs],
        warnings=differences(runs),
        metrics=metric_rows(runs),
        songs=song_parts(runs),
        policy=content_policy(style, script),
        style=style,
        script=script,
    )


def differences(runs: Sequence[RunRecord]) -> list[str]:
    """What the runs do not share and a comparison needs them to; a sentence each."""
    found = []
    for path, title in SAME:
        values = [_dig(run.facts, path) for run in runs]
        if any(value != values[0] for value in values):
            found.append(f"The runs differ in their {title}: what they differ in besides may not be the cause.")
    minutes = [run.training_seconds / 60 for run in runs]
    if all(map(math.isfinite, minutes)) and max(minutes) > 1.1 * min(minutes):
        found.append(
            "The runs trained for different times: " + ", ".join(f"{value:.1f} min" for value in minutes) + "."
        )
    if not song_names(runs):
        found.append("The runs share no converted song.")
    return found


def metric_rows(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """One row for every metric that a run defines, a value for each run."""
    return [
        {
            "title": metric.title,
            "meaning": metric.meaning,
            "better": BETTER[metric.direction],
            "values": [metric.shown(run.mean(metric.name)) for run in runs],
            "undefined": [run.count(metric.name, "undefined") for run in runs],
        }
        for metric in METRICS
        if any(run.count(metric.name) for run in runs)
    ]


def song_names(runs: Sequence[RunRecord]) -> list[str]:
    """Songs, with their sources, that all runs converted."""
    names = [{f"{song.song}__{song.source_name}" for song in run.songs} for run in runs]
    return sorted(set.intersection(*names)) if names else []


def song_parts(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """Players and scores of every shared song: source, each run's output, truth."""
    by_run = [{f"{song.song}__{song.source_name}": song for song in run.songs} for run in runs]
    shown = [metric for metric in METRICS if metric.name in SONG_METRICS]
    parts = []
    for name in song_names(runs):
        songs = [songs[name] for songs in by_run]
        title = f"{songs[0].song}, sung by {songs[0].source_name}"
        players = [("source", "Source", songs[0].audio.get("source"))]
        players += [("output", run.short_name, song.audio.get("output")) for run, song in zip(runs, songs, strict=True)]
        players.append(("truth", "Truth", songs[0].audio.get("truth")))
        parts.append(
            {
                "title": title,
                "players": [
                    {"role": role, "name": label, "label": f"{label}: {title}", "uri": audio_uri(path)}
                    for role, label, path in players
                    if path is not None
                ],
                "scores": [_song_row(metric, songs) for metric in shown],
            }
        )
    return parts


def _song_row(metric: Metric, songs: Sequence[Any]) -> dict[str, Any]:
    return {"title": metric.title, "values": [metric.shown(song.scores.get(metric.name)) for song in songs]}


def _dig(values: dict[str, Any], path: tuple[str, ...]) -> Any:
    for name in path[:-1]:
        values = section(values, name)
    return values.get(path[-1])
