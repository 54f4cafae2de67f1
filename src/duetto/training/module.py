"""What every training module shares: the step count, random draws, precision, and the check for NaN.

Every random draw of a step is seeded by (seed, step), so a resumed run neither repeats nor skips any. With several
processes, each takes its examples' part of the draws (`training.draws`), and before an optimiser steps the gradients
are averaged over the processes (`training.processes`): all of them take the same step.
"""

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from duetto.data.batch import Batch
from duetto.data.dataset import CropPlan
from duetto.errors import ConfigError, DivergedError
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import ModelConfig, OptimizerConfig
from duetto.training.draws import SharedDraws
from duetto.training.precision import SMALLEST_SCALE, Precision
from duetto.training.processes import ONE, Processes

SEED_STRIDE = 1_000_003  # keeps the step seeds of different run seeds apart


@dataclass(frozen=True)
class Start:
    """Where the weights came from before the first step."""

    from_base: bool = False
    has_discriminator: bool = False  # the pretrained weights include a discriminator


class TrainingModule(pl.LightningModule):
    """Base class of the training modules: manual optimisation, one call of `train_on` per step.

    A subclass builds its networks after `super().__init__` (the seed is set there), names its losses and
    implements `train_on`, `exported_network` and `configure_optimizers`.
    """

    loss_names: tuple[str, ...] = ()  # columns of losses.csv
    frame_losses: tuple[str, ...] = ()  # those that are means over the real frames of a batch, not over its examples
    network_names: tuple[str, ...] = ("generator", "discriminator")  # what the optimisers update, in their order

    def __init__(self, model: ModelConfig, features: FeaturesConfig, seed: int) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.model_config = model
        self.features = features
        self.seed = seed
        self.start = Start()
        self.step = 0  # finished steps
        self.seconds = 0.0  # training time used, see callbacks.Clock
        self.log_interval = 10
        self.losses: dict[str, float] | None = None  # of the last logged step, unclamped; NaN = not in use
        self.gradient_norms: dict[str, Tensor] = {}  # of the last step, before clipping, by network
        self.step_precision = Precision()
        self.processes: Processes = ONE
        self.average: AveragedModel | None = None  # of the exported network's weights over the steps
        torch.manual_seed(seed)

    def train_on(self, batch: Batch) -> dict[str, Tensor]:
        """One step on a batch; returns the losses by name, each as `shared` gives it, otherwise unweighted."""
        raise NotImplementedError

    def shared(self, name: str, loss: Tensor, batch: Batch) -> Tensor:
        """A loss such that its mean over the processes is that of the whole batch; with one process, the loss."""
        share = batch.share
        return loss * (share.frame_weight if name in self.frame_losses else share.weight)

    def exported_network(self) -> nn.Module:
        """The network used in conversion, with the optimiser's current weights."""
        raise NotImplementedError

    def acquired(self, network: nn.Module) -> nn.Module:
        """The part of an exported network that pretrained weights cover."""
        return network

    def choose_trained_parts(self) -> None:
        """Keep every part of the network as it is but those that `model.trained_parts` names, if it names any.

        Raises:
            ConfigError: If the network has no part of such a name.
        """
        names = self.model_config.trained_parts
        network = self.acquired(self.exported_network())
        for name in names:
            if name not in dict(network.named_modules()) and name not in dict(network.named_parameters()):
                parts = ", ".join(part for part, _ in network.named_children())
                raise ConfigError(f"model.trained_parts: the network has no {name}. It has {parts} and their parts.")
        for name, parameter in network.named_parameters():
            is_named = any(name == part or name.startswith(f"{part}.") for part in names)
            parameter.requires_grad_(parameter.requires_grad and (is_named or not names))

    def start_average(self) -> None:
        """Start a moving average of the exported network's weights, if `model.ema_decay` asks for one."""
        decay = self.model_config.ema_decay
        if decay:
            average = AveragedModel(self.exported_network(), multi_avg_fn=get_ema_multi_avg_fn(decay))
            self.average = average.requires_grad_(False)

    def voice_network(self) -> nn.Module:
        """The network that becomes the voice: with averaged weights, if there is an average."""
        return self.exported_network() if self.average is None else self.average.module

    def training_step(self, batch: Batch, batch_index: int) -> None:
        """One step.

        Raises:
            DivergedError: If a loss is not finite; names step and clips, and leaves the last checkpoint intact.
        """
        torch.manual_seed(self.seed * SEED_STRIDE + self.step)
        self._set_learning_rate()
        draws = SharedDraws(batch.share) if self.processes.world > 1 else nullcontext()
        with self.step_precision.autocast(), draws:
            parts = self.train_on(batch)
        if self.average is not None:
            self.average.update_parameters(self.exported_network())
        if self.step % self.log_interval == 0:
            self.losses = self._logged(parts)
        self.step += 1

    def _logged(self, parts: dict[str, Tensor]) -> dict[str, float]:
        """Columns of losses.csv; NaN = not in use."""
        reduced = self.processes.mean(list(parts.values()))
        parts = dict(zip(parts, reduced, strict=True))
        columns = {f"loss_{name}": parts.get(name) for name in self.loss_names}
        networks = self.network_names[: len(self.optimiser_list())]
        columns |= {f"gradient_norm_{name}": self.gradient_norms.get(name) for name in networks}
        return {name: math.nan if value is None else float(value) for name, value in columns.items()}

    def learn_statistics(self, plan: CropPlan) -> str | None:
        """Compute what the network needs from the whole training set; called once, before the first step.

        An architecture in closed form learns all of it here.

        Returns:
            A message for the user, if there is anything to report.
        """
        return None

    def validate_on(self, batch: Batch) -> dict[str, float]:
        """Losses on held-out frames, by name, with the same random draws each time; none by default."""
        return {}

    def optimise(self, optimizer: Any, loss: Tensor, batch: Batch, max_gradient_norm: float | None = None) -> None:
        """Backpropagate a loss, clip the gradients to a norm if one is given, and step its optimiser.

        With several processes, the loss is that of this one's examples, and the gradients are averaged over all.

        Raises:
            DivergedError: If the loss or a gradient is not finite. In float16 gradients overflow now and then; the
                scaler skips such steps.
        """
        number = [id(each) for each in self.optimiser_list()].index(id(optimizer))
        name, scaler = self.network_names[number], self.step_precision.scaler(number)
        optimizer.zero_grad(set_to_none=True)
        with self.step_precision.float32():
            self.manual_backward(scaler.scale(loss))
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        self._require_finite(self.processes.average_gradients(loss, parameters), "loss", batch)
        scaler.unscale_(optimizer.optimizer)
        parameters = [each for each in parameters if each.grad is not None]
        norm = get_total_norm([each.grad for each in parameters])
        if not scaler.is_enabled() or scaler.get_scale() < SMALLEST_SCALE:
            self._require_finite(norm, f"gradient of the {name}", batch)
        self.gradient_norms[name] = norm.detach()
        if max_gradient_norm is not None:
            clip_grads_with_norm_(parameters, max_gradient_norm, norm)
        if scaler.is_enabled():
            scaler.step(optimizer.optimizer)
            scaler.update()
        else:
            optimizer.step()

    def _require_finite(self, value: Tensor, what: str, batch: Batch) -> None:
        if not torch.isfinite(value):
            raise DivergedError(
                f"The {what} became {float(value)} at step {self.step}, on clips {', '.join(batch.clip_ids)}. "
                "Nothing after the last checkpoint was kept. Listen to these clips; then lower the learning rate."
            )

    def optimiser_list(self) -> list[Any]:
        """The optimisers as a list, even if there is only one."""
        optimizers = self.optimizers()
        return list(optimizers) if isinstance(optimizers, list) else [optimizers]

    def _set_learning_rate(self) -> None:
        config = self.model_config.optimizer
        first = (self.start.from_base and config.learning_rate_from_base) or config.learning_rate
        rate = first * config.decay_per_1000_steps ** (self.step / 1000)
        for optimizer in self.optimiser_list():
            for group in optimizer.param_groups:
                group["lr"] = rate

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the progress of the run."""
        checkpoint["progress"] = {"step": self.step, "seconds": self.seconds}
        checkpoint["scalers"] = self.step_precision.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the progress of the run."""
        self.step = int(checkpoint["progress"]["step"])
        self.seconds = float(checkpoint["progress"]["seconds"])
        self.step_precision.load_state_dict(checkpoint.get("scalers", []))


def make_optimizer(network: nn.Module, config: OptimizerConfig) -> torch.optim.AdamW:
    """AdamW with the configured numbers."""
    return torch.optim.AdamW(
        network.parameters(),
        lr=config.learning_rate,
        betas=(config.beta_1, config.beta_2),
        eps=config.epsilon,
        weight_decay=config.weight_decay,
        fused=True,  # one pass over the weights instead of ten
    )
