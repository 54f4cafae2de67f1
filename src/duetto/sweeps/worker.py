"""`python -m duetto.sweeps.worker CONF KEY=VALUE ...`: one run of a sweep in its own process, as train.py does it.

It ends at once when its standard input is closed, as when the sweep is killed.
"""

import sys
from pathlib import Path

from duetto.errors import report_errors
from duetto.sweeps.pool import end_with_parent

LINE_WIDTH = 160  # of the log, characters


def main(arguments: list[str]) -> None:
    """Train, convert and score one run."""
    end_with_parent()
    with report_errors():
        from rich.console import Console  # imported here, so that an interruption already gives one sentence

        from duetto.runs.complete import complete_run
        from duetto.runs.compose import compose_runs

        (config,) = compose_runs(Path(arguments[0]), [arguments[1:]])
        complete_run(config, Console(width=LINE_WIDTH))


if __name__ == "__main__":
    main(sys.argv[1:])
