"""The files of songs that are converted while training: `<song>/source.wav` and `<song>/step_<step>.wav`."""

import re
from pathlib import Path

SOURCE_NAME = "source.wav"
CONVERSION = re.compile(r"step_(\d{9})\.wav")


def conversion_path(folder: Path, step: int) -> Path:
    """The conversion of a song with the weights of a step; `folder` is the song's."""
    return folder / f"step_{step:09d}.wav"


def conversions_by_step(folder: Path) -> dict[int, Path]:
    """The conversions of a song, by ascending step."""
    found = ((CONVERSION.fullmatch(path.name), path) for path in folder.glob("step_*.wav"))
    return dict(sorted((int(match[1]), path) for match, path in found if match))


def folders_of_songs(place: Path) -> list[Path]:
    """The folder of each song that was converted while training, by name."""
    return sorted(path.parent for path in place.glob(f"*/{SOURCE_NAME}"))


def forget_conversions_after(place: Path, step: int) -> None:
    """Remove the conversions of later steps, with the records beside them."""
    for folder in folders_of_songs(place):
        for at, path in conversions_by_step(folder).items():
            if at > step:
                path.unlink()
                path.with_name(f"{path.name}.json").unlink(missing_ok=True)
