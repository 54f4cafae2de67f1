"""Case A: clean stems of a voice that is recorded in one register and has to sing above it.

The low voice sings songs within a range (`data.register`); the dose is the highest note of the training songs.
Validation and test songs are the same for every dose, and so are the training seconds, because a song's tempo and
length follow from its name. Test songs are in the register of the case, above it (`above_*`), and, with
`data.transpositions`, in the register but some semitones higher.

No song shares six notes in a row with another, at any transposition.
"""

from dataclasses import asdict

from duetto.corpus.embedded_cases.embedded import Recipe
from duetto.corpus.embedded_cases.songs import Song, compose_songs, song_random
from duetto.score.compose import SongStyle
from duetto.score.score import TICKS_PER_QUARTER
from duetto.score.song_style import EIGHTH
from duetto.settings.case_config import RegisterConfig
from duetto.settings.config import DataConfig
from duetto.singer.voices import get_voice

BPM = (72, 76, 80, 84, 88, 92, 96, 100, 104, 110)
SONG_S = 32.0  # approximately, because songs have whole pairs of bars
RHYTHM = ((EIGHTH, 0.45), (TICKS_PER_QUARTER, 0.4), (2 * TICKS_PER_QUARTER, 0.15))
ABOVE = "above_"  # prefix of the names of songs above the register


def recipe_case_a(config: DataConfig) -> Recipe:
    """Songs of case A, without a treatment.

    Raises:
        ConfigError: If the registers are invalid.
    """
    register = config.register
    register.validate()
    above = frozenset(name for name in config.test_songs if name.startswith(ABOVE))
    return Recipe(compose_case_a(config, register), above, {"register": asdict(register)})


def compose_case_a(config: DataConfig, register: RegisterConfig) -> dict[str, Song]:
    """Every song of the case, the held-out ones first."""
    return compose_songs(plan_songs(config, register), at_any_pitch=True)


def plan_songs(config: DataConfig, register: RegisterConfig) -> list[tuple[str, SongStyle]]:
    """Name and style of every song, the held-out ones first."""
    written = -get_voice(config.target).transposition
    home = (register.low_midi, register.high_midi)
    above = (register.high_midi + 1, register.high_midi + register.above_semitones)
    held_out = [*config.test_songs, *config.val_songs]
    wanted = [(name, song_style(name, above if name.startswith(ABOVE) else home, written)) for name in held_out]
    trained_on = (register.low_midi, register.train_high_midi)
    return wanted + [(name, song_style(name, trained_on, written)) for name in config.train_songs]


def song_style(name: str, sung_midi: tuple[int, int], written: int) -> SongStyle:
    """The style of a song between two sung pitches, written `written` semitones higher."""
    bpm = BPM[int(song_random(name).random() * len(BPM))]
    bars = 2 * round(SONG_S * bpm / 480)
    low, high = sung_midi
    return SongStyle(low + written, high + written, bpm, bars, RHYTHM)
