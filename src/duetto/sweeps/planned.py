"""A run of a sweep: its state, and how long the remaining work takes."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from duetto.errors import ConfigError, StorageError
from duetto.renamed import current_settings
from duetto.runs.evaluate import evaluation_of, find_earlier_scores, scores_from
from duetto.runs.identity import SELECTION, TRAINER_NUMBERS, described_features, run_from
from duetto.runs.plan import make_plan
from duetto.runs.stale import KEEP
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import read_object
from duetto.storage.run_folder import EvaluationFolder, RunFolder
from duetto.sweeps.grid import Arm
from duetto.voices.find import pass_over, recorded_runs

State = Literal["new", "broken", "finished", "running", "failed"]
SHARED_STAGES = ("corpus", "preprocess", "features")  # done once for all runs with the same data settings
TEST_STAGES = ("test", "closing")
TAIL_BYTES = 4096


@dataclass
class PlannedRun:
    """One run; `folder` is known as soon as its corpus is."""

    arm: Arm
    config: TrainConfig
    folder: Path | None = None
    signature: str = ""
    evaluation: str = ""  # signature of its scores; known once it is trained
    earlier: str = ""  # remark on a run of the same settings that is not resumed
    state: State = "new"
    note: str = ""  # what already exists, or where it failed
    minutes: float = math.nan  # expected for the remaining work; NaN = unknown
    seconds: float = math.nan  # wall time taken
    error: list[str] = field(
        default_factory=list
    )  # last lines of output of a failed run; what interrupted a broken one
    is_left: bool = False  # to a later command: it was interrupted, or an engine still works on it

    def as_dict(self) -> dict[str, Any]:
        """The values for plan.json and state.json."""
        return {
            "name": self.arm.name,
            "overrides": list(self.arm.overrides),
            "run": None if self.folder is None else self.folder.name,
            "signature": self.signature or None,
            "evaluation": self.evaluation or None,
            "state": self.state,
            "note": self.note,
            "expected_minutes": self.minutes,
            "seconds": self.seconds,
            "error": "\n".join(self.error),
        }


def assess(run: PlannedRun, speed: float) -> None:
    """Set state, note and minutes from the content of the run's folder."""
    run.state, run.note = "new", run.earlier
    done_share, is_trained = 0.0, False
    if run.folder is not None and RunFolder(run.folder).is_run:
        run.state = "broken"
        is_trained = RunFolder(run.folder).voice.is_trained
        step, done_share = progress_of(run.folder, run.config)
        run.note = "trained, not scored yet" if is_trained else f"will resume near step {step}" if step else ""
        scores = find_scores(run.folder, run.config) if is_trained else None
        if scores is not None:
            run.state, run.note, run.evaluation = "finished", "", scores.path.name
    run.minutes = 0.0 if run.state == "finished" else minutes_left(run.config, speed, 1.0 if is_trained else done_share)


def find_scores(folder: Path, config: TrainConfig) -> EvaluationFolder | None:
    """The scores of these evaluation settings, if the run is closed and has them; otherwise None."""
    run = RunFolder(folder)
    try:
        if read_object(run.record).get("status") != "finished":
            return None
        made_of = scores_from(config.eval, run, config.model.name, config.features)
        place = evaluation_of(run, made_of)
        earlier = find_earlier_scores(run, made_of) if config.stale == KEEP and not place.is_complete else None
    except StorageError:
        return None
    if earlier is not None:
        return earlier[0]
    return place if place.is_complete else None


def minutes_left(config: TrainConfig, speed: float, done_share: float) -> float:
    """Minutes of training, test and closing, without the finished part."""
    seconds = {stage.name: stage.seconds for stage in make_plan(config, speed)}
    own = [name for name in seconds if name not in SHARED_STAGES]
    return sum(seconds[name] * (1.0 if name in TEST_STAGES else 1.0 - done_share) for name in own) / 60


def shared_minutes(configs: Sequence[TrainConfig], speed: float) -> float:
    """Minutes of preparation with empty caches; work shared by several runs counts once."""
    total = 0.0
    for config in configs:
        stages = make_plan(config, speed)
        total += sum(stage.seconds for stage in stages if stage.name in SHARED_STAGES)
    return total / 60


def wall_minutes(minutes: Sequence[float], workers: int) -> float:
    """Minutes until all runs are done, if started in this order on that many workers; NaN if one is unknown."""
    if any(map(math.isnan, minutes)):
        return math.nan
    ends = [0.0] * workers
    for each in minutes:
        ends[ends.index(min(ends))] += each
    return max(ends)


def progress_of(folder: Path, config: TrainConfig) -> tuple[int, float]:
    """Last logged step and finished share of the training, from the end of losses.csv."""
    path = RunFolder(folder).losses
    if not path.is_file():
        return 0, 0.0
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        lines = file.read().decode("utf-8", errors="replace").splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n") and line[0].isdigit()]
    if not whole:
        return 0, 0.0
    cells = next(csv.reader(whole[-1:]))
    try:
        step, minutes = int(cells[0]), float(cells[1])
    except (ValueError, IndexError):
        return 0, 0.0
    limit = config.trainer.max_minutes
    return step, min(1.0, max(step / config.trainer.max_steps, minutes / limit if limit else 0.0))


def find_recorded(runs: Sequence[PlannedRun]) -> None:
    """Find the folders of runs with the same settings before any corpus is opened.

    This is a forecast for the plan; the signature, which includes the corpus, decides later.
    """
    recorded: dict[str, list[tuple[RunFolder, dict[str, Any]]]] = {}
    for logs in sorted({run.config.logs for run in runs}):
        for folder, record in recorded_runs(Path(logs)):
            try:
                key = settings_key(record["config"], record["model"])
            except (KeyError, TypeError, AttributeError, ConfigError):
                pass_over(f"{folder.path} is skipped: its settings cannot be read, or are of a later version.")
                continue
            recorded.setdefault(key, []).append((folder, record))
    for run in runs:
        same = recorded.get(settings_key(settings_of(run.config), run.config.model.name), [])
        current = [folder for folder, record in same if is_of_this_code(record, run.config)]
        kept = current or ([folder for folder, _ in same] if run.config.stale == KEEP else [])
        run.folder = kept[-1].path if kept else None
        run.earlier = "earlier code trained it" if same and not kept else ""


def is_of_this_code(record: dict[str, Any], config: TrainConfig) -> bool:
    """Whether the current modules and packages trained the run."""
    then = record.get("made_of")
    if not isinstance(then, dict):
        return False
    now = run_from(config, str(record.get("data_hash")), {}).as_dict()
    return all(then.get(part) == now[part] for part in ("modules", "packages"))


def settings_of(config: TrainConfig) -> dict[str, Any]:
    """A run's settings as in run.json."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return values


def settings_key(values: dict[str, Any], model: str) -> str:
    """The settings that identify a run, as text; paths, logger, device and evaluation do not count."""
    values = current_settings(values)
    values["trainer"].setdefault("select", "last")  # of runs from before checkpoint selection
    kept = {
        "model name": model,
        "data": {name: value for name, value in values["data"].items() if name != "root"},
        "preprocess": {name: value for name, value in values["preprocess"].items() if name != "keep_intermediates"},
        "features": values["features"],
        "model": {n: v for n, v in values["model"].items() if n != "num_speakers"},
        "trainer": {name: values["trainer"][name] for name in (*TRAINER_NUMBERS, *SELECTION)},
        "seed": values["seed"],
    }
    return json.dumps(kept, sort_keys=True)


def prepared_data_key(config: TrainConfig) -> str:
    """The settings that determine corpus, preprocessing and features, as text."""
    kept = [asdict(config.data), asdict(config.preprocess), described_features(config.features)]
    return json.dumps(kept, sort_keys=True, default=str)
