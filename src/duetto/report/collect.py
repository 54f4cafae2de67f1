"""Reads a run folder for its page: every file is optional, and none is trusted.

`duetto.storage.run_folder` defines the paths. Scores and songs come from one evaluation, by default the newest. Missing
parts are left out; old names are read too (`duetto.renamed`).
"""

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.errors import StorageError
from duetto.ownership.gate import require_current
from duetto.renamed import current_metric, current_record, find_file
from duetto.report.own_songs import OwnSong, own_songs_of
from duetto.storage.files import read_object
from duetto.storage.run_folder import EvaluationFolder, RunFolder

ROLES = ("source", "output", "reference", "copy_synthesis")
Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class SongFolder:
    """One converted song of a run."""

    song: str
    source_name: str
    audio: dict[str, Path]  # by role, only files that exist
    transpose_semitones: float = math.nan
    scores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """Contents of a run folder."""

    folder: Path
    facts: dict[str, Any]  # run.json
    scores: dict[str, Any]  # metrics.json: mean, n, undefined, label; empty when not scored
    curve: Columns  # quality over training, columns of equal length
    losses: Columns
    songs: tuple[SongFolder, ...]
    preprocessing: dict[str, Any] = field(default_factory=dict)  # preprocessing.json: damage by each step
    stress_tests: dict[str, Any] = field(default_factory=dict)  # stress_tests.json: scores under stress
    intermediates: tuple[Path, ...] = ()  # a recording after each step of the preprocessing, in order
    own_songs: tuple[OwnSong, ...] = ()  # the user's songs, converted while training
    evaluation: str = ""  # signature of the evaluation that the scores are of
    evaluation_settings: dict[str, Any] = field(default_factory=dict)  # of that evaluation
    other_evaluations: tuple[str, ...] = ()  # further evaluations of the run
    differs: str = ""  # its values of the settings in which it differs from the runs beside it
    called: str = ""  # name in the sweep through which it was found, such as `cut_60.rvc.seed0`
    is_shown_in_full: bool = True  # False: of a person who does not allow that sound is shown (duetto.report.privacy)

    @property
    def name(self) -> str:
        """The run's name, or its folder's."""
        return str(self.facts.get("name") or self.folder.name)

    @property
    def given_name(self) -> str:
        """The name that the run was given; empty if none."""
        return str(self.facts.get("given_name") or "")

    @property
    def short_name(self) -> str:
        """Short name for a column: of its sweep, given, or architecture and size with `which`: `rvc compact 0f3c`."""
        if self.called or self.given_name:
            return self.which
        parts = [str(self.facts.get(name) or "") for name in ("model", "size")]
        return " ".join(part for part in (*parts, self.which) if part) or self.name

    @property
    def which(self) -> str:
        """What tells it from others of its kind: its name in a sweep, given name, settings, or signature."""
        named = " · ".join(part for part in (self.given_name, self.differs) if part)
        return self.called or named or str(self.facts.get("signature") or "")[:4]

    @property
    def training_seconds(self) -> float:
        """Seconds of training; NaN when not recorded."""
        return number(self.facts.get("hours")) * 3600.0

    def mean(self, metric: str) -> float:
        """Mean score over songs; NaN when undefined or not scored."""
        return number(section(self.scores, "mean").get(metric))

    def count(self, metric: str, of: str = "n") -> int:
        """Songs that define a metric ("n") or do not ("undefined")."""
        value = number(section(self.scores, of).get(metric))
        return int(value) if math.isfinite(value) else 0

    def label(self, metric: str) -> str:
        """`diagnostic`, or empty."""
        return str(section(self.scores, "label").get(metric) or "")


def collect_run(folder: Path, called: str = "", evaluation: EvaluationFolder | None = None) -> RunRecord:
    """Read a run folder.

    Args:
        folder: The run's folder.
        called: Its name in a sweep.
        evaluation: The evaluation whose scores are read; None = the newest.

    Raises:
        StorageError: If there is no such folder, or a JSON or CSV file in it is damaged.
        CorpusError: If a person's consent was withdrawn or has expired.
    """
    if not folder.is_dir():
        raise StorageError(f"There is no run folder {folder}. Give the folder of a run, such as logs/NAME.")
    run = RunFolder(folder)
    facts = _read_object(run.record)
    require_current(facts, run.record)
    place = evaluation or run.newest_evaluation()
    scores = {} if place is None else _read_object(place.metrics)
    about = {} if place is None else _read_object(place.record)
    return RunRecord(
        folder=folder,
        facts=facts,
        scores=scores,
        curve=read_columns(run.curve),
        losses=read_columns(run.losses),
        songs=() if place is None else _collect_songs(place.songs, scores),
        preprocessing=_read_object(run.preprocessing),
        stress_tests=_read_object(find_file(folder, run.stress_tests.name)),
        intermediates=tuple(sorted(find_file(folder, "intermediates").glob("[0-9][0-9]_*.wav"))),
        own_songs=own_songs_of(run),
        called=called,
        evaluation="" if place is None else place.path.name,
        evaluation_settings=section(about, "settings") or section(section(facts, "config"), "eval"),
        other_evaluations=tuple(each.path.name for each in run.evaluations() if place is not None and each != place),
    )


def collect_scores(folder: Path, called: str, place: EvaluationFolder | None) -> RunRecord:
    """Read only the top-level values of a run's record and the mean scores of an evaluation, which is fast.

    Raises:
        StorageError: If a JSON file of the run is damaged.
        CorpusError: If a person's consent was withdrawn or has expired.
    """
    record = _read_raw(RunFolder(folder).record)
    require_current(record, RunFolder(folder).record)
    facts = {name: value for name, value in record.items() if not isinstance(value, dict | list)}
    means = {} if place is None else section(_read_raw(place.metrics), "mean")
    return RunRecord(folder, current_record(facts), {"mean": current_record(means)}, {}, {}, (), called=called)


def read_columns(path: Path) -> Columns:
    """Numeric columns of a CSV file by name, equally long; non-numeric cells are NaN.

    Returns:
        Empty when the file is missing or has no rows. Short rows, as a killed run leaves, are filled with NaN.

    Raises:
        StorageError: If it is not a text file.
    """
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise StorageError(f"{path} is not a table of numbers ({error}). Delete it and run again.") from error
    names = [name for name in (rows[0] if rows else []) if name]
    return {current_metric(name): np.array([number(row.get(name)) for row in rows]) for name in names}


def number(value: Any) -> float:
    """A float from JSON or CSV; NaN for null, text, booleans and anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def section(values: dict[str, Any], name: str) -> dict[str, Any]:
    """A dictionary inside a dictionary; empty when it is missing or something else."""
    inner = values.get(name)
    return inner if isinstance(inner, dict) else {}


def _read_object(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = current_record(_read_raw(path))
    return value


def _read_raw(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    value: dict[str, Any] = read_object(path)
    return value


def _collect_songs(folder: Path, scores: dict[str, Any]) -> tuple[SongFolder, ...]:
    rows = scores.get("songs")
    by_name = {
        f"{row.get('song')}__{row.get('source_name')}": row
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    }
    places = sorted(place for place in folder.iterdir() if place.is_dir()) if folder.is_dir() else []
    return tuple(_collect_song(place, by_name.get(place.name, {})) for place in places)


def _collect_song(place: Path, row: dict[str, Any]) -> SongFolder:
    song, _, source_name = place.name.rpartition("__")
    audio = {role: path for role in ROLES if (path := find_file(place, f"{role}.wav")).is_file()}
    scores = {name: number(value) for name, value in section(row, "metrics").items()}
    return SongFolder(song or place.name, source_name, audio, number(row.get("transpose_semitones")), scores)
