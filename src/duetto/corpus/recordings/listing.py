"""Lists a user's folder: recordings, their singers, and skipped files with the reason.

If recordings are directly in the folder, all belong to one singer. Otherwise each subfolder is a singer of that name.
Files are recognised by suffix; a remark counts and names those with other suffixes. Hidden files and those of operating
systems are left out, and links to folders are not followed, because they may form a loop.
"""

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from duetto.corpus.manifest import Dropped
from duetto.corpus.recordings.accept import ARCHIVE_SUFFIXES
from duetto.corpus.recordings.intake import display_name
from duetto.errors import CorpusError
from duetto.score.formats.registry import SCORE_SUFFIXES
from duetto.storage.audio_suffixes import AUDIO_SUFFIXES, is_hidden, say_passed_over
from duetto.storage.files import sha256_file

TAKEN_SUFFIXES = AUDIO_SUFFIXES | ARCHIVE_SUFFIXES
COMPANION_SUFFIXES = SCORE_SUFFIXES | {".txt", ".yaml", ".yml"}  # scores, labels, consent: read elsewhere
DEFAULT_SINGER = "singer"


@dataclass(frozen=True)
class Listing:
    """Files of a folder in a fixed order, and remarks (dropped, 0 s) about the rest."""

    root: Path
    files: tuple[Path, ...]
    remarks: tuple[Dropped, ...] = ()
    has_singers: bool = False  # whether subfolders are singers, because no recording is directly in the folder

    def singer_of(self, path: Path, chosen: str | None) -> str:
        """Name of a recording's singer; `chosen` is the name in a folder without singers."""
        if not self.has_singers:
            return chosen or DEFAULT_SINGER
        return display_name(Path(path.relative_to(self.root).parts[0]))

    def of_singer(self, chosen: str | None) -> "Listing":
        """The recordings of one singer; all with None, or if there are no singers.

        Raises:
            CorpusError: If there is no singer of that name.
        """
        if chosen is None or not self.has_singers:
            return self
        files = tuple(path for path in self.files if self.singer_of(path, None) == chosen)
        if not files:
            names = sorted({self.singer_of(path, None) for path in self.files})
            raise CorpusError(f"data.singer={chosen}: {self.root} has no such singer, only {', '.join(names)}.")
        return Listing(self.root, files, self.remarks, has_singers=True)


def list_recordings(root: Path) -> Listing:
    """Recordings below a folder, sorted by name.

    Raises:
        CorpusError: If no file has the suffix of a recording.
    """
    listing = list_files(root, TAKEN_SUFFIXES, COMPANION_SUFFIXES)
    if not listing.files:
        reasons = "".join(f" {entry.reason}." for entry in listing.remarks)
        raise CorpusError(
            f"{root} holds no audio file. Put WAV, FLAC, OGG, MP3, AIFF or M4A recordings there.{reasons}"
        )
    if len({path.parent == root for path in listing.files}) > 1:
        reason = "the folder holds recordings both directly and in subfolders: treated as one singer's"
        return Listing(root, listing.files, (*listing.remarks, Dropped("the folder", 0.0, reason)))
    return listing


def list_files(root: Path, suffixes: frozenset[str], companions: frozenset[str] | None = None) -> Listing:
    """Files below a folder with certain suffixes, sorted by name; may be empty.

    Args:
        root: The folder.
        suffixes: Suffixes of the files to list.
        companions: Suffixes of files that may be beside them; others are reported in a remark. None = no remark.
    """
    remarks: list[Dropped] = []

    def remark(path: str | Path, reason: str) -> None:
        display = "the folder" if Path(path) == root else display_name(Path(path).relative_to(root))
        remarks.append(Dropped(display, 0.0, f"{display} {reason}"))

    found: list[Path] = []
    passed_over: list[str] = []
    walk = os.walk(root, onerror=lambda error: remark(error.filename, f"cannot be listed ({error.strerror})"))
    for folder, folders, names in walk:
        seen = sorted(name for name in folders if not is_hidden(name))
        for name in seen:
            if Path(folder, name).is_symlink():
                remark(Path(folder, name), "is a link to a folder and is not followed")
        folders[:] = seen
        visible = {name: _suffix(name) for name in names if not is_hidden(name)}
        found += [Path(folder, name) for name, suffix in visible.items() if suffix in suffixes]
        if companions is not None:
            others = (name for name, suffix in visible.items() if suffix not in suffixes | companions)
            passed_over += [display_name(Path(folder, name).relative_to(root)) for name in others]
    if passed_over:
        remarks.append(Dropped("the folder", 0.0, f"in the folder {say_passed_over(passed_over)}"))
    files = tuple(sorted(found, key=lambda path: os.fsencode(path.relative_to(root))))
    return Listing(root, files, tuple(remarks), bool(files) and all(path.parent != root for path in files))


def digests_of(files: Sequence[Path], executor: Executor) -> tuple[str, ...]:
    """SHA-256 of each file; empty for an unreadable file, because reading its audio reports the reason."""
    return tuple(executor.map(_digest, files))


def _digest(path: Path) -> str:
    try:
        return sha256_file(path) if path.is_file() else ""
    except OSError:
        return ""


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - faster for 50,000 names
