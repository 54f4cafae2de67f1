"""Songs for the embedded corpora, invented by a seeded composer, so that no one holds rights in them.

The same name, seed, style and songs to avoid give the same score on every machine. Lyrics are not words: the
moras of Japanese are dealt like a deck of cards, so a song of 200 notes contains nearly all of them.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from random import Random

from duetto.score.formats.vsqx.schema import (
    DYNAMICS_DEFAULT,
    VIBRATO_POSITION_MAX,
    bend_controller,
    bend_range_for,
    bend_semitones,
    vibrato_depth_cents,
    vibrato_rate_hz,
)
from duetto.score.formats.vsqx.writer import write_vsqx
from duetto.score.kana import vocaloid_phones
from duetto.score.melody import GRAM_NOTES, Gram, Harmony, Slot, choose_harmony, write_pitches, write_rhythm
from duetto.score.mora import INVENTORY, Mora
from duetto.score.score import TICKS_PER_QUARTER, Curve, Note, Score, Tempo, Vibrato
from duetto.score.song_style import EIGHTH, SIXTEENTH, TICKS_PER_BAR, SongStyle

__all__ = [
    "SongStyle",
    "compose",
    "compose_set",
    "sample_songs",
    "shift_grams",
    "slow_style",
    "song_grams",
    "song_harmony",
    "write_sample_songs",
]

CLOSING_CHANCE = 0.08  # that a note of a quarter or more ends in ん or っ
SCOOP_CHANCE = 0.2  # that a note starts below its pitch
FALL_CHANCE = 0.6  # that the last note of a phrase falls at its end
BEND_STEP_TICKS = 20

SAMPLE_RANGE = (64, 80)  # MIDI
FAST_RHYTHM = ((EIGHTH, 0.72), (SIXTEENTH, 0.1), (TICKS_PER_QUARTER, 0.18))
FAST_BPM = (170, 172, 175, 178, 180, 182, 184, 186, 188, 190, 192, 195, 198, 200)
FAST_SECONDS = 32.0
SLOW_RHYTHM = tuple((beats * TICKS_PER_QUARTER, weight) for beats, weight in ((1, 0.4), (2, 0.35), (3, 0.15), (4, 0.1)))
SLOW_SONGS = ((60, 8), (66, 8), (72, 9))  # (BPM, bars)
FAST_SEED = 101  # of fast_01; the others follow
SLOW_SEED = 151


def compose(name: str, seed: int, style: SongStyle, avoid: frozenset[Gram] = frozenset()) -> Score:
    """A song in 4/4 that a person could sing: phrases, breaths, kana, and expression.

    Args:
        name: Name of the score.
        seed: Decides everything that the style leaves open.
        style: Register, tempo, rhythm, expression.
        avoid: Six-note grams that must not occur (`song_grams` of other songs). Without it two seeds may share
            short figures such as a scale.

    Raises:
        ScoreError: If `avoid` leaves no melody.
    """
    random = Random(seed)
    harmony = choose_harmony(random)
    slots = write_rhythm(style, random)
    pitches = write_pitches(slots, style, harmony, random, avoid)
    lyrics = _write_lyrics(slots, style, random)
    notes = tuple(
        Note(
            slot.tick,
            slot.duration,
            pitch,
            lyric,
            phones,
            velocity=54 + int(random.random() * 21),
            vibrato=_write_vibrato(slot, style, random),
        )
        for slot, pitch, (lyric, phones) in zip(slots, pitches, lyrics, strict=True)
    )
    return Score(
        name,
        notes,
        (Tempo(0, style.bpm),),
        pitch_bend_semitones=_write_bends(slots, style, random),
        dynamics=_write_dynamics(slots, style),
    )


def song_harmony(seed: int) -> Harmony:
    """Key and chords of every song that `compose` writes from a seed."""
    return choose_harmony(Random(seed))


def compose_set(plans: Iterable[tuple[str, int, SongStyle]], avoid: frozenset[Gram] = frozenset()) -> tuple[Score, ...]:
    """Songs of which no two share six notes in a row, so that a split by song leaks no melody.

    Args:
        plans: Name, seed and style of each song; the order counts, for a song avoids the ones before it.
        avoid: Grams of songs outside the set (`song_grams`).

    Raises:
        ScoreError: If no melody is left.
    """
    songs: list[Score] = []
    for name, seed, style in plans:
        songs.append(compose(name, seed, style, avoid))
        avoid |= song_grams(songs[-1:])
    return tuple(songs)


def song_grams(scores: Iterable[Score]) -> frozenset[Gram]:
    """Every run of six notes in the songs, as (MIDI, ticks) pairs; rests do not count."""
    return frozenset(
        tuple((note.midi, note.duration) for note in score.notes[start : start + GRAM_NOTES])
        for score in scores
        for start in range(len(score.notes) - GRAM_NOTES + 1)
    )


def shift_grams(grams: frozenset[Gram], semitones: Iterable[int]) -> frozenset[Gram]:
    """The grams at each of several transpositions."""
    return frozenset(tuple((midi + step, ticks) for midi, ticks in gram) for step in semitones for gram in grams)


def slow_style(bpm: float, bars: int) -> SongStyle:
    """The style of the slow songs: every note a beat or more, with vibrato."""
    low, high = SAMPLE_RANGE
    return SongStyle(low, high, bpm, bars, SLOW_RHYTHM, 2, TICKS_PER_QUARTER, vibrato_from_ticks=TICKS_PER_QUARTER)


def sample_songs() -> tuple[Score, ...]:
    """The songs that come with the package: fast_01 to fast_14 and slow_01 to slow_03; no two share six notes."""
    low, high = SAMPLE_RANGE
    plans = []
    for index, bpm in enumerate(FAST_BPM):
        bars = 2 * round(FAST_SECONDS * bpm / 480)  # even; 240 / bpm seconds a bar
        style = SongStyle(low, high, bpm, bars, FAST_RHYTHM, vibrato_from_ticks=None)
        plans.append((f"fast_{index + 1:02d}", FAST_SEED + index, style))
    for index, (bpm, bars) in enumerate(SLOW_SONGS):
        plans.append((f"slow_{index + 1:02d}", SLOW_SEED + index, slow_style(bpm, bars)))
    return compose_set(plans)


def write_sample_songs(folder: Path) -> tuple[Path, ...]:
    """Write `sample_songs` as VSQX files named after the songs, and return their paths in order.

    Raises:
        StorageError: If the folder cannot be written.
    """
    paths = []
    for score in sample_songs():
        paths.append(folder / f"{score.name}.vsqx")
        write_vsqx(score, paths[-1])
    return tuple(paths)


def _write_lyrics(slots: list[Slot], style: SongStyle, random: Random) -> list[tuple[str, str]]:
    """Lyric and VOCALOID phones of each slot."""
    deck: list[Mora] = []
    lyrics: list[tuple[str, str]] = []
    for index, slot in enumerate(slots):
        follows = index > 0 and slots[index - 1].tick + slots[index - 1].duration == slot.tick
        if follows and lyrics[-1][0] != "-" and random.random() < style.prolong_chance:
            lyrics.append(("-", "-"))
            continue
        is_long = slot.duration >= TICKS_PER_QUARTER
        mora = _deal(deck, random, vowel_needed=is_long or not follows)
        if is_long and len(mora.phones[-1]) == 1 and random.random() < CLOSING_CHANCE:
            closing = "ん" if random.random() < 0.5 else "っ"
            lyrics.append((mora.kana + closing, ""))
        else:
            lyrics.append((mora.kana, vocaloid_phones(mora)))
    return lyrics


def _deal(deck: list[Mora], random: Random, vowel_needed: bool) -> Mora:
    """The next mora of a shuffled deck; one without a vowel waits where a vowel is needed.

    The deck holds every mora of one kana twice and the rest (きゃ, ふぁ) once, for these are rarer in Japanese.
    """
    if len(deck) < 3:
        fresh = [kana for kana in INVENTORY for _ in range(2 if len(kana) == 1 else 1) if kana != "っ"]
        keyed = sorted((random.random(), kana) for kana in fresh)
        deck[:0] = [INVENTORY[kana] for _, kana in keyed]
    position = next(i for i in (-1, -2, -3) if not (vowel_needed and deck[i].phones == ("N",)))
    return deck.pop(position)


def _write_vibrato(slot: Slot, style: SongStyle, random: Random) -> Vibrato | None:
    if style.vibrato_from_ticks is None or slot.duration < style.vibrato_from_ticks:
        return None
    depth = 28 + int(random.random() * 30)  # about 26 to 54 cents
    rate = 50 + int(random.random() * 18)  # about 4.8 to 6 Hz
    percent = 55 + int(random.random() * 20)
    onset, full = (round(VIBRATO_POSITION_MAX * share) for share in (1 - percent / 100, 1 - percent / 200))
    positions = (onset / VIBRATO_POSITION_MAX, full / VIBRATO_POSITION_MAX)
    return Vibrato(
        percent / 100,
        depth=((positions[0], vibrato_depth_cents(depth // 2)), (positions[1], vibrato_depth_cents(depth))),
        rate=((positions[0], vibrato_rate_hz(rate)),),
    )


def _write_bends(slots: list[Slot], style: SongStyle, random: Random) -> Curve:
    """Scoops into notes and falls at the end of phrases, on the steps that the file format has."""
    points: dict[int, float] = {}
    for slot in slots:
        scoop = random.random() < SCOOP_CHANCE
        fall = slot.ends_phrase and random.random() < FALL_CHANCE
        depth = style.bend_semitones * (0.5 + 0.5 * random.random())
        steps = min(3, slot.duration // (3 * BEND_STEP_TICKS))
        if style.bend_semitones == 0 or steps == 0:
            continue
        if scoop:
            for step in range(steps + 1):
                points[slot.tick + step * BEND_STEP_TICKS] = -depth * (1 - step / steps)
        if fall:
            end = slot.tick + slot.duration
            for step in range(1, steps + 1):
                points[end - (steps + 1 - step) * BEND_STEP_TICKS] = -depth * step / steps
            points[end] = 0.0
    bend_range = bend_range_for(points.values())
    return Curve(
        tuple((tick, bend_semitones(bend_controller(points[tick], bend_range), bend_range)) for tick in sorted(points))
    )


def _write_dynamics(slots: list[Slot], style: SongStyle) -> Curve:
    """An arch over each phrase, in a step each half bar."""
    points: dict[int, float] = {}
    for slot in slots:
        tick = slot.tick - slot.tick % (TICKS_PER_BAR // 2)
        level = DYNAMICS_DEFAULT - style.dynamics_depth / 3 + style.dynamics_depth * math.sin(math.pi * slot.position)
        points.setdefault(tick, float(round(level)))
    return Curve(tuple(sorted(points.items()))) if style.dynamics_depth else Curve()
