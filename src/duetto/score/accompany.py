"""A band for a composed song: bass, keyboard, guitar, strings and drums play its chords and its metre.

Conventions: ticks as in the score, from its first bar; 4/4; one chord a bar. Programs are General
MIDI's, counted from 0; pan runs from -1 (left) to 1. Voice-leading is by nearest position, so that
keyboard and strings stay where they are while the bass walks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from duetto.score.melody import Harmony
from duetto.score.score import TICKS_PER_QUARTER
from duetto.score.song_style import EIGHTH, SIXTEENTH, TICKS_PER_BAR

KICK, SNARE, CLOSED_HAT, OPEN_HAT, CRASH = 36, 38, 42, 46, 49  # General MIDI's keys of the drum kit
BASS_FROM = 33  # lowest note of the bass, MIDI
KEYS_FROM, GUITAR_FROM, STRINGS_FROM = 52, 50, 60
FILL_EVERY_BARS = 8


@dataclass(frozen=True)
class BandNote:
    """One note of an instrument."""

    tick: int
    duration: int  # ticks
    midi: int  # a key of the kit for drums
    velocity: int  # 1..127


@dataclass(frozen=True)
class Instrument:
    """An instrument of the band: its General MIDI program, level and place in the stereo picture."""

    name: str
    program: int  # General MIDI, from 0; of drums: the kit
    pan: float  # -1 left, 1 right
    level: int  # channel volume, 0..127
    play: Callable[["Bar", Random], Iterator[BandNote]]
    is_drums: bool = False


@dataclass(frozen=True)
class Bar:
    """One bar of the song as the band sees it."""

    index: int
    tick: int
    chord: tuple[int, ...]  # pitch classes, root first
    following: tuple[int, ...]  # chord of the next bar
    is_last: bool


def accompany(harmony: Harmony, bars: int, seed: int) -> dict[str, tuple[BandNote, ...]]:
    """What each instrument of `BAND` plays, by its name, in time order.

    Args:
        harmony: Key and chords of the song.
        bars: Length of the song.
        seed: Decides ghost notes, fills and small differences of velocity.
    """
    chords = [_triad(harmony, bar) for bar in range(bars + 1)]
    parts: dict[str, tuple[BandNote, ...]] = {}
    for number, instrument in enumerate(BAND):
        random = Random(seed * len(BAND) + number)
        notes: list[BandNote] = []
        for index in range(bars):
            bar = Bar(index, index * TICKS_PER_BAR, chords[index], chords[index + 1], index == bars - 1)
            notes += instrument.play(bar, random)
        parts[instrument.name] = tuple(sorted(notes, key=lambda note: (note.tick, note.midi)))
    return parts


def place(pitch_class: int, from_midi: int) -> int:
    """The first note of a pitch class at or above `from_midi`."""
    return from_midi + (pitch_class - from_midi) % 12


def play_bass(bar: Bar, random: Random) -> Iterator[BandNote]:
    """Root and fifth, and a step into the next chord."""
    root, fifth = place(bar.chord[0], BASS_FROM), place(bar.chord[2], BASS_FROM)
    if bar.is_last:
        yield BandNote(bar.tick, TICKS_PER_BAR - SIXTEENTH, root, 96)
        return
    yield BandNote(bar.tick, 3 * EIGHTH, root, _touch(96, random))
    yield BandNote(bar.tick + 3 * EIGHTH, EIGHTH, root, _touch(80, random))
    yield BandNote(bar.tick + 4 * EIGHTH, 3 * EIGHTH, fifth, _touch(90, random))
    target = place(bar.following[0], BASS_FROM)
    yield BandNote(bar.tick + 7 * EIGHTH, EIGHTH, target + (1 if random.random() < 0.3 else -2), _touch(78, random))


def play_keys(bar: Bar, random: Random) -> Iterator[BandNote]:
    """The chord on the beats and before them."""
    rhythm = (0,) if bar.is_last else (0, 3, 4, 6) if random.random() < 0.7 else (0, 4, 5, 7)
    for position, start in enumerate(rhythm):
        end = (*rhythm, 8)[position + 1]
        for pitch_class in bar.chord:
            note = place(pitch_class, KEYS_FROM)
            yield BandNote(bar.tick + start * EIGHTH, (end - start) * EIGHTH - 30, note, _touch(72, random))


def play_guitar(bar: Bar, random: Random) -> Iterator[BandNote]:
    """The chord broken in eighths, up and down."""
    tones = sorted(place(pitch_class, GUITAR_FROM) for pitch_class in bar.chord)
    tones = [*tones, tones[0] + 12]
    pattern = (0, 1, 2, 3, 2, 1, 2, 1) if random.random() < 0.75 else (0, 2, 1, 3, 2, 3, 1, 2)
    for position, step in enumerate(pattern[:1] if bar.is_last else pattern):
        yield BandNote(bar.tick + position * EIGHTH, 2 * EIGHTH, tones[step], _touch(74, random))


def play_strings(bar: Bar, random: Random) -> Iterator[BandNote]:
    """The chord, held; a soft line above every other bar."""
    for pitch_class in bar.chord:
        yield BandNote(bar.tick, TICKS_PER_BAR - 40, place(pitch_class, STRINGS_FROM), _touch(60, random))
    if bar.index % 2 and not bar.is_last:
        top = place(bar.chord[1], STRINGS_FROM + 12)
        yield BandNote(bar.tick + 2 * TICKS_PER_QUARTER, 2 * TICKS_PER_QUARTER - 40, top, _touch(58, random))


def play_drums(bar: Bar, random: Random) -> Iterator[BandNote]:
    """Kick and snare, hats in eighths, a fill every eight bars."""
    if bar.is_last:
        yield from (BandNote(bar.tick, EIGHTH, key, 100) for key in (KICK, CRASH))
        return
    is_fill = bar.index % FILL_EVERY_BARS == FILL_EVERY_BARS - 1
    if bar.index % FILL_EVERY_BARS == 0:
        yield BandNote(bar.tick, EIGHTH, CRASH, _touch(92, random))
    for eighth in range(6 if is_fill else 8):
        key = OPEN_HAT if eighth == 7 and random.random() < 0.4 else CLOSED_HAT
        yield BandNote(bar.tick + eighth * EIGHTH, EIGHTH, key, _touch(78 if eighth % 2 == 0 else 60, random))
    kicks = (0, 5) if random.random() < 0.6 else (0, 3, 5)
    yield from (BandNote(bar.tick + eighth * EIGHTH, EIGHTH, KICK, _touch(104, random)) for eighth in kicks)
    yield from (BandNote(bar.tick + eighth * EIGHTH, EIGHTH, SNARE, _touch(100, random)) for eighth in (2, 6))
    if is_fill:
        for step in range(4):
            yield BandNote(bar.tick + 6 * EIGHTH + step * SIXTEENTH, SIXTEENTH, SNARE, _touch(84 + 6 * step, random))


# Levels set with meters: strings and keys carry, bass and kick do not drown the voice.
BAND: tuple[Instrument, ...] = (
    Instrument("bass", 33, 0.0, 100, play_bass),  # electric bass, fingered
    Instrument("keys", 4, 0.7, 96, play_keys),  # electric piano
    Instrument("guitar", 25, -0.6, 88, play_guitar),  # steel-string guitar
    Instrument("strings", 48, -0.35, 84, play_strings),  # string ensemble
    Instrument("drums", 0, 0.0, 96, play_drums, is_drums=True),
)


def _triad(harmony: Harmony, bar: int) -> tuple[int, ...]:
    degree = harmony.progression[bar % len(harmony.progression)]
    return tuple((harmony.tonic + harmony.scale[(degree + third) % 7]) % 12 for third in (0, 2, 4))


def _touch(velocity: int, random: Random) -> int:
    """A velocity with the small variation of a player's hand."""
    return max(1, min(127, velocity + int(random.random() * 13) - 6))
