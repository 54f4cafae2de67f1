"""What the rest of duetto knows about an architecture: one record, kept in the architecture's own folder.

Whatever needs torch is named as "package.module:attribute" and imported only when used. Records are therefore cheap to
load: `python train.py --help` reads all of them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from duetto.errors import CheckpointError
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import ModelConfig

if TYPE_CHECKING:
    from torch import nn

    from duetto.conversion.converter import Renderer
    from duetto.training.module import TrainingModule


@dataclass(frozen=True)
class Cost:
    """Measured cost of a size on the two cores of the reference machine (`duetto.training.hardware`)."""

    step_s: float  # a training step of the default batch, two threads; in closed form: the pass over case B
    validation_s: float  # a validation: a held-out conversion, scored and drawn, mostly one core


UNKNOWN_COST = Cost(math.nan, math.nan)


def named_by_size(model: ModelConfig, _: FeaturesConfig) -> str:
    """Name of the weights that ship, such as `rvc_compact`."""
    return f"{model.name}_{model.size}"


@dataclass(frozen=True)
class PreliminaryTraining:
    """Another model that is trained first, on the same recordings, and becomes part of the voice."""

    architecture: str  # of the other model; names its stage in the plan and its folder in the run, too
    share: float  # of trainer.max_minutes, at most
    steps: Callable[[Any], int]  # most steps that a model's settings ask for; 0 = there is no such training
    settings: Callable[[Any, FeaturesConfig], ModelConfig]  # model, features -> of the other model
    take_in: Callable[[Any, Path], ModelConfig]  # model, weights of the other -> the model that uses them


@dataclass(frozen=True)
class Architecture:
    """One architecture."""

    name: str  # `model.name`; also names its files in conf: model/NAME, features/NAME, shape/NAME_SIZE
    title: str  # for people
    config: type[ModelConfig]  # its fields are marked where they are paths or not part of the shape
    network: str  # function: model, features -> untrained network
    renderer: str  # function or class: network, model, features -> Renderer
    module: str  # class: model, features, seed -> TrainingModule
    sizes: tuple[str, ...]  # smallest first: the one that `auto` picks
    costs: Mapping[str, Cost] = field(default_factory=dict)  # by size, where they were measured
    is_closed_form: bool = (
        False  # True: one pass over the data solves it; steps and minutes of the trainer do not apply
    )
    can_convert: bool = True  # False: it does copy synthesis only
    pretrained_name: Callable[[ModelConfig, FeaturesConfig], str] = named_by_size  # of the weights that ship
    # names in the hub's table of the generator and discriminator that base=hub means; None = there are none
    hub_pair: Callable[[Any], tuple[str, str]] | None = None
    pretrained_reader: str | None = None  # function: network, file, role -> None; loads third-party files
    # function: model, features -> SHA-256, by purpose, of the files it needs besides its pretrained weights
    inputs: str | None = None
    preliminary: str | None = None  # a PreliminaryTraining
    exporter: str | None = None  # function: voice, Export -> Exported (duetto.voices.interchange.exporting)
    no_export: str = "Its files have no format but ours."  # why a voice cannot be exported, if there is no exporter
    graph: str | None = None  # function: network (weight norm folded), model, features -> duetto.layers.graph.Graph
    conf: Path | None = None  # folder of its configuration files; None = the package's own

    @property
    def rendering_modules(self) -> set[str]:
        """Modules used in conversion; a fingerprint follows their imports."""
        return {name.partition(":")[0] for name in (self.network, self.renderer)}

    @property
    def modules(self) -> set[str]:
        """Modules used in training and conversion."""
        return {*self.rendering_modules, self.module.partition(":")[0]}

    def build_network(self, model: ModelConfig, features: FeaturesConfig) -> "nn.Module":
        """An untrained network of the configured shape."""
        network: nn.Module = resolve_name(self.network)(model, features)
        return network

    def build_renderer(self, network: "nn.Module", model: ModelConfig, features: FeaturesConfig) -> "Renderer":
        """The renderer that converts with this network."""
        renderer: Renderer = resolve_name(self.renderer)(network, model, features)
        return renderer

    def build_module(self, model: ModelConfig, features: FeaturesConfig, seed: int) -> "TrainingModule":
        """A training module with an untrained network."""
        module: TrainingModule = resolve_name(self.module)(model, features, seed)
        return module

    def load_public_weights(self, network: "nn.Module", path: Path, role: str) -> None:
        """Load a third-party file into a network.

        Args:
            network: The generator or the discriminator, untrained.
            path: The file.
            role: Which of the two: generator | discriminator.

        Raises:
            CheckpointError: If the architecture cannot load such files, or this one does not fit.
        """
        if self.pretrained_reader is None:
            raise CheckpointError(f"base: {path} is no .safetensors file; training of {self.title} starts from those.")
        resolve_name(self.pretrained_reader)(network, path, role)

    def cost(self, size: str) -> Cost:
        """Cost of a step and of a validation; NaN where it was not measured."""
        return self.costs.get(size, UNKNOWN_COST)

    def input_digests(self, model: ModelConfig, features: FeaturesConfig) -> dict[str, str]:
        """SHA-256 of each file, other than its pretrained weights, that a run's result depends on."""
        return resolve_name(self.inputs)(model, features) if self.inputs else {}

    def preliminary_training(self, model: ModelConfig) -> PreliminaryTraining | None:
        """The training that these settings require first; None without any."""
        training: PreliminaryTraining | None = resolve_name(self.preliminary) if self.preliminary else None
        return training if training is not None and training.steps(model) else None
