"""Many runs: `python sweep.py sweep=smoke`, or any settings with several values; `--help` says more."""

import sys
from pathlib import Path

from duetto.errors import report_errors

if __name__ == "__main__":
    with report_errors():
        from duetto.sweeps.command import main  # here, so that an interruption is one sentence already

        sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent / "conf"))
