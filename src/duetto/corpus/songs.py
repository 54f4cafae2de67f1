"""The songs that come with duetto: short VSQX scores written for its cases.

`fast_*` are fast (170-200 BPM, short notes), `slow_*` hold their notes.
"""

from pathlib import Path

from duetto.errors import CorpusError
from duetto.score.score import Score
from duetto.score.vsqx import read_vsqx

SONGS_FOLDER = Path(__file__).parent / "songs"


def song_names() -> tuple[str, ...]:
    """Names of all embedded songs, sorted."""
    return tuple(sorted(path.stem for path in SONGS_FOLDER.glob("*.vsqx")))


def song_path(name: str) -> Path:
    """The VSQX file of an embedded song.

    Raises:
        CorpusError: If there is no song of that name.
    """
    if name not in song_names():
        raise CorpusError(
            f"There is no song {name!r}. Choose from {', '.join(song_names()) or 'none: reinstall duetto'}."
        )
    return SONGS_FOLDER / f"{name}.vsqx"


def load_song(name: str) -> Score:
    """The line that is sung in an embedded song: its first track with notes.

    Raises:
        CorpusError: If there is no song of that name, or it has no notes.
        ScoreError: If the file is damaged.
    """
    path = song_path(name)
    for score in read_vsqx(path):
        if score.notes:
            return score
    raise CorpusError(f"{path} has no notes: reinstall duetto.")
