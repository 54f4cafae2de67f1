"""What the stages of earlier runs took on this machine, from which the plan of the next run tells its times.

Each run records the seconds and units (songs, steps, validations) of the stages that it did itself, in `run.json` under
`pace`. A stage counts for another run if what decides its speed is the same: device, and the settings in `DECIDING`.
"""

import json
import math
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from duetto.settings.run_config import TrainConfig
from duetto.storage.run_folder import RunFolder
from duetto.training.hardware import Hardware
from duetto.voices.find import recorded_runs

PACE = "pace"  # field of a run's record
NEWEST = 5  # runs whose median counts: machines and code change
PREPARATION = ("corpus", "preprocess", "features")  # in order; each is kept for later runs of the same settings
KEPT_S = 1.0  # to find what was kept
# Settings that decide what a unit of each stage costs, by group; "" stands for whole groups.
DECIDING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "corpus": ("data.case",),
        "preprocess": ("preprocess.name",),
        "features": ("features",),
        "vocoder": ("model.size",),
        "training": ("model.name", "model.size", "trainer.batch_size"),
        "validation": ("model.name", "model.size"),
        "test": ("model.name", "model.size"),
        "closing": ("model.name", "model.size"),
    }
)


@dataclass
class Timing:
    """Seconds and units of the stages of a run, as they come in."""

    stages: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, stage: str, seconds: float, units: float) -> None:
        """Enter a stage; one without units was not done here and is left out."""
        if units > 0:
            self.stages[stage] = (round(seconds, 3), units)

    @contextmanager
    def measured(self, stage: str, units: float) -> Iterator[None]:
        """Enter the time of the block, unless it ends with an error."""
        start = time.perf_counter()
        yield
        self.add(stage, time.perf_counter() - start, units)

    @property
    def seconds(self) -> float:
        """All of them."""
        return sum(seconds for seconds, _ in self.stages.values())


@dataclass(frozen=True)
class Pace:
    """Seconds for a unit of each stage, and which stages of the preparation are kept from earlier runs."""

    unit_s: Mapping[str, float] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    num_runs: int = 0  # that it is known from

    def seconds(self, stage: str, units: float, otherwise: float) -> float:
        """Expected seconds of a stage; `otherwise` if no earlier run tells."""
        if stage in self.kept:
            return KEPT_S
        if stage not in self.unit_s or math.isnan(units):
            return otherwise
        return units * self.unit_s[stage]


NO_PACE = Pace()


def read_pace(config: TrainConfig, hardware: Hardware) -> Pace:
    """The pace of the newest runs below `logs` on the same device that count for a run of these settings."""
    logs = Path(config.logs)
    wanted = as_plain(config)
    device = (hardware.description, hardware.precision)
    alike = [
        (str(record.get("created")), folder, record)
        for folder, record in recorded_runs(logs)
        if isinstance(record.get(PACE), dict) and (record.get("device"), record.get("precision")) == device
    ]
    runs = [(folder, record) for _, folder, record in sorted(alike, key=lambda each: each[0], reverse=True)]
    counting = {stage: [r for _, r in runs if _is_same(r, wanted, stage)] for stage in DECIDING}
    unit_s = {stage: _median_s(records, stage) for stage, records in counting.items()}
    told = {stage: seconds for stage, seconds in unit_s.items() if not math.isnan(seconds)}
    names = {str(r.get("name")) for stage in told for r in counting[stage][:NEWEST]}
    return Pace(told, _kept(runs, wanted), len(names))


def as_plain(config: TrainConfig) -> dict[str, Any]:
    """The settings as they are in a run's record."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return plain


def _median_s(records: list[dict[str, Any]], stage: str) -> float:
    found = [record[PACE].get(stage) for record in records]
    units = [pair[0] / pair[1] for pair in found if isinstance(pair, list) and len(pair) == 2 and pair[1]]
    return statistics.median(units[:NEWEST]) if units else math.nan


def _kept(runs: list[tuple[RunFolder, dict[str, Any]]], wanted: Mapping[str, Any]) -> frozenset[str]:
    """The stages of the preparation that a run with a folder still has of equal settings."""
    kept: set[str] = set()
    for folder, record in runs:
        if not (folder.preprocessing.is_file() and _has_corpus(folder)):
            continue
        groups = [
            _value(record.get("config"), name) == _value(wanted, name) for name in ("data", "preprocess", "features")
        ]
        for stage, _ in zip(PREPARATION, _leading(groups), strict=False):
            kept.add(stage)
    return frozenset(kept)


def _has_corpus(folder: RunFolder) -> bool:
    try:
        return Path(str(json.loads(folder.preprocessing.read_text(encoding="utf-8"))["corpus"])).is_dir()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _leading(values: list[bool]) -> list[bool]:
    """The values before the first that is false."""
    return values[: values.index(False)] if False in values else values


def _is_same(record: Mapping[str, Any], wanted: Mapping[str, Any], stage: str) -> bool:
    return all(_value(record.get("config"), key) == _value(wanted, key) for key in DECIDING[stage])


def _value(settings: Any, key: str) -> Any:
    for part in key.split("."):
        settings = settings.get(part) if isinstance(settings, Mapping) else None
    return settings
