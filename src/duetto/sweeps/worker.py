"""`python -m duetto.sweeps.worker CONF KEY=VALUE ...`: one run of a sweep, what train.py does, in a process of its own.

It ends at once when its standard input is closed, as happens when the sweep is killed.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from rich.console import Console

from duetto.errors import report_errors
from duetto.runs.complete import complete_run
from duetto.runs.compose import compose_runs

LINE_WIDTH = 160  # of the log


def end_with_parent() -> None:
    """End this process and its children once nobody holds the other end of standard input."""

    def watch() -> None:
        while os.read(0, 1024):  # past sys.stdin, whose lock a thread must not hold when the interpreter ends
            pass
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(arguments: list[str]) -> None:
    """Train, convert and score one run."""
    end_with_parent()
    with report_errors():
        (config,) = compose_runs(Path(arguments[0]), [arguments[1:]])
        complete_run(config, Console(width=LINE_WIDTH))


if __name__ == "__main__":
    main(sys.argv[1:])
