"""`python -m duetto.sweeps.worker [--parent-pipe] CONF KEY=VALUE ...`: one run of a sweep in its own process.

It does what train.py does. With `--parent-pipe` it ends at once when its standard input is closed, as when the sweep is
killed. Without it, it may be called from anywhere, such as a batch script.
"""

import sys
from pathlib import Path

from duetto.errors import report_errors
from duetto.sweeps.executors.parent import PARENT_PIPE, end_with_parent

LINE_WIDTH = 160  # of the log, characters


def main(arguments: list[str]) -> None:
    """Train, convert and score one run."""
    if PARENT_PIPE in arguments[:1]:
        arguments = arguments[1:]
        end_with_parent()
    with report_errors():
        from rich.console import Console  # imported here, so that an interruption already gives one sentence

        from duetto.runs.complete import complete_run
        from duetto.runs.compose import compose_runs

        (config,) = compose_runs(Path(arguments[0]), [arguments[1:]])
        complete_run(config, Console(width=LINE_WIDTH))


if __name__ == "__main__":
    main(sys.argv[1:])
