"""Stops a training early, after a complete step, with nothing lost.

Lightning answers SIGTERM by raising `SIGTERMException` once the step in progress and all its callbacks are done. That
exception is a `SystemExit` without a status: by default a terminated training ends silently, as if it had succeeded.
Lightning answers Ctrl-C by ending the process with status 1, before any message can be printed. Here both signals end
the training after the current step, with a checkpoint of it; a second Ctrl-C ends it at once, in the middle of a step.
A second SIGTERM changes nothing, because some senders (`timeout`, schedulers) send two and mean one.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.exceptions import SIGTERMException

from duetto.signals import EXIT_TERMINATED, Answer, Terminated
from duetto.training.checkpoint import save_checkpoint
from duetto.training.module import TrainingModule

FIRST_INTERRUPT = b"\nStopping after this step. Ctrl-C once more stops at once.\n"


class StopAfterStep(Callback):
    """Turns the first Ctrl-C into SIGTERM, and writes a checkpoint when a training ends by either.

    Args:
        checkpoints: Folder of the run's checkpoints.
        say: Called with a sentence on which step was saved.
    """

    def __init__(self, checkpoints: Path, say: Callable[[str], None]) -> None:
        self.checkpoints = checkpoints
        self.say = say
        self.usual: Any = None  # the previous handler of Ctrl-C, while this one is installed
        self.is_interrupted = False
        self.ends_after_step = False  # during training, and until the last step is saved

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Handle Ctrl-C, unless it is already handled or ignored; only the main thread can."""
        self.ends_after_step = True
        is_main, usual = threading.current_thread() is threading.main_thread(), signal.getsignal(signal.SIGINT)
        if is_main and (usual is signal.default_int_handler or isinstance(usual, Answer)):
            signal.signal(signal.SIGINT, self._interrupt)
            self.usual = usual

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.is_interrupted = True
        self._stop_listening()
        os.write(2, FIRST_INTERRUPT)  # print is not safe in the middle of another print
        signal.raise_signal(signal.SIGTERM)

    def _stop_listening(self) -> None:
        if self.usual is not None:
            signal.signal(signal.SIGINT, self.usual)
            self.usual = None

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Restore the previous handler of Ctrl-C."""
        self._stop_listening()
        self.ends_after_step = False

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        """Save a checkpoint of the last step, unless the training was interrupted inside one."""
        self._stop_listening()
        if isinstance(exception, SIGTERMException):
            save_checkpoint(trainer, self.checkpoints)
            assert isinstance(module, TrainingModule)
            self.say(f"Step {module.step} is kept: the same command resumes there.")
        self.ends_after_step = False

    @contextmanager
    def told_apart(self) -> Iterator[None]:
        """Around `Trainer.fit`: Ctrl-C raises KeyboardInterrupt, SIGTERM exits like a terminated process."""
        with self._sigterm_is_lightnings():
            try:
                yield
            except Terminated:  # before the first step, or after the last
                raise
            except SIGTERMException as stopped:
                if self.is_interrupted:
                    raise KeyboardInterrupt from stopped
                raise SystemExit(EXIT_TERMINATED) from stopped
            except SystemExit as stopped:  # how Lightning answers a second Ctrl-C
                raise KeyboardInterrupt from stopped

    @contextmanager
    def _sigterm_is_lightnings(self) -> Iterator[None]:
        """Defer the command's own handler of SIGTERM, which Lightning calls after its own, while steps are taken."""
        usual = signal.getsignal(signal.SIGTERM)
        if not isinstance(usual, Answer) or threading.current_thread() is not threading.main_thread():
            yield
            return
        signal.signal(signal.SIGTERM, lambda number, frame: None if self.ends_after_step else usual(number, frame))
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, usual)
