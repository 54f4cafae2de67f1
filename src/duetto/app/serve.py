"""Files that the app shows: sounds, pages and exports below the folders of runs and of recordings, and nothing else."""

from pathlib import Path

from duetto.app.places import Places
from duetto.storage.audio_suffixes import AUDIO_SUFFIXES
from duetto.storage.run_folder import EXPORT_FOLDER

PAGE_SUFFIX = ".html"


def served(places: Places, root: str, inside: str) -> Path | None:
    """The file behind an address; None if there is none that may be shown.

    Args:
        places: The app's folders.
        root: "logs" or "recordings".
        inside: Path below it.
    """
    base = {"logs": places.logs, "recordings": places.recordings}.get(root)
    if base is None or "\0" in inside:
        return None
    path = (base / inside).resolve()
    if not path.is_relative_to(base.resolve()) or path.is_relative_to(places.uploads.resolve()) or not path.is_file():
        return None
    is_shown = path.suffix.lower() in {PAGE_SUFFIX, *AUDIO_SUFFIXES} or path.parent.name == EXPORT_FOLDER
    return path if is_shown else None
