"""Tasks that stand for runs: a line of Python each, and what to wait for."""

import os
import sys
import time
from pathlib import Path

from duetto.sweeps.executors.protocol import Task

FINE = "print('fine')"
FAILS = "import sys; print('error: There is no such song.'); sys.exit(2)"
WAITS = (  # in place of a worker: it writes its number, ends with its parent, and answers SIGTERM
    "import sys, os, time; from duetto.errors import report_errors; "
    "from duetto.sweeps.executors.parent import end_with_parent; end_with_parent(); "
    "open({mark!r}, 'w').write(str(os.getpid()))\nwith report_errors(): time.sleep(120)"
)


def task(folder, name, code):
    return Task(str(folder / "logs" / name), (sys.executable, "-c", code), folder / "output" / f"{name}.txt")


def waiting_task(folder, name="waits"):
    return task(folder, name, WAITS.format(mark=str(folder / f"{name}.pid")))


def pid_of(folder, name="waits", seconds=90.0):
    mark = folder / f"{name}.pid"
    wait_until(lambda: mark.is_file() and mark.read_text() != "", f"{mark} did not come", seconds)
    return int(mark.read_text())


def wait_until(holds, what, seconds=90.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def is_gone(pid, seconds=20.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z":  # dead, not yet fetched
            return True
        time.sleep(0.02)
    return False


def ends_of(executor, tasks, on_poll=lambda: None):
    return {Path(end.task.name).name: end for end in executor.run(tasks, lambda each: None, on_poll)}
