"""Ending a training early, after a whole step, with nothing lost.

Lightning answers SIGTERM by raising `SIGTERMException` once the step in progress and all its callbacks are done. That
exception is a `SystemExit` without a status: left alone, a terminated training ends in silence and as a success. And it
answers Ctrl-C by ending the process with status 1 before anybody can say a word. Here both end the training in the
first way, with a checkpoint of the last step; a second Ctrl-C ends it at once, in the middle of a step.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.exceptions import SIGTERMException

from duetto.training.checkpoint import save_checkpoint
from duetto.training.module import TrainingModule

EXIT_TERMINATED = 128 + signal.SIGTERM
FIRST_INTERRUPT = b"\nStopping after this step. Ctrl-C once more stops at once.\n"


class StopAfterStep(Callback):
    """Turns the first Ctrl-C into SIGTERM, and writes a checkpoint when a training ends by either.

    Args:
        checkpoints: Folder of the run's checkpoints.
        say: Told which step is kept.
    """

    def __init__(self, checkpoints: Path, say: Callable[[str], None]) -> None:
        self.checkpoints = checkpoints
        self.say = say
        self.is_listening = False
        self.is_interrupted = False

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Listen to Ctrl-C, unless somebody else does (or ignores it); only the main thread can."""
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)
            self.is_listening = True

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.is_interrupted = True
        self._stop_listening()
        os.write(2, FIRST_INTERRUPT)  # print is not safe in the middle of another print
        signal.raise_signal(signal.SIGTERM)

    def _stop_listening(self) -> None:
        if self.is_listening:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.is_listening = False

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Leave Ctrl-C as it was."""
        self._stop_listening()

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        """Keep the last step, unless the training broke off inside one."""
        self._stop_listening()
        if isinstance(exception, SIGTERMException):
            save_checkpoint(trainer, self.checkpoints)
            assert isinstance(module, TrainingModule)
            self.say(f"Step {module.step} is kept: the same command resumes there.")

    @contextmanager
    def told_apart(self) -> Iterator[None]:
        """Around `Trainer.fit`: Ctrl-C leaves as KeyboardInterrupt, SIGTERM as the status of a terminated process."""
        try:
            yield
        except SIGTERMException as stopped:
            if self.is_interrupted:
                raise KeyboardInterrupt from stopped
            raise SystemExit(EXIT_TERMINATED) from stopped
        except SystemExit as stopped:  # how Lightning answers a second Ctrl-C
            raise KeyboardInterrupt from stopped
