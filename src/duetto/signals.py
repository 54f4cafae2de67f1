"""How a command ends that is told to end: one sentence, the status that a shell expects, and nobody left behind.

SIGTERM (`kill`, a cluster's notice) and SIGUSR1 (a cluster's notice ahead of time, such as Slurm's `--signal=USR1@120`)
leave as `Terminated` and Ctrl-C as KeyboardInterrupt, so that files and pools are closed on the way out. What is done
is kept then, a training to its last step: whoever finds one of the two statuses may give the same command again
(`CAN_GO_ON`). A second signal of either kind does not wait for that: the process ends at once. Whatever it was
writing then lies under a temporary name, which the next command removes (`duetto.storage.leftovers`).
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_TERMINATED = 128 + signal.SIGTERM  # after SIGUSR1 too: both mean that the machine is wanted back
CAN_GO_ON = frozenset({EXIT_INTERRUPTED, EXIT_TERMINATED})  # statuses of a command that was told to end, and did
# signals that mean the end; Windows has no SIGUSR1
NOTICES = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name))
STOPPED = "\nStopped. What is done is kept; the same command goes on from there.\n"
POOL_THREADS = "duetto-pool"  # begins the names of threads that are not waited for when a command is stopped


class Terminated(SystemExit):
    """SIGTERM or SIGUSR1 came; left alone, the process ends with the status that this stands for."""

    def __init__(self) -> None:
        super().__init__(EXIT_TERMINATED)


class Answer:
    """What a command does on SIGTERM, SIGUSR1 and Ctrl-C."""

    def __init__(self) -> None:
        self.is_told = False
        self.has_spoken = False
        self.is_held = False
        self.number: int | None = None  # of the signal that was answered
        self.waiting: int | None = None  # the signal that came while it was held

    def __call__(self, number: int, frame: FrameType | None = None) -> None:
        """The first signal is an exception in the main thread, the second the end of the process."""
        if self.is_held and self.waiting is None:
            self.waiting = number
            return
        if self.is_told or self.is_held:
            if not self.has_spoken:
                os.write(2, STOPPED.encode())  # print is not safe in the middle of another print
            os._exit(status_after(number))
        self.is_told, self.number = True, number
        raise Terminated if number in NOTICES else KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Answer a first signal when the block has ended."""
        self.is_held = True
        try:
            yield
        finally:
            self.is_held = False
        if self.waiting is not None:
            self(self.waiting)

    def speak(self) -> None:
        """Say once that the command was stopped."""
        if not self.has_spoken:
            self.has_spoken = True
            sys.stdout.flush()
            sys.stderr.write(STOPPED)
            sys.stderr.flush()


def status_after(number: int) -> int:
    """Exit status of a command that a signal has ended."""
    return EXIT_TERMINATED if number in NOTICES else EXIT_INTERRUPTED


def _answers() -> Iterator[Answer]:
    handlers = (signal.getsignal(number) for number in (*NOTICES, signal.SIGINT))
    return (handler for handler in handlers if isinstance(handler, Answer))


def is_stopping() -> bool:
    """Whether the command has been told to end."""
    return any(answer.is_told for answer in _answers())


@contextmanager
def signals_held() -> Iterator[None]:
    """Around what must not be left half done, and is short: a signal that comes meanwhile is answered after it."""
    answer = next(_answers(), None)
    with nullcontext() if answer is None else answer.held():
        yield


@contextmanager
def answer_signals() -> Iterator[None]:
    """Around a command: SIGTERM, SIGUSR1 and Ctrl-C end it with one sentence and status 143 or 130.

    A signal that is ignored (as under nohup) or that somebody else answers stays so. Only the main thread can listen.
    """
    if isinstance(signal.getsignal(signal.SIGTERM), Answer):  # a command within a command
        yield
        return
    answer = Answer()
    before = _listen(answer)
    try:
        yield
    except (KeyboardInterrupt, Terminated) as stopped:
        answer.is_told = True
        answer.speak()
        _leave(EXIT_TERMINATED if isinstance(stopped, Terminated) else EXIT_INTERRUPTED)
    except RuntimeError as error:  # what a lock of threading makes of a signal that comes while it is being taken
        if answer.number is None or "lock" not in str(error):
            raise
        answer.speak()
        _leave(status_after(answer.number))
    finally:
        if not answer.is_told:  # else a second signal still has to find somebody
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(answer: Answer) -> dict[signal.Signals, Any]:
    """Take over the signals that nobody answers; what they were before."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    unanswered: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler}
    unanswered |= dict.fromkeys(NOTICES, signal.SIG_DFL)
    return {
        number: signal.signal(number, answer)
        for number, usual in unanswered.items()
        if signal.getsignal(number) is usual
    }


def _leave(status: int) -> None:
    """End the process; the interpreter would wait for what threads of pools have begun."""
    if any(thread.name.startswith(POOL_THREADS) for thread in threading.enumerate()):
        os._exit(status)
    sys.exit(status)
