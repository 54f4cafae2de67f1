"""Runs a script and counts how often it reads each file, worker processes not counted.

`python -m tests.counting COUNTS.json script.py ARGUMENT...`: COUNTS.json gets {absolute path: times read}. Counted are
Python's own opening of files, and decoding by libsndfile, which Python does not see.
"""

import json
import os
import runpy
import sys
from collections import Counter
from pathlib import Path

import soundfile


def main() -> None:
    """Count, then write what was counted."""
    counts_file, script = Path(sys.argv[1]), sys.argv[2]
    opened: Counter[str] = Counter()
    begin = soundfile.SoundFile.__init__

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            opened[arguments[0]] += 1

    def counted(file: soundfile.SoundFile, path: object, mode: str = "r", *arguments: object, **more: object) -> None:
        if mode == "r" and isinstance(path, str | bytes):  # else it was opened, and counted, by Python
            opened[os.fsdecode(path)] += 1
        begin(file, path, mode, *arguments, **more)

    sys.argv = sys.argv[2:]
    sys.addaudithook(hook)
    soundfile.SoundFile.__init__ = counted
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        counts = {str(Path(name).absolute()): times for name, times in opened.items()}
        counts_file.write_text(json.dumps(counts), encoding="utf-8")


if __name__ == "__main__":
    main()
