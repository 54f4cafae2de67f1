"""What training has in common for every architecture: the step count, its random draws, losses, the NaN guard.

Every draw of a step comes from (seed, step), so a resumed run repeats nothing and skips nothing.
"""

import math
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from duetto.config import FeaturesConfig
from duetto.data.batch import Batch
from duetto.data.dataset import CropPlan
from duetto.errors import DuettoError
from duetto.model_config import ModelConfig, OptimizerConfig

SEED_STRIDE = 1_000_003  # keeps the step seeds of different run seeds apart


class TrainingModule(pl.LightningModule):
    """Base of the modules: optimises by hand, one call of `train_on` a step.

    A subclass builds its networks after `super().__init__` (the seed is set there), names its losses and
    implements `train_on`, `exported_network` and `configure_optimizers`.
    """

    loss_names: tuple[str, ...] = ()  # columns of losses.csv

    def __init__(self, model: ModelConfig, features: FeaturesConfig, seed: int) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.model_config = model
        self.features = features
        self.seed = seed
        self.step = 0  # finished steps
        self.seconds = 0.0  # training time used, see callbacks.Clock
        self.log_interval = 10
        self.losses: dict[str, float] | None = None  # of the last logged step, true and unclamped; NaN = not in use
        torch.manual_seed(seed)

    def train_on(self, batch: Batch) -> dict[str, Tensor]:
        """One step on a batch; gives the losses by name, before their weights."""
        raise NotImplementedError

    def exported_network(self) -> nn.Module:
        """The network that sings."""
        raise NotImplementedError

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Move our frozen batch; Lightning cannot copy one."""
        return batch.to(device)

    def training_step(self, batch: Batch, batch_index: int) -> None:
        """One step.

        Raises:
            DuettoError: When a loss is not finite; names step and clips, and leaves the last checkpoint intact.
        """
        torch.manual_seed(self.seed * SEED_STRIDE + self.step)
        self._set_learning_rate()
        parts = self.train_on(batch)
        if self.step % self.log_interval == 0:
            values = {name: float(parts[name]) if name in parts else math.nan for name in self.loss_names}
            self.losses = {f"loss_{name}": value for name, value in values.items()}
        self.step += 1

    def learn_statistics(self, plan: CropPlan) -> None:
        """Take what the network needs to know of the whole training set; called once, before the first step."""

    def validate_on(self, batch: Batch) -> dict[str, float]:
        """Losses on held-out frames, by name, with the same random draws every time; none by default."""
        return {}

    def optimise(self, optimizer: Any, loss: Tensor, batch: Batch, max_gradient_norm: float | None = None) -> None:
        """Gradients of a loss, clipped to a norm if one is given, and a step of its optimiser.

        Raises:
            DuettoError: When the loss is not finite.
        """
        if not torch.isfinite(loss):
            raise DuettoError(
                f"The loss became {float(loss)} at step {self.step}, on clips {', '.join(batch.clip_ids)}. "
                "Nothing after the last checkpoint was kept. Listen to these clips; then lower the learning rate."
            )
        optimizer.zero_grad(set_to_none=True)
        self.manual_backward(loss)
        if max_gradient_norm is not None:
            self.clip_gradients(optimizer, max_gradient_norm, "norm")
        optimizer.step()

    def optimiser_list(self) -> list[Any]:
        """The optimisers, also when there is one."""
        optimizers = self.optimizers()
        return list(optimizers) if isinstance(optimizers, list) else [optimizers]

    def _set_learning_rate(self) -> None:
        config = self.model_config.optimizer
        rate = config.learning_rate * config.decay_per_1000_steps ** (self.step / 1000)
        for optimizer in self.optimiser_list():
            for group in optimizer.param_groups:
                group["lr"] = rate

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store how far the run is."""
        checkpoint["progress"] = {"step": self.step, "seconds": self.seconds}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up where the checkpoint was written."""
        self.step = int(checkpoint["progress"]["step"])
        self.seconds = float(checkpoint["progress"]["seconds"])


def make_optimizer(network: nn.Module, config: OptimizerConfig) -> torch.optim.AdamW:
    """AdamW with the configured numbers."""
    return torch.optim.AdamW(
        network.parameters(),
        lr=config.learning_rate,
        betas=(config.beta_1, config.beta_2),
        eps=config.epsilon,
        weight_decay=config.weight_decay,
    )
