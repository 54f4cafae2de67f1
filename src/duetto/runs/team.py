"""The processes of a training, as the first of them leads them.

The first prepares the data, decides, writes, tests and reports; the others (`duetto.runs.follow`) only take their share
of the steps. Started by our own command, they are started when there are steps to take, and end after them; started by
torchrun or srun, they wait from the beginning, and end with the first.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import torch.distributed as dist

from duetto.errors import ConfigError, ProcessLostError
from duetto.runs.follow import status_of
from duetto.runs.work import Work
from duetto.training.hardware import Hardware
from duetto.training.meeting import Meeting
from duetto.training.place import ALONE, Place
from duetto.training.processes import ONE, Processes
from duetto.workers import ending_with_parent

GRACE_S = 30.0  # for the others to end by themselves
SHORT_GRACE_S = 5.0  # for them to hear of an error, of which one of them may have died
FOLLOW = (sys.executable, "-m", "duetto.runs.follow")


class Team:
    """The processes of one command; a context manager, after which no other process is left."""

    def __init__(self, place: Place = ALONE) -> None:
        self.place = place
        self.meeting: Meeting | None = None
        self.started: list[subprocess.Popen[bytes]] = []
        self.num_told = 0  # messages
        self.num_killed = 0  # of the processes that did not end when they were told
        if place.world > 1 and place.started_by != "duetto":
            self.meeting = Meeting(place)

    def share(self, work: Work, hardware: Hardware) -> Processes:
        """Have all processes begin a training.

        Raises:
            ConfigError: If the settings ask for other than these processes.
            ProcessLostError: If one of them ends before it can begin.
        """
        asked = work.config.trainer.devices * work.config.trainer.nodes
        if asked != self.place.world:
            raise ConfigError(f"trainer.devices asks for {asked} processes; this is a place for {self.place.world}.")
        if self.place.world == 1:
            return ONE
        if self.meeting is None:
            self.meeting = Meeting(self.place)
            self._start(self.meeting.port)
        self._tell({"work": work.as_json()})
        return self.meeting.connect(hardware, self._require_all)

    def _start(self, port: int) -> None:
        quiet = {"TORCH_CPP_LOG_LEVEL": "ERROR", **os.environ}
        for rank in range(1, self.place.world):
            command = [*FOLLOW, str(port), str(rank), str(self.place.world)]
            self.started.append(
                subprocess.Popen(
                    command,
                    env=quiet,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is for the first: it tells the others
                    preexec_fn=ending_with_parent(),
                )
            )

    def _tell(self, message: dict[str, Any]) -> None:
        assert self.meeting is not None
        self.meeting.tell(self.num_told, message)
        self.num_told += 1

    def _require_all(self) -> None:
        for rank, process in enumerate(self.started, 1):
            if process.poll() is not None:
                raise ProcessLostError(lost(rank, self.place.world, process.returncode))

    def __enter__(self) -> Self:
        return self

    def dismiss(self) -> None:
        """End the processes that we started: what follows the training is the first's."""
        if self.started:
            self.end({})

    def end(self, result: dict[str, Any], status: int = 0) -> None:
        """Tell the others what came of it, and wait for those that we started."""
        meeting, self.meeting = self.meeting, None
        if meeting is None:
            return
        with suppress(RuntimeError):  # a store of torchrun that is gone: so are they
            meeting.tell(self.num_told, {"result": result, "status": status})
            if dist.is_initialized():  # ends the wait of those that wait for gradients of a step that failed here
                dist.destroy_process_group()
            meeting.await_leaving(GRACE_S if status == 0 else SHORT_GRACE_S)
        deadline = time.monotonic() + GRACE_S
        for process in self.started:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.num_killed += 1
                process.kill()
                process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.end({})
            return
        self.end({}, status_of(error))
        killed = [(rank, process.returncode) for rank, process in enumerate(self.started, 1) if process.returncode < 0]
        if isinstance(error, ProcessLostError) and killed and not self.num_killed:
            raise ProcessLostError(lost(killed[0][0], self.place.world, killed[0][1])) from error


def lost(rank: int, world: int, code: int) -> str:
    """Which process has ended, and what to do.

    Args:
        rank: Of the process.
        world: Number of processes.
        code: How it ended, as `subprocess` gives it.
    """
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
    return (
        f"Process {rank + 1} of the {world} that train together {how}, and so the others have stopped. The same "
        "command resumes from the last checkpoint."
    )
