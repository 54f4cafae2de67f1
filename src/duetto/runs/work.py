"""What every process of a training has to know, as JSON: the first tells the others."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from duetto.data.dataset import CropPlan, TrainingClip
from duetto.runs.command_line.literal import uninterpolated
from duetto.runs.typed import on_schema
from duetto.settings.run_config import TrainConfig


@dataclass(frozen=True)
class Work:
    """A training: settings, data, and where it stands. Its files lie where every process finds them."""

    config: TrainConfig
    plan: CropPlan
    run: Path  # its folder, or that of a preliminary training in it
    first_step: int = 0
    checkpoint: Path | None = None  # None = it begins

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return values


def work_from(values: Mapping[str, Any]) -> Work:
    """The work that `as_json` described."""
    config = OmegaConf.to_object(on_schema(uninterpolated(values["config"]), TrainConfig))
    assert isinstance(config, TrainConfig)
    plan = CropPlan(**{**values["plan"], "clips": tuple(_clip_from(each) for each in values["plan"]["clips"])})
    checkpoint = None if values["checkpoint"] is None else Path(values["checkpoint"])
    return Work(config, plan, Path(values["run"]), int(values["first_step"]), checkpoint)


def _clip_from(values: Mapping[str, Any]) -> TrainingClip:
    content = values["content"]
    paths = {
        "features": Path(values["features"]),
        "parallel": tuple(Path(each) for each in values["parallel"]),
        "content": None if content is None else Path(content),
    }
    return TrainingClip(**{**values, **paths})
