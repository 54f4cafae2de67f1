"""What people send: bounded, checked by decoding all of it, renamed, and taken out of the temporary folder."""

import os
import re
import shutil
import time
import unicodedata
from contextlib import suppress
from pathlib import Path

from duetto.conversion.sources import Source, check_source
from duetto.errors import AudioError
from duetto.storage.audio_suffixes import AUDIO_SUFFIXES
from duetto.storage.files import make_folder, storage_error

FILES = 4  # of the largest size that may wait at once
GIVEN_UP_S = 60.0  # since the last byte of an upload
MAX_NAME = 60  # letters of a file's name without its suffix
FOREIGN = re.compile(r"[^\w +-]+")


def sweep(folder: Path) -> None:
    """Remove the parts of uploads that ended before their time, and the empty files that Gradio 6.31 makes of each."""
    before = time.time() - GIVEN_UP_S
    for path in folder.glob("tmp*"):  # a whole upload lies in a folder of its own
        with suppress(OSError):
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()


def room_left(folder: Path, megabytes: int) -> int:
    """Bytes that may still be uploaded, given the files that wait in the folder."""
    sweep(folder)
    waiting = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # taken in meanwhile
            waiting += path.stat().st_size if path.is_file() else 0
    return megabytes * 10**6 * FILES - waiting


def sanitised(name: str) -> str:
    """A file's name in letters of any script, digits, blanks and _+-, with its suffix; never a path, never hidden.

    Raises:
        AudioError: If the suffix is none of a recording's.
    """
    plain = unicodedata.normalize("NFC", name.replace("\\", "/")).rsplit("/", 1)[-1]
    path = Path(plain)
    suffix = path.suffix.lower()
    if suffix not in AUDIO_SUFFIXES:
        raise AudioError(
            f"{plain} is not a recording by its suffix. Send one of {', '.join(sorted(AUDIO_SUFFIXES)[:8])} or similar."
        )
    return f"{FOREIGN.sub('_', path.stem).strip(' _-')[:MAX_NAME].strip() or 'recording'}{suffix}"


def free_place(folder: Path, name: str) -> Path:
    """A path in the folder that nothing has: `name`, else with a number behind it."""
    path = Path(name)
    for number in range(2, 10_000):
        if not (folder / path).exists():
            break
        path = Path(f"{Path(name).stem}_{number}{Path(name).suffix}")
    return folder / path


def take_in(upload: Path, folder: Path, name: str | None = None) -> Source:
    """Decode an upload from end to end and move it into a folder; one that is refused is removed.

    Args:
        upload: The temporary file.
        folder: Where it is kept.
        name: Its name there; None = its own, made harmless.

    Returns:
        What was found in it, with its new path.

    Raises:
        AudioError: If it is no recording, or too short or silent to be of use.
        StorageError: If the folder cannot be written.
    """
    try:
        place = free_place(folder, sanitised(name or upload.name))
        source = check_source(upload)
        make_folder(folder)
        shutil.move(upload, place)
    except AudioError as error:
        raise AudioError(str(error).replace(str(upload), upload.name)) from None
    except OSError as error:
        raise storage_error(folder, error) from error
    finally:
        discard(upload)
    return Source(**{**vars(source), "path": place})


def discard(upload: Path) -> None:
    """Remove an upload with the folder that was made for it alone."""
    upload.unlink(missing_ok=True)
    if upload.parent.is_dir() and not any(os.scandir(upload.parent)):
        upload.parent.rmdir()
