"""A process that ends with the one that started it: each has a pipe as its standard input.

The system closes the pipe when the parent is killed, so that no process is left that still locks a run's folder.
"""

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress

WORKER = "duetto.sweeps.worker"  # module of a task's process
ONLY_DATA = "--only-data"  # tells a worker to make what a run learns from, and no more
PARENT_PIPE = "--parent-pipe"  # tells a worker that its standard input is such a pipe
GRACE_S = 5.0  # between asking a process to end and killing it


def end_with_parent() -> None:
    """End this process and its children once the other end of standard input is closed."""

    def watch() -> None:
        while os.read(0, 1024):  # not sys.stdin, whose lock a thread must not hold when the interpreter ends
            pass
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def close_pipe(process: "subprocess.Popen[bytes]") -> None:
    """Close our end of a process's pipe."""
    if process.stdin is not None:
        with suppress(OSError):  # the process has ended already
            process.stdin.close()


def end(process: "subprocess.Popen[bytes]", grace_s: float) -> None:
    """Ask a process to end, which lets it keep what it has done, and kill it if that takes too long.

    May be called by a signal's handler in the middle of `process.wait()`, which holds the lock of every other wait.
    """
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while is_alive(process.pid):
            if time.monotonic() > deadline:
                os.kill(process.pid, signal.SIGKILL)
            time.sleep(0.05)
    close_pipe(process)


def is_alive(child: int) -> bool:
    """Whether a child process has not ended; its status stays for whoever waits for it."""
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None
    except ChildProcessError:
        return False


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Close a process's pipe and wait for its end; kill it if that takes too long."""
    close_pipe(process)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
