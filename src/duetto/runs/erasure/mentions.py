"""Files that mention what is erased: states and texts of sweeps, comparisons, pages of other places.

A digest, a run's signature or a run's name is looked for, never a person's name, which may be a word like any other.
Files of another run or corpus are left alone.
"""

import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from duetto.corpus.manifest import MANIFEST_NAME
from duetto.report.comparison.find import SWEEP_STATE
from duetto.storage.run_folder import RUN_FILE

TEXTS = frozenset({".json", ".txt", ".html", ".csv", ".yaml", ".yml", ".log", ".md"})
LARGEST = 200_000_000  # bytes; a comparison embeds sound
WORD = re.compile(rb"[A-Za-z0-9_-]{8,}")


def files_that_mention(places: Iterable[Path], names: Collection[str], erased: Iterable[Path]) -> list[Path]:
    """Text files below the places that mention one of the names; of a sweep, its whole folder.

    Args:
        places: Folders of runs and data.
        names: Digests, signatures and names of runs.
        erased: Files and folders that are erased anyway, and not searched.
    """
    wanted = {name.encode() for name in names if len(name) >= 8}
    skipped = {str(path) for path in erased}
    found = (_whole(path) for place in places for path in _texts(place, skipped) if _mentions(path, wanted))
    return list(dict.fromkeys(found))


def _texts(place: Path, skipped: Collection[str]) -> Iterator[Path]:
    for folder, inner, names in os.walk(place):
        if RUN_FILE in names or MANIFEST_NAME in names:
            inner.clear()
            continue
        inner[:] = sorted(name for name in inner if str(Path(folder, name)) not in skipped)
        texts = (Path(folder, name) for name in sorted(names) if Path(name).suffix in TEXTS)
        yield from (path for path in texts if str(path) not in skipped)


def _whole(path: Path) -> Path:
    """The folder of the sweep that a file lies in, else the file."""
    return next((folder for folder in list(path.parents)[:2] if (folder / SWEEP_STATE).is_file()), path)


def _mentions(path: Path, wanted: Collection[bytes]) -> bool:
    if path.is_symlink() or path.stat().st_size > LARGEST:
        return False
    return any(word in wanted or word.rpartition(b"-")[2] in wanted for word in WORD.findall(path.read_bytes()))
