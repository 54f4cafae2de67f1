"""Converts the user's own songs at each validation, and passes them to the tracker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from duetto.training.module import TrainingModule


@dataclass(frozen=True)
class OwnSongActions:
    """The actions of the callback; tests replace them."""

    convert: Callable[[TrainingModule], Mapping[str, Path]]  # the file of each song
    forget_after: Callable[[int], None]
    track: Callable[[int, Mapping[str, Path]], None]


class ConvertOwnSongs(Callback):
    """Converts the songs every few steps and at the end; runs before the checkpoint of the step is saved."""

    def __init__(self, every_steps: int, actions: OwnSongActions) -> None:
        self.every_steps = every_steps
        self.actions = actions

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Remove conversions that are newer than the checkpoint."""
        assert isinstance(module, TrainingModule)
        self.actions.forget_after(module.step)

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Convert when due; every training step reseeds its random draws, so this does not affect training."""
        assert isinstance(module, TrainingModule)
        if module.step % self.every_steps and not trainer.should_stop:
            return
        module.eval()
        written = self.actions.convert(module)
        module.train()
        self.actions.track(module.step, written)
