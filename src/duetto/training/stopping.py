"""Stops a training early, after a complete step of all its processes, with nothing lost.

SIGTERM (`kill`, a cluster that takes the machine back), SIGUSR1 (what Slurm is usually asked to send some minutes
before the time is up: `--signal=USR1@120`) and Ctrl-C end the training after the current step, with a checkpoint of it
and a sentence. A signal that one process gets counts for all: they agree on it with
the clock (`training.callbacks.Clock`). The exit status is that of
`duetto.signals`: 143 after SIGTERM and SIGUSR1, 130 after Ctrl-C. A second Ctrl-C ends the training at once, in the
middle of a step. Further SIGTERM and SIGUSR1 change nothing, because some senders (`timeout`, schedulers) send several
and mean one.

Lightning would answer SIGTERM by an exit without a status, Ctrl-C by status 1, neither with a word, and under Slurm
SIGUSR1 by a checkpoint in the working folder that the next run there takes for its own. Its handlers are set when a
training begins; ours are set after them, and its own are restored at the end.
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

from duetto.signals import NOTICES, Answer, Terminated
from duetto.training.checkpoint import save_checkpoint
from duetto.training.module import TrainingModule

FIRST_INTERRUPT = b"\nStopping after this step. Ctrl-C once more stops at once.\n"


class Interrupted(BaseException):
    """Ctrl-C, after the step: what Lightning does not catch in place of KeyboardInterrupt."""


class StopAfterStep(Callback):
    """Ends a training that a signal asks to end; the last of its callbacks.

    Args:
        checkpoints: Folder of the run's checkpoints.
        say: Called with a sentence on which step was saved.
    """

    def __init__(self, checkpoints: Path, say: Callable[[str], None]) -> None:
        self.checkpoints = checkpoints
        self.say = say
        self.told = 0  # the signal that came, if one did
        self.agreed = 0  # the signal that came to any of the processes
        self.usual: dict[int, Any] = {}  # the previous handlers, while ours are installed
        self.ignored: set[int] = set()  # signals that this process was started to ignore, as by nohup

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Handle the signals, unless they are ignored or somebody else handles Ctrl-C; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in {*NOTICES} - self.ignored:
            self.usual[number] = signal.signal(number, self._notice)
        before = signal.getsignal(signal.SIGINT)
        if before is signal.default_int_handler or isinstance(before, Answer):
            self.usual[signal.SIGINT] = signal.signal(signal.SIGINT, self._interrupt)

    def _notice(self, number: int, frame: FrameType | None) -> None:
        self.told = self.told or number

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.told = self.told or number
        self._stop_listening(number)
        os.write(2, FIRST_INTERRUPT)  # print is not safe in the middle of another print

    def _stop_listening(self, *numbers: int) -> None:
        for number in numbers or tuple(self.usual):
            if number in self.usual:
                signal.signal(number, self.usual.pop(number))

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save the step and leave, if any process was told to.

        Raises:
            Terminated: After SIGTERM or SIGUSR1.
            Interrupted: After Ctrl-C.
        """
        assert isinstance(module, TrainingModule)
        number = self.told if module.processes.world == 1 else self.agreed
        if not number:
            return
        self._stop_listening()
        if module.processes.is_first:
            save_checkpoint(trainer, self.checkpoints)
            self.say(f"Step {module.step} is kept: the same command resumes there.")
        raise Interrupted if number == signal.SIGINT else Terminated

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Restore the previous handlers."""
        self._stop_listening()

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        """Restore the previous handlers."""
        self._stop_listening()

    @contextmanager
    def told_apart(self) -> Iterator[None]:
        """Around `Trainer.fit`: Ctrl-C raises KeyboardInterrupt, the other signals `Terminated`."""
        self.ignored = {number for number in NOTICES if signal.getsignal(number) is signal.SIG_IGN}
        try:
            yield
        except Terminated:
            raise
        except SIGTERMException as stopped:  # it came before the first step
            raise Terminated from stopped
        except (Interrupted, SystemExit) as stopped:  # the latter is how Lightning answers a second Ctrl-C
            raise KeyboardInterrupt from stopped
