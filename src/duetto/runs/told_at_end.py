"""What the tracker gets when a run is finished: scores, sounds, a table of the test songs, and what was made."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from duetto.conversion.retrieval import INDEX_NAME
from duetto.ownership.gate import is_allowed
from duetto.ownership.privacy import is_private
from duetto.renamed import find_file
from duetto.report.collect import RunRecord, collect_run, section
from duetto.report.privacy import as_shown
from duetto.runs.tracked import NOT_VALUES
from duetto.storage.files import sha256_file
from duetto.storage.run_folder import EvaluationFolder, RunFolder
from duetto.training.tracking import Item, Table, Tracker

ROLES = ("source", "output", "reference")
SONGS_TABLE = "test_songs"
WEIGHTS_SCOPE = "publish_weights"


def tell_end(tracker: Tracker, run: RunFolder, evaluation: EvaluationFolder) -> None:
    """Send mean scores, the best and the last validation, spectrograms and sounds, a table, and the voice's lineage."""
    if not tracker.destinations:
        return
    found = collect_run(run.path, evaluation=evaluation)
    shown = as_shown(found)
    means = section(found.scores, "mean")
    tracker.summarise({f"test/{name}": value for name, value in means.items()} | best_and_last(found))
    if shown.is_shown_in_full:
        tracker.log(int(found.facts.get("steps", 0)), media_of(evaluation))
    tracker.show(table_of(shown))
    for item in made_by(run, found.facts):
        tracker.link(item)


def best_and_last(run: RunRecord) -> dict[str, float | None]:
    """Scores of the validation whose weights became the voice, and of the last one; none without validations."""
    steps = [int(step) for step in run.curve.get("step", ()) if math.isfinite(step)]
    if not steps:
        return {}
    selected = section(run.facts, "selected").get("step", steps[-1])
    rows = {"best": max((n for n, step in enumerate(steps) if step <= selected), default=len(steps) - 1), "last": -1}
    values: dict[str, float | None] = {"best/step": selected, "last/step": steps[-1]}
    for kind, row in rows.items():
        for name, column in run.curve.items():
            if name not in NOT_VALUES:
                values[f"{kind}/{name}"] = float(column[row]) if math.isfinite(column[row]) else None
    return values


def media_of(evaluation: EvaluationFolder) -> dict[str, float | Path | None]:
    """Sounds and spectrograms of the test songs."""
    from duetto.report.figures import PICTURE_NAME, song_picture

    media: dict[str, float | Path | None] = {}
    for place in sorted(evaluation.songs.iterdir()):
        files = {name: find_file(place, f"{name}.wav") for name in ROLES}
        song_picture(files)
        media |= {f"audio/{place.name}/{name}": path for name, path in files.items()}
        media[f"spectrograms/{place.name}"] = place / PICTURE_NAME
    return media


def table_of(run: RunRecord) -> Table:
    """The test songs with their sounds, as far as they may be heard, and their scores."""
    heard = [role for role in ROLES if any(role in song.audio for song in run.songs)]
    metrics = sorted({name for song in run.songs for name in song.scores})
    rows = [
        (
            song.song,
            song.source_name,
            _number(song.transpose_semitones),
            *(song.audio.get(role) for role in heard),
            *(_number(song.scores.get(name)) for name in metrics),
        )
        for song in run.songs
    ]
    return Table(
        SONGS_TABLE,
        ("song", "singer", "transpose_semitones", *(f"{role}_audio" for role in heard), *metrics),
        tuple(rows),
    )


def made_by(run: RunFolder, record: Mapping[str, Any]) -> list[Item]:
    """The voice of a run and its index."""
    may_be_sent = not is_private(record) or is_allowed(record, WEIGHTS_SCOPE, run.record)
    facts = {name: record.get(name) for name in ("signature", "model", "size", "case", "steps", "data_hash")}
    index, voice = run.voice.path / INDEX_NAME, run.voice
    made = (("voice", voice.weights, (voice.weights, voice.card)), ("index", index, (index,)))
    return [
        Item(kind, sha256_file(path), facts, is_input=False, files=files if may_be_sent else ())
        for kind, path, files in made
        if path.is_file()
    ]


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
