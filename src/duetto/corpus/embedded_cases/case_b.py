"""Case B: a voice rendered from VSQX in a room, as in the hobby study, but with a known reference.

The target's rendition is in a room, and its songs are fast; source and reference are dry. The songs in `data.*_songs`
and `data.room` separate the effects of tempo and room: a song called `slow_*` holds its notes, and a reverberation
time of 0 means no room.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from duetto.corpus.embedded_cases.embedded import Recipe, Treated, Treatment
from duetto.corpus.embedded_cases.performer import SAMPLE_RATE
from duetto.corpus.embedded_cases.room import add_room, room_response
from duetto.corpus.embedded_cases.songs import Song, compose_songs, packaged_song, song_names, song_random
from duetto.score.compose import SongStyle, sample_songs, slow_style, song_grams
from duetto.settings.config import DataConfig
from duetto.storage.audio import Waveform

SLOW = "slow_"  # prefix of slow songs, which are composed unless packaged
SLOW_TEMPOS = ((60, 8), (66, 9), (72, 10))  # BPM, bars: 32 to 33 s


def recipe_case_b(config: DataConfig) -> Recipe:
    """Songs of case B and its room.

    Raises:
        CorpusError: If a song does not exist.
    """

    def make_room() -> Treatment | None:
        if config.room.rt60_s == 0:
            return None
        return Room(room_response(config.room, SAMPLE_RATE, config.seed))

    return Recipe(find_songs(config), settings={"room": asdict(config.room)}, make_treatment=make_room)


def find_songs(config: DataConfig) -> dict[str, Song]:
    """Packaged songs by name, and further slow songs, composed so that they repeat none of them."""
    names = [*config.test_songs, *config.val_songs, *config.train_songs]
    packaged = song_names()
    composed = [name for name in names if name.startswith(SLOW) and name not in packaged]
    songs = {name: packaged_song(name) for name in names if name not in composed}
    if composed:
        avoid = song_grams(sample_songs())
        songs |= compose_songs(((name, _slow_style(name)) for name in composed), avoid)
    return songs


def _slow_style(name: str) -> SongStyle:
    return slow_style(*SLOW_TEMPOS[int(song_random(name).random() * len(SLOW_TEMPOS))])


@dataclass(frozen=True)
class Room:
    """The treatment: adds a room to the voice."""

    response: NDArray[np.float64]  # impulse response, (S,)

    def apply(self, dry: Waveform, song: Song) -> Treated:
        """The rendition in the room."""
        return Treated(add_room(dry, self.response))
