"""Which files of a folder are recordings: one list for training, conversion and the doctor.

A suffix only decides which files are opened; the content decides what a file is and how it is decoded.
"""

from collections.abc import Sequence
from pathlib import Path

UNCOMPRESSED = frozenset(
    {".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".voc"}
)
LOSSLESS = frozenset({".flac", ".ape", ".wv", ".tta"})
LOSSY = frozenset(
    {
        ".mp3",
        ".mp2",
        ".mpga",
        ".ogg",
        ".oga",
        ".opus",
        ".m4a",
        ".m4b",
        ".aac",
        ".adts",
        ".wma",
        ".amr",
        ".ac3",
        ".eac3",
        ".spx",
    }
)
VIDEO = frozenset({".mp4", ".m4v", ".mov", ".3gp", ".webm", ".mka", ".mkv", ".avi"})  # its sound is read
AUDIO_SUFFIXES = UNCOMPRESSED | LOSSLESS | LOSSY | VIDEO
NAMED = 5  # skipped files named in a message
FOREIGN_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx", "ehthumbs.db", "$recycle.bin"})


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name belongs to an operating system: `._a.wav`, `.DS_Store`, `Thumbs.db`."""
    return name.startswith(".") or name.lower() in FOREIGN_NAMES


def is_recording(path: Path) -> bool:
    """Whether a file counts as a recording by its name."""
    return path.suffix.lower() in AUDIO_SUFFIXES and not is_hidden(path.name)


def say_passed_over(names: Sequence[str]) -> str:
    """The number of skipped files, with the names of the first ones; empty for none."""
    if not names:
        return ""
    count = "1 file is not a recording" if len(names) == 1 else f"{len(names)} files are not recordings"
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{count} by the suffix: {', '.join(sorted(names)[:NAMED])}{more}"
