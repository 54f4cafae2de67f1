"""Songs of the embedded cases: short scores that ship with duetto, and songs composed on demand.

Packaged: `fast_*` are fast (170-200 BPM, short notes), `slow_*` hold their notes. A composed song is determined by its
name and style, and by the songs before it, of which it repeats no six notes.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from duetto.errors import CorpusError
from duetto.score.compose import SongStyle, compose, shift_grams, song_grams
from duetto.score.formats.vsqx.reader import read_vsqx
from duetto.score.formats.vsqx.writer import vsqx_text
from duetto.score.melody import Gram
from duetto.score.score import Score

SONGS_FOLDER = Path(__file__).parent / "songs"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Song:
    """A song of a case: its name there, and its VSQX file."""

    name: str
    vsqx: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.vsqx).hexdigest()


def song_names() -> tuple[str, ...]:
    """Names of all packaged songs, sorted."""
    return tuple(sorted(path.stem for path in SONGS_FOLDER.glob("*.vsqx")))


def song_path(name: str) -> Path:
    """The VSQX file of a packaged song.

    Raises:
        CorpusError: If there is no song of that name.
    """
    if name not in song_names():
        raise CorpusError(
            f"There is no song {name!r}. Choose from {', '.join(song_names()) or 'none: reinstall duetto'}."
        )
    return SONGS_FOLDER / f"{name}.vsqx"


def packaged_song(name: str) -> Song:
    """A song that ships with duetto.

    Raises:
        CorpusError: If there is no song of that name.
    """
    return Song(name, song_path(name).read_bytes())


def load_song(name: str) -> Score:
    """The melody and words of a packaged song.

    Raises:
        CorpusError: If there is no song of that name, or it has no notes.
        ScoreError: If the file is damaged.
    """
    return read_song(song_path(name))


def read_song(path: Path) -> Score:
    """The melody and words in a song's file: its first track with notes.

    Raises:
        CorpusError: If it has no notes.
        ScoreError: If the file is damaged.
    """
    for score in read_vsqx(path):
        if score.notes:
            return score
    raise CorpusError(f"{path} has no notes: reinstall duetto.")


def song_seed(name: str) -> int:
    """The seed of a composed song; the same on every machine.

    Raises:
        CorpusError: If the name is not a valid file name.
    """
    if not NAME.fullmatch(name):
        raise CorpusError(f"{name!r} cannot name a song. Use small letters, digits and _, such as air_01.")
    return zlib.crc32(name.encode())


def song_random(name: str) -> Random:
    """A random generator for properties of a song that its case leaves open, independent of the composer's."""
    return Random(song_seed(name) + 1)


def compose_songs(
    wanted: Iterable[tuple[str, SongStyle]], avoid: frozenset[Gram] = frozenset(), at_any_pitch: bool = False
) -> dict[str, Song]:
    """Compose songs as in `compose_scores`, and return them as files by name."""
    scores = compose_scores(wanted, avoid, at_any_pitch)
    return {name: Song(name, vsqx_text(score).encode()) for name, score in scores.items()}


def compose_scores(
    wanted: Iterable[tuple[str, SongStyle]], avoid: frozenset[Gram] = frozenset(), at_any_pitch: bool = False
) -> dict[str, Score]:
    """Compose songs, no two of which share six consecutive notes.

    Args:
        wanted: Name and style of each song; the order matters, because a song avoids the ones before it. Held-out
            songs come first, so that they do not depend on the training songs.
        avoid: Further grams that must not occur.
        at_any_pitch: Whether notes count as shared, too, if they are transposed by up to two octaves.

    Raises:
        CorpusError: If a name is not a valid file name.
        ScoreError: If no further note is possible.
    """
    scores: dict[str, Score] = {}
    for name, style in wanted:
        scores[name] = compose(name, song_seed(name), style, avoid)
        grams = song_grams((scores[name],))
        avoid |= shift_grams(grams, range(-24, 25)) if at_any_pitch else grams
    return scores
