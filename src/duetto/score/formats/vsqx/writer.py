"""Writing scores as a VSQX that the editors open and `read_vsqx` reads back unchanged.

The file stores whole numbers, so values are rounded to its steps: 0.01 BPM, 0.94 cents of vibrato depth,
0.07 Hz of vibrato rate, 1 % of vibrato length, and 1/8191 of the widest bend. What was read from a VSQX lies on
these steps and loses nothing. `Score.ignored` is not written.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from duetto.errors import ScoreError
from duetto.score.formats.limits import MAX_TICK
from duetto.score.formats.line import check_song
from duetto.score.formats.vsqx.furniture import FURNITURE, Furniture, cdata
from duetto.score.formats.vsqx.schema import (
    BEND_RANGE_DEFAULT,
    BEND_RANGE_MAX,
    BPM_SCALE,
    CONTROLLER_MAX,
    CONTROLS,
    GENERATIONS,
    RESOLUTION,
    STYLE_DEFAULTS,
    TICKS_PER_WHOLE,
    VIBRATO_LENGTH_MAX,
    VIBRATO_POSITION_MAX,
    Names,
    bend_range_for,
    exact_bend,
    vibrato_depth_controller,
    vibrato_rate_controller,
)
from duetto.score.score import Curve, Note, Score, TimeSignature, Vibrato
from duetto.storage.files import atomic_path

PRE_MEASURE = 4  # bars, as the editor's new song has it
NAMESPACE = "http://www.yamaha.co.jp/vocaloid/schema/{generation}/"
CONTROL_TAIL_TICKS = RESOLUTION  # a part ends a quarter note after its last event

Generation = Literal["vsq3", "vsq4"]


@dataclass(frozen=True)
class Dialect:
    """How one generation writes things."""

    generation: Generation
    names: Names
    furniture: Furniture

    def control_id(self, identity: str) -> str:
        """Id of a controller that vsq3 calls `identity`."""
        own = {ours: theirs for theirs, ours in self.names.control_ids.items()}
        return own.get(identity, identity)


def write_vsqx(scores: Score | Sequence[Score], path: Path, generation: Generation = "vsq4") -> None:
    """Write a score as one track with one part, or several as tracks of one song; atomically.

    Args:
        scores: Notes in time order that do not overlap, at ticks >= 0. Names, lyrics and phones hold no control
            characters, and no blanks but single ones between words. Several share tempo and metre.
        path: File to make or replace.
        generation: `vsq4` for VOCALOID4 and later, `vsq3` for VOCALOID3.

    Raises:
        ScoreError: If a score has no notes, or a value that the format cannot hold.
        StorageError: If the folder cannot be written.
    """
    text = vsqx_text(scores, generation)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def vsqx_text(scores: Score | Sequence[Score], generation: Generation = "vsq4") -> str:
    """What `write_vsqx` writes, as UTF-8.

    Raises:
        ScoreError: As `write_vsqx`.
    """
    scores = (scores,) if isinstance(scores, Score) else tuple(scores)
    check_song(scores)
    for score in scores:
        _check_curves(score)
    return "\n".join(_lines(scores, Dialect(generation, GENERATIONS[generation], FURNITURE[generation]))) + "\n"


def _check_curves(score: Score) -> None:
    end = score.notes[-1].tick + score.notes[-1].duration
    for curve in _curves(score):
        ticks = [-1, *(tick for tick, _ in curve.points)]
        if any(later <= earlier for earlier, later in pairwise(ticks)):
            raise ScoreError(f"The score {score.name!r} has a curve whose points are not in time order from tick 0.")
        end = max(end, ticks[-1])
    _within(max(end, score.tempos[-1].tick), 0, MAX_TICK // 2, "last tick")


def _curves(score: Score) -> tuple[Curve, ...]:
    return (score.pitch_bend_semitones, *(_control_curve(score, identity) for identity in CONTROLS))


def _control_curve(score: Score, identity: str) -> Curve:
    curve: Curve = getattr(score, CONTROLS[identity].curve)
    return curve


def _lines(scores: Sequence[Score], dialect: Dialect) -> Iterable[str]:
    names, furniture, first = dialect.names, dialect.furniture, scores[0]
    metre = first.time_signatures[0]
    pre_ticks = PRE_MEASURE * metre.numerator * TICKS_PER_WHOLE // metre.denominator
    namespace = NAMESPACE.format(generation=dialect.generation)
    yield '<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
    yield (
        f'<{dialect.generation} xmlns="{namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{namespace} {dialect.generation}.xsd">'
    )
    yield f"<vender>{cdata('Yamaha corporation')}</vender><version>{cdata(furniture.version)}</version>"
    yield furniture.voice_table
    yield "<mixer>"
    yield furniture.master_mixer
    yield from (
        furniture.track_mixer.format(number=number, mute=int(score.is_muted)) for number, score in enumerate(scores)
    )
    yield furniture.other_mixers
    yield "</mixer>"
    yield "<masterTrack>"
    yield f"<seqName>{_cdata(first.name)}</seqName><comment>{cdata('')}</comment>"
    yield f"<resolution>{RESOLUTION}</resolution><preMeasure>{PRE_MEASURE}</preMeasure>"
    yield from (_time_signature(signature, names) for signature in first.time_signatures)
    for tempo in first.tempos:
        tick = tempo.tick + pre_ticks if tempo.tick else 0
        bpm = _within(tempo.bpm * BPM_SCALE, 1, 100_000, "tempo")
        yield f"<tempo><{names.tick}>{tick}</{names.tick}><{names.bpm}>{bpm}</{names.bpm}></tempo>"
    yield "</masterTrack>"
    for number, score in enumerate(scores):
        yield from _track_lines(number, score, pre_ticks, dialect)
    yield from furniture.tail
    yield f"</{dialect.generation}>"


def _time_signature(signature: TimeSignature, names: Names) -> str:
    measure = signature.measure + PRE_MEASURE if signature.measure else 0
    return (
        f"<timeSig><{names.measure}>{measure}</{names.measure}><{names.numerator}>{signature.numerator}"
        f"</{names.numerator}><{names.denominator}>{signature.denominator}</{names.denominator}></timeSig>"
    )


def _track_lines(number: int, score: Score, pre_ticks: int, dialect: Dialect) -> Iterable[str]:
    names, furniture = dialect.names, dialect.furniture
    last = score.notes[-1]
    curve_ticks = [curve.points[-1][0] for curve in _curves(score) if curve.points]
    end = max([last.tick + last.duration, *curve_ticks]) + CONTROL_TAIL_TICKS
    name = _cdata(score.name)
    yield (
        f"<vsTrack><{names.track_number}>{number}</{names.track_number}>"
        f"<{names.track_name}>{name}</{names.track_name}><comment>{cdata('')}</comment>"
    )
    yield f"<{names.part}><{names.tick}>{pre_ticks}</{names.tick}><playTime>{end}</playTime>"
    yield f"<{furniture.part_name}>{name}</{furniture.part_name}><comment>{cdata('')}</comment>"
    yield furniture.plugin
    yield f"<{furniture.part_style}>{_style_values(names)}</{furniture.part_style}>"
    yield furniture.before_controls
    yield from _control_lines(score, dialect)
    yield from (_note(note, names) for note in score.notes)
    yield furniture.after_notes


def _control_lines(score: Score, dialect: Dialect) -> Iterable[str]:
    """All controller events in time order."""
    events = [
        (tick, identity, _within(value, 0, CONTROLLER_MAX, CONTROLS[identity].curve))
        for identity in CONTROLS
        for tick, value in _control_curve(score, identity).points
    ]
    events.extend(_bend_events(score.pitch_bend_semitones))
    names = dialect.names
    for tick, identity, value in sorted(events, key=lambda event: event[0]):
        setting = f'<{names.style_value} id="{dialect.control_id(identity)}">{value}</{names.style_value}>'
        yield f"<{names.control}><{names.tick}>{tick}</{names.tick}>{setting}</{names.control}>"


def _bend_events(bend: Curve) -> Iterable[tuple[int, str, int]]:
    """PIT for each point, under one PBS that just holds the widest bend; another where only that gives the value."""
    if not bend.points:
        return
    widest = max((value for _, value in bend.points), key=abs)
    _within(widest, -BEND_RANGE_MAX, BEND_RANGE_MAX, "pitch bend")
    usual = bend_range_for([widest])
    ranges = {tick: exact_bend(value, usual) for tick, value in bend.points}
    current = BEND_RANGE_DEFAULT
    if any(bend_range == usual for _, bend_range in ranges.values()):
        yield 0, "PBS", usual
        current = usual
    for tick, (controller, bend_range) in ranges.items():
        if bend_range != current:
            yield tick, "PBS", bend_range
            current = bend_range
        yield tick, "PIT", controller


def _note(note: Note, names: Names) -> str:
    fields = {
        names.tick: note.tick,
        names.duration: note.duration,
        names.midi: _within(note.midi, 0, 127, "note number"),
        names.velocity: _within(note.velocity, 0, CONTROLLER_MAX, "velocity"),
        names.lyric: _cdata(note.lyric),
        names.phones: _cdata(note.phones),
        names.style: f"{_style_values(names)}{_vibrato(note.vibrato, names)}",
    }
    return f"<note>{''.join(f'<{tag}>{value}</{tag}>' for tag, value in fields.items())}</note>"


def _setting(names: Names, identity: str, value: int) -> str:
    return f'<{names.style_value} id="{identity}">{value}</{names.style_value}>'


def _style_values(names: Names) -> str:
    return "".join(_setting(names, setting, value) for setting, value in STYLE_DEFAULTS.items())


def _vibrato(vibrato: Vibrato | None, names: Names) -> str:
    if vibrato is None:
        return _setting(names, "vibLen", 0) + _setting(names, "vibType", 0)
    length = _within(vibrato.length * VIBRATO_LENGTH_MAX, 1, VIBRATO_LENGTH_MAX, "vibrato length")
    depth = [(position, vibrato_depth_controller(value)) for position, value in vibrato.depth]
    rate = [(position, vibrato_rate_controller(value)) for position, value in vibrato.rate]
    sequences = "".join(
        f'<{names.sequence} id="{identity}">'
        f"{''.join(_vibrato_point(position, value, names) for position, value in points)}</{names.sequence}>"
        for identity, points in (("vibDep", depth), ("vibRate", rate))
        if points
    )
    return _setting(names, "vibLen", length) + _setting(names, "vibType", 1) + sequences


def _vibrato_point(position: float, controller: int, names: Names) -> str:
    tick = _within(position * VIBRATO_POSITION_MAX, 0, VIBRATO_POSITION_MAX, "vibrato position")
    value = _within(controller, 0, CONTROLLER_MAX, "vibrato")
    return (
        f"<{names.sequence_point}><{names.sequence_position}>{tick}</{names.sequence_position}>"
        f"<{names.sequence_value}>{value}</{names.sequence_value}></{names.sequence_point}>"
    )


def _within(value: float, low: int, high: int, what: str) -> int:
    rounded = round(value) if math.isfinite(value) else low - 1
    if not low <= rounded <= high:
        raise ScoreError(f"The {what} {value:g} cannot be written: VSQX holds {low} to {high}.")
    return rounded


def _cdata(text: str) -> str:
    if any(character < " " or "\ud800" <= character <= "\udfff" or character in "\ufffe\uffff" for character in text):
        raise ScoreError(f"The text {text!r} cannot be written: control characters are not allowed in XML.")
    if text != " ".join(text.split()):
        raise ScoreError(f"The text {text!r} cannot be written: only single blanks between words survive.")
    return cdata(text)
