"""The bars of a part, one by one: notes of each voice, tempo and metre, with positions in quarter notes.

A bar is a tape: notes, `forward` and `backup` move the position, chord notes share that of the note before them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from xml.etree.ElementTree import Element

from duetto.score.formats.limits import MAX_TICK
from duetto.score.formats.musicxml.lyrics import has_more_verses, read_lyric
from duetto.score.formats.xml import Fields
from duetto.score.score import TICKS_PER_QUARTER

STEPS = MappingProxyType({"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11})
LONGEST = Fraction(MAX_TICK, TICKS_PER_QUARTER)
BEAT_QUARTERS: Mapping[str, Fraction] = MappingProxyType(
    {
        "breve": Fraction(8),
        "whole": Fraction(4),
        "half": Fraction(2),
        "quarter": Fraction(1),
        "eighth": Fraction(1, 2),
        "16th": Fraction(1, 4),
    }
)


@dataclass(frozen=True)
class Sung:
    """One written note, or the highest of a chord; positions in quarter notes from the bar's start."""

    start: Fraction
    duration: Fraction
    midi: int
    lyric: str | None  # None: nothing is written below it
    continues: bool  # tied to the note before
    is_continued: bool  # tied to the note after


@dataclass
class Measure:
    """One bar of a part."""

    length: Fraction = Fraction(0)
    metre: tuple[int, int] | None = None  # where it changes
    tempos: list[tuple[Fraction, float]] = field(default_factory=list)
    voices: dict[str, list[Sung]] = field(default_factory=dict)


@dataclass
class _Tape:
    """Where a part is read."""

    fields: Fields
    told: Counter[str]
    divisions: Fraction = Fraction(1)
    shift: int = 0  # semitones from written to sounding
    position: Fraction = Fraction(0)
    chord_start: Fraction = Fraction(0)


def read_measures(part: Element, fields: Fields, told: Counter[str]) -> list[Measure]:
    """The bars of a part.

    Args:
        part: Of a partwise score.
        fields: Access to the file.
        told: Counts what is left out, in words.

    Raises:
        ScoreError: If a number is none, or is one that no song needs.
    """
    tape = _Tape(fields, told)
    return [_read_measure(element, tape) for element in part.findall("measure")]


def _read_measure(element: Element, tape: _Tape) -> Measure:
    measure = Measure()
    tape.position = tape.chord_start = Fraction(0)
    for child in element:
        if child.tag == "note":
            _read_note(child, measure, tape)
        elif child.tag in ("backup", "forward"):
            step = _quarters(child, tape)
            tape.position = max(tape.position + (step if child.tag == "forward" else -step), Fraction(0))
        elif child.tag == "attributes":
            _read_attributes(child, measure, tape)
        elif child.tag in ("direction", "sound"):
            _read_tempo(child, measure, tape)
        elif child.tag == "barline" and child.find("repeat") is not None:
            tape.told["repeat signs, sung once"] += 1
        if tape.position > LONGEST:
            raise tape.fields.fail("has a bar that is longer than any song")
        measure.length = max(measure.length, tape.position)
    return measure


def _read_attributes(element: Element, measure: Measure, tape: _Tape) -> None:
    if element.find("divisions") is not None:
        tape.divisions = tape.fields.fraction(element, "divisions")
        if tape.divisions <= 0:
            raise tape.fields.fail("has <divisions> 0 where more is expected")
    transpose = element.find("transpose")
    if transpose is not None:
        octaves = tape.fields.fraction(transpose, "octave-change", Fraction(0))
        tape.shift = round(tape.fields.fraction(transpose, "chromatic", Fraction(0)) + 12 * octaves)
    time = element.find("time")
    if time is not None and time.find("senza-misura") is None:
        beats = [tape.fields.number_in(part, 1, 255) for part in (time.findtext("beats") or "").split("+")]
        beat_type = tape.fields.integer(time, "beat-type", 1, 64)
        if beat_type & (beat_type - 1) or sum(beats) > 255:
            raise tape.fields.fail(f"has the metre {sum(beats)}/{beat_type}, which no song needs")
        measure.metre = (sum(beats), beat_type)


def _read_tempo(element: Element, measure: Measure, tape: _Tape) -> None:
    """`tempo` of a sound element, else a metronome mark."""
    sound = element if element.tag == "sound" else element.find("sound")
    offset = tape.fields.fraction(element, "offset", Fraction(0)) / tape.divisions
    place = max(tape.position + offset, Fraction(0))
    written = sound.get("tempo") if sound is not None else None
    if written:
        measure.tempos.append((place, float(tape.fields.fraction_in(written, "tempo"))))
        return
    metronome = element.find("direction-type/metronome")
    unit = BEAT_QUARTERS.get(metronome.findtext("beat-unit") or "") if metronome is not None else None
    if metronome is None or unit is None or metronome.find("per-minute") is None:
        return
    text = (metronome.findtext("per-minute") or "").strip()
    if not text.replace(".", "", 1).isdecimal():  # "ca. 80", "80-90"
        tape.told["metronome marks in words"] += 1
        return
    dots = min(len(metronome.findall("beat-unit-dot")), 4)
    quarters = tape.fields.fraction_in(text, "per-minute") * unit * (2 - Fraction(1, 2**dots))
    measure.tempos.append((place, float(quarters)))


def _read_note(element: Element, measure: Measure, tape: _Tape) -> None:
    if element.find("grace") is not None:
        tape.told["grace notes"] += 1
        return
    duration = _quarters(element, tape)
    is_chord = element.find("chord") is not None
    if not is_chord:
        tape.chord_start = tape.position
        tape.position += duration
    pitch = element.find("pitch")
    if pitch is None or element.find("cue") is not None:
        if element.find("rest") is None:
            tape.told["notes without pitch or in cue size"] += 1
        return
    ties = {tie.get("type") for tie in element.findall("tie")}
    ties |= {tie.get("type") for tie in element.findall("notations/tied")}
    lyric = read_lyric(element, tape.fields)
    tape.told["syllables of further verses"] += has_more_verses(element)
    sung = Sung(tape.chord_start, duration, _midi(pitch, tape), lyric, "stop" in ties, "start" in ties)
    line = measure.voices.setdefault((element.findtext("voice") or "1").strip()[:20], [])
    if is_chord and line and line[-1].start == sung.start:
        tape.told["lower notes of chords"] += 1
        line[-1] = _highest(line[-1], sung)
    else:
        line.append(sung)


def _highest(first: Sung, other: Sung) -> Sung:
    """The highest of two notes of a chord, with the syllable of either."""
    lyric = first.lyric if first.lyric is not None else other.lyric
    return replace(first if first.midi >= other.midi else other, lyric=lyric)


def _midi(pitch: Element, tape: _Tape) -> int:
    step = (pitch.findtext("step") or "").strip()
    if step not in STEPS:
        raise tape.fields.fail(f"has <step> {step[:20]!r} where a letter from A to G is expected")
    alter = tape.fields.fraction(pitch, "alter", Fraction(0))
    if alter.denominator != 1:
        tape.told["quarter tones, sung at the nearest semitone"] += 1
    octave = tape.fields.integer(pitch, "octave", -1, 9)
    midi = 12 * (octave + 1) + STEPS[step] + round(alter) + tape.shift
    if not 0 <= midi <= 127:
        raise tape.fields.fail(f"has a note {midi}, which is outside MIDI 0 to 127")
    return midi


def _quarters(element: Element, tape: _Tape) -> Fraction:
    quarters = tape.fields.fraction(element, "duration", Fraction(0)) / tape.divisions
    if not 0 <= quarters <= LONGEST:
        raise tape.fields.fail(f"has a <duration> of {float(quarters):g} quarter notes, which no song needs")
    return quarters
