"""`python -m duetto.sweeps.worker [--parent-pipe] [--only-data] CONF KEY=VALUE ...`: a run of a sweep as a process.

It does what train.py does; with `--only-data`, no more than to make what the run learns from. With `--parent-pipe` it
ends at once when its standard input is closed, as when the sweep is killed. Without it, it may be called from anywhere,
such as a batch script.
"""

import sys
from pathlib import Path

from duetto.errors import report_errors
from duetto.sweeps.executors.parent import ONLY_DATA, PARENT_PIPE, end_with_parent

LINE_WIDTH = 160  # of the log, characters


def main(arguments: list[str]) -> None:
    """Train, convert and score one run."""
    if PARENT_PIPE in arguments[:1]:
        arguments = arguments[1:]
        end_with_parent()
    only_data = ONLY_DATA in arguments[:1]
    with report_errors():
        from rich.console import Console  # imported here, so that an interruption already gives one sentence

        from duetto.runs.complete import complete_run
        from duetto.runs.compose import compose_runs
        from duetto.runs.prepare import prepare_data

        conf, *settings = arguments[only_data:]
        (config,) = compose_runs(Path(conf), [settings])
        do = prepare_data if only_data else complete_run
        do(config, Console(width=LINE_WIDTH))


if __name__ == "__main__":
    main(sys.argv[1:])
