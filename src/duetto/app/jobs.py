"""What takes its time runs as a child process, with the command that a person would type.

A job has a record (its command) and its output, both below `.app/jobs`. It goes on when the app is closed; the app that
is opened next finds it. The child holds its output file locked, as `duetto.storage.leftovers` does with files that are
being written, so that a job is told apart from one that ended, whoever started it and whatever became of its number.
Where the file system has no locks, the number and the start of its process tell.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from duetto.errors import EXIT_USER_ERROR, ConfigError
from duetto.signals import CAN_GO_ON, STOPPED
from duetto.storage.files import make_folder, read_object, write_json
from duetto.storage.flock import hold
from duetto.storage.lock_owner import is_process, start_of

Phase = Literal["none", "running", "finished", "stopped", "failed", "ended"]  # ended: nobody saw how
STOPS = (*CAN_GO_ON, -signal.SIGINT, -signal.SIGTERM)
TAIL_BYTES = 4000  # of the output that is shown
ERROR = "error: "  # begins the line that `duetto.errors.print_error` writes
WIDTH = {"COLUMNS": "100", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class JobState:
    """What became of a job."""

    phase: Phase
    said: str = ""  # why it failed
    output: str = ""  # its last lines


class Jobs:
    """The jobs of one folder."""

    def __init__(self, folder: Path) -> None:
        """Read and write below `folder`."""
        self.folder = folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._guard = threading.RLock()  # looking at a lock takes it for a moment

    def names(self, kind: str) -> list[str]:
        """Names of the jobs of a kind, the newest first."""
        found = self.folder.glob(f"{kind}-*.json")
        newest = sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)
        return [path.stem.removeprefix(f"{kind}-") for path in newest]

    def start(self, kind: str, name: str, arguments: Sequence[str], **facts: Any) -> None:
        """Start `python -m duetto ARGUMENTS`; `facts` are kept in the record.

        Raises:
            ConfigError: If the job is running.
        """
        with self._guard:
            if self.is_running(kind, name):
                raise ConfigError(f"{name} is at work already. Wait for it, or stop it.")
            child = self._spawn(self._output(kind, name), arguments)
        self._children[f"{kind}-{name}"] = child
        begun = datetime.now(UTC).isoformat(timespec="seconds")
        process = {"pid": child.pid, "start": start_of(child.pid)}
        record = {"arguments": list(arguments), **process, "begun": begun, "stops": 0, **facts}
        write_json(self._record(kind, name), record)

    def stop(self, kind: str, name: str) -> None:
        """Send what Ctrl-C sends; a second time SIGTERM, on which the command ends at once."""
        if not self.is_running(kind, name):
            return
        record = self.record(kind, name)
        write_json(self._record(kind, name), {**record, "stops": record["stops"] + 1})
        with suppress(ProcessLookupError):
            os.killpg(record["pid"], signal.SIGTERM if record["stops"] else signal.SIGINT)

    def record(self, kind: str, name: str) -> dict[str, Any]:
        """The record of a job; empty if there is none."""
        path = self._record(kind, name)
        return read_object(path) if path.is_file() else {}

    def is_running(self, kind: str, name: str) -> bool:
        """Whether the child, or one of its own, is alive."""
        child, output = self._children.get(f"{kind}-{name}"), self._output(kind, name)
        if child is not None and child.poll() is None:
            return True
        if not output.is_file():
            return False
        with self._guard, output.open("rb") as file:
            is_free = hold(file.fileno())
        if is_free is None:
            record = self.record(kind, name)
            return bool(record) and is_process(record["pid"], record.get("start", ""))
        return not is_free

    def state(self, kind: str, name: str) -> JobState:
        """What became of a job."""
        if not self.record(kind, name):
            return JobState("none")
        output = self.tail(kind, name)
        if self.is_running(kind, name):
            return JobState("running", output=output)
        status = self._status(kind, name)
        errors = [line.removeprefix(ERROR) for line in output.splitlines() if line.startswith(ERROR)]
        if status in STOPS or (status is None and STOPPED.strip() in output):
            return JobState("stopped", output=output)
        if status == EXIT_USER_ERROR or errors:
            return JobState("failed", errors[-1] if errors else "", output)
        if status and self.record(kind, name)["stops"]:  # a stop during its imports ends it in a traceback
            return JobState("stopped", output=output)
        if status is None:
            return JobState("ended", output=output)
        last = output.strip().splitlines()[-1:] or [f"status {status}"]
        return JobState("finished", output=output) if status == 0 else JobState("failed", last[0], output)

    def tail(self, kind: str, name: str) -> str:
        """The last lines of a job's output."""
        with self._output(kind, name).open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - TAIL_BYTES, 0))
            return file.read().decode("utf-8", "replace")

    def running(self) -> list[str]:
        """Kind and name of each job at work."""
        found = (path.stem.split("-", 1) for path in sorted(self.folder.glob("*-*.json")))
        return [f"{kind} {name}" for kind, name in found if self.is_running(kind, name)]

    def _spawn(self, place: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        make_folder(self.folder)
        with place.open("wb") as output:
            hold(output.fileno())  # until the last process that writes into it has ended
            return subprocess.Popen(
                [sys.executable, "-m", "duetto", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **WIDTH},
                start_new_session=True,
                preexec_fn=_heed_interrupts if os.name == "posix" else None,
            )

    def _status(self, kind: str, name: str) -> int | None:
        """The exit status, entered in the record by the app that started the job; None if nobody saw it."""
        record = self.record(kind, name)
        child = self._children.pop(f"{kind}-{name}", None)
        if child is not None:
            record["status"] = child.wait()
            write_json(self._record(kind, name), record)
        status = record.get("status")
        return None if status is None else int(status)

    def _record(self, kind: str, name: str) -> Path:
        return self.folder / f"{kind}-{name}.json"

    def _output(self, kind: str, name: str) -> Path:
        return self.folder / f"{kind}-{name}.log"


def _heed_interrupts() -> None:
    """In the child: an app that was started in the background ignores Ctrl-C, and its children would with it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
