"""Rhythm and pitch of a composed song.

A song is a row of phrases that repeat by letter (A A B A ...): a phrase that comes again keeps its rhythm and
most of its pitches, and ends anew. Pitches come from one scale; they prefer small steps, the notes of the bar's
chord on the beat, and an arch over the phrase.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from duetto.errors import ScoreError
from duetto.score.score import TICKS_PER_QUARTER
from duetto.score.song_style import EIGHTH, TICKS_PER_BAR, SongStyle

GRAM_NOTES = 6
Item = TypeVar("Item")
Gram = tuple[tuple[int, int], ...]  # (MIDI, ticks) of consecutive notes

SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10))  # major, minor, dorian
PROGRESSIONS = ((0, 4, 5, 3), (5, 3, 0, 4), (0, 5, 3, 4), (3, 4, 2, 5), (0, 2, 3, 4), (0, 3, 5, 4))
FORMS = ("AABA", "ABAC", "AABB", "ABCB", "AABC")
WIDEST_LEAP = 9  # semitones
STEP_SCALE = 2.5  # semitones at which a leap is e times rarer than a repeat
ARCH_SCALE = 3.0  # semitones at which straying from the arch is e times rarer
CHORD_WEIGHT = 3.0  # of a chord note on the beat, against any other
ENDING_CHORD_WEIGHT = 12.0  # of a chord note at the end of a phrase
REPEAT_WEIGHT = 0.25  # of the same pitch again
RETURN_WEIGHT = 0.5  # of the pitch before the last one
TRILL_WEIGHT = 0.15  # of the pitch before the last one, when the last one was such a return
MEMORY_WEIGHT = 400.0  # of the pitch that this place had in the phrase's first time
FORGETTING_CHANCE = 0.06  # that a repeated place forgets it


@dataclass(frozen=True)
class Slot:
    """Room for one note."""

    tick: int
    duration: int
    phrase: int  # counted from 0
    letter: str  # phrases of one letter share rhythm and pitches
    bar: int  # in the phrase
    position: float  # in the phrase, 0..1
    ends_phrase: bool


@dataclass(frozen=True)
class Harmony:
    """Key and chords of a song."""

    tonic: int  # pitch class
    scale: tuple[int, ...]
    progression: tuple[int, ...]  # scale degree of each bar's chord

    def pitch_classes(self) -> set[int]:
        """Pitch classes of the scale."""
        return {(self.tonic + step) % 12 for step in self.scale}

    def chord(self, bar: int) -> set[int]:
        """Pitch classes of the triad of a bar."""
        degree = self.progression[bar % len(self.progression)]
        return {(self.tonic + self.scale[(degree + third) % 7]) % 12 for third in (0, 2, 4)}


def choose_harmony(random: Random) -> Harmony:
    """A key, a scale and a chord progression."""
    return Harmony(int(random.random() * 12), _pick(SCALES, random), _pick(PROGRESSIONS, random))


def plan_phrases(bars: int, phrase_bars: int) -> list[int]:
    """Lengths in bars: `phrase_bars` each, the rest in phrases of at least 2."""
    count, rest = divmod(bars, phrase_bars)
    lengths = [phrase_bars] * count
    if rest == 1 and lengths:
        lengths = [*lengths[:-1], phrase_bars + 1] if phrase_bars < 4 else [*lengths[:-1], 3, 2]
    elif rest:
        lengths.append(rest)
    return lengths


def write_rhythm(style: SongStyle, random: Random) -> list[Slot]:
    """The places of all notes, in time order; each phrase ends with a breath."""
    form = _pick(FORMS, random)
    known: dict[tuple[str, int], list[int]] = {}
    slots: list[Slot] = []
    start = 0
    for phrase, bars in enumerate(plan_phrases(style.bars, style.phrase_bars)):
        letter = form[phrase % len(form)]
        for bar in range(bars):
            ends = bar == bars - 1
            room = TICKS_PER_BAR - (style.breath_ticks if ends else 0)
            twin = (letter, 0 if bar == 2 and not ends else bar)
            durations = known.get(twin)
            if durations is None or ends:
                durations = _fill(style, room, random)
                known.setdefault((letter, bar), durations)
            slots.extend(_bar_slots(style, (phrase, letter, bar, bars), start, durations, random))
            start += TICKS_PER_BAR
    return slots


def _fill(style: SongStyle, room: int, random: Random) -> list[int]:
    durations: list[int] = []
    while True:
        # Sixteenths come in pairs so that the beat stays clear.
        cells = [((ticks, ticks) if ticks < EIGHTH else (ticks,), weight) for ticks, weight in style.rhythm]
        fitting = [(cell, weight) for cell, weight in cells if sum(cell) <= room]
        if not fitting:
            return durations
        cell = _draw(fitting, random)
        durations.extend(cell)
        room -= sum(cell)


def _bar_slots(
    style: SongStyle, place: tuple[int, str, int, int], start: int, durations: list[int], random: Random
) -> list[Slot]:
    phrase, letter, bar, bars = place
    slots: list[Slot] = []
    tick = 0
    for index, duration in enumerate(durations):
        ends = bar == bars - 1 and index == len(durations) - 1
        rests = random.random() < style.rest_chance and duration <= TICKS_PER_QUARTER and index > 0 and not ends
        if not rests:
            position = (bar + tick / TICKS_PER_BAR) / bars
            slots.append(Slot(start + tick, duration, phrase, letter, bar, position, ends))
        tick += duration
    return slots


def write_pitches(
    slots: list[Slot], style: SongStyle, harmony: Harmony, random: Random, avoid: frozenset[Gram]
) -> list[int]:
    """A MIDI note number for each slot; no six notes in a row equal a gram in `avoid`.

    Raises:
        ScoreError: If `avoid` leaves no melody.
    """
    scale = [p for p in range(style.low_midi, style.high_midi + 1) if p % 12 in harmony.pitch_classes()]
    memory: dict[tuple[str, int, int], int] = {}
    pitches: list[int] = []
    for index, slot in enumerate(slots):
        key = (slot.letter, slot.bar, slot.tick % TICKS_PER_BAR)
        remembered = memory.get(key, memory.get((slot.letter, 0, key[2])) if slot.bar == 2 else None)
        if slot.ends_phrase or random.random() < FORGETTING_CHANCE:
            remembered = None
        chord = harmony.chord(slot.tick // TICKS_PER_BAR)
        target = _arch(slot, style)
        recent = [(p, s.duration) for p, s in zip(pitches[-5:], slots[max(index - 5, 0) : index], strict=True)]
        weighted = [
            (
                pitch,
                _weight(pitch, slot, target, chord)
                * _motion(pitch, pitches)
                * (MEMORY_WEIGHT if pitch == remembered else 1.0),
            )
            for pitch in scale
            if (*recent, (pitch, slot.duration)) not in avoid
        ]
        if not weighted:
            raise ScoreError("No melody is left that differs from the songs to avoid; use another seed or style.")
        pitches.append(_draw(weighted, random))
        memory.setdefault(key, pitches[-1])
    return pitches


def _arch(slot: Slot, style: SongStyle) -> float:
    """Pitch that the phrase gravitates to, higher in phrases B and C and in the middle of a phrase."""
    lift = {"A": 0.0, "B": 0.15, "C": 0.25}[slot.letter]
    share = 0.12 + lift + 0.55 * math.sin(math.pi * min(slot.position * 1.1, 1.0))
    return style.low_midi + share * (style.high_midi - style.low_midi)


def _weight(pitch: int, slot: Slot, target: float, chord: set[int]) -> float:
    weight = math.exp(-abs(pitch - target) / ARCH_SCALE)
    if pitch % 12 in chord:
        if slot.ends_phrase:
            weight *= ENDING_CHORD_WEIGHT
        elif slot.tick % TICKS_PER_QUARTER == 0:
            weight *= CHORD_WEIGHT
    return weight


def _motion(pitch: int, earlier: list[int]) -> float:
    """Preference for small steps over repeated or alternating pitches."""
    if not earlier:
        return 1.0
    leap = abs(pitch - earlier[-1])
    if leap > WIDEST_LEAP:
        return 1e-6  # only if nothing else is left
    weight = REPEAT_WEIGHT if leap == 0 else math.exp(-leap / STEP_SCALE)
    if len(earlier) > 1 and leap and pitch == earlier[-2]:
        weight *= TRILL_WEIGHT if len(earlier) > 2 and earlier[-1] == earlier[-3] else RETURN_WEIGHT
    return weight


def _draw(weighted: list[tuple[Item, float]], random: Random) -> Item:
    """One item by weight, from one `random()`: the only call whose stream Python promises to keep."""
    point = random.random() * sum(weight for _, weight in weighted)
    for item, weight in weighted:
        point -= weight
        if point < 0:
            return item
    return weighted[-1][0]


def _pick(items: Sequence[Item], random: Random) -> Item:
    return items[int(random.random() * len(items))]
