"""Runs a script and counts how often it opens each file, worker processes not counted.

`python -m tests.counting COUNTS.json script.py ARGUMENT...`: COUNTS.json gets {absolute path: times opened}.
"""

import json
import runpy
import sys
from collections import Counter
from pathlib import Path


def main() -> None:
    """Count from Python's own audit events, then write what was counted."""
    counts_file, script = Path(sys.argv[1]), sys.argv[2]
    opened: Counter[str] = Counter()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            opened[arguments[0]] += 1

    sys.argv = sys.argv[2:]
    sys.addaudithook(hook)
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        counts = {str(Path(name).absolute()): times for name, times in opened.items()}
        counts_file.write_text(json.dumps(counts), encoding="utf-8")


if __name__ == "__main__":
    main()
