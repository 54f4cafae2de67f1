"""Reading VSQX, the score files of VOCALOID3 (`vsq3`) and VOCALOID4 (`vsq4`).

What a `Score` holds is read: tempo, metre, notes, lyrics, phones, vibrato, and the controllers DYN, BRE, BRI, CLE, GEN,
POR, PIT and PBS. Everything else is listed in `Score.ignored`. The pre-measure bars are subtracted, so tick 0 is the
first bar that sounds. Conventions for vibrato and controllers: `vsqx_schema`.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any
from xml.etree.ElementTree import Element

from duetto.score.formats.limits import DEFAULT_BPM, MAX_BPM, MAX_MEASURES, MAX_NOTES, read_bytes
from duetto.score.formats.line import DENOMINATORS, separated
from duetto.score.formats.text import counted
from duetto.score.formats.vsqx.expression import read_curves, read_vibrato
from duetto.score.formats.vsqx.schema import (
    BPM_SCALE,
    CONTROLLER_MAX,
    GENERATIONS,
    RESOLUTION,
    STYLE_DEFAULTS,
    TICKS_PER_WHOLE,
    VELOCITY_DEFAULT,
    Names,
)
from duetto.score.formats.xml import Fields, parse_xml
from duetto.score.score import Note, Score, Tempo, TimeSignature


def read_vsqx(path: Path) -> tuple[Score, ...]:
    """The sung lines of a VSQX file: one for each vocal track that has notes, in track order.

    A track that the mixer mutes, or does not solo while it does another, is read and marked (`Score.is_muted`).
    Parts of a track are merged. Notes that overlap are shortened, and of notes that start together the
    highest stays. `Score.ignored` lists whatever was left out or changed.

    Args:
        path: A `vsq3` or `vsq4` file of at most 64 MiB.

    Raises:
        ScoreError: If the file is missing, too large, not XML, no VSQX, hostile, without notes, or holds a
            number that no song needs.
    """
    root = parse_xml(read_bytes(path), path)
    fields = Fields(path)
    if root.tag not in GENERATIONS:
        raise fields.fail(f"starts with <{root.tag[:40]}> where <vsq3> or <vsq4> is expected; it is no VSQX")
    names = GENERATIONS[root.tag]
    if sum(1 for _ in root.iter("note")) > MAX_NOTES:
        raise fields.fail(f"has more than {MAX_NOTES} notes, which no song needs")
    master = root.find("masterTrack")
    if master is None:
        raise fields.fail("has no <masterTrack>; export it from the editor again")
    resolution = fields.integer(master, "resolution", 1, 1_000_000, RESOLUTION)
    if resolution != RESOLUTION:
        raise fields.fail(f"counts {resolution} ticks a quarter note where {RESOLUTION} is expected")
    shared: list[str] = []
    signatures, pre_ticks = _read_time_signatures(master, fields, names, shared)
    tempos = _read_tempos(master, pre_ticks, fields, names, shared)
    shared.extend(_wav_lines(root, fields))
    common = Score("", (), tempos, signatures, ignored=tuple(shared))
    unheard = _unheard_tracks(root, names)
    scores = []
    for index, track in enumerate(root.findall("vsTrack")):
        score = _read_track(track, common, pre_ticks, fields, names)
        number = (track.findtext(names.track_number) or str(index)).strip()
        scores.append(replace(score, is_muted=number in unheard))
    scores = [score for score in scores if score.notes]
    if not scores:
        raise fields.fail("has no vocal track with notes; nothing can be sung")
    return tuple(scores)


def _read_time_signatures(
    master: Element, fields: Fields, names: Names, ignored: list[str]
) -> tuple[tuple[TimeSignature, ...], int]:
    """Metre changes after the pre-measure bars, and the length of these bars in ticks."""
    pre_measure = fields.integer(master, "preMeasure", 0, MAX_MEASURES, 0)
    by_measure: dict[int, TimeSignature] = {}
    for element in master.findall("timeSig"):
        measure = fields.integer(element, names.measure, 0, MAX_MEASURES)
        numerator = fields.integer(element, names.numerator, 1, 255)
        denominator = fields.integer(element, names.denominator, 1, DENOMINATORS[-1])
        if denominator not in DENOMINATORS:
            raise fields.fail(f"has the metre {numerator}/{denominator}; the lower number must be a power of two")
        by_measure[measure] = TimeSignature(measure, numerator, denominator)
    if 0 not in by_measure:
        ignored.append("no metre at the start: 4/4 assumed")
        by_measure[0] = TimeSignature(0, 4, 4)
    changes = [by_measure[measure] for measure in sorted(by_measure)]
    before = [change for change in changes if change.measure <= pre_measure]
    ends = [change.measure for change in before[1:]] + [pre_measure]
    pre_ticks = sum(
        (end - change.measure) * change.numerator * (TICKS_PER_WHOLE // change.denominator)
        for change, end in zip(before, ends, strict=True)
    )
    after = [change for change in changes if change.measure > pre_measure]
    shifted = [replace(change, measure=max(change.measure - pre_measure, 0)) for change in [before[-1], *after]]
    return tuple(shifted), pre_ticks


def _read_tempos(
    master: Element, pre_ticks: int, fields: Fields, names: Names, ignored: list[str]
) -> tuple[Tempo, ...]:
    """Tempo changes from the first bar that sounds; what was in force there comes first."""
    changes = sorted(
        (fields.tick(element, names.tick), index, fields.integer(element, names.bpm, 1, MAX_BPM * BPM_SCALE))
        for index, element in enumerate(master.findall("tempo"))
    )
    by_tick = {max(tick - pre_ticks, 0): value / BPM_SCALE for tick, _, value in changes}
    if 0 not in by_tick:
        ignored.append(f"no tempo at the start: {DEFAULT_BPM:g} BPM assumed")
        by_tick[0] = DEFAULT_BPM
    return tuple(Tempo(tick, by_tick[tick]) for tick in sorted(by_tick))


def _unheard_tracks(root: Element, names: Names) -> frozenset[str]:
    """Numbers of the tracks that the mixer mutes, or does not solo while it does another."""
    strips = root.findall("mixer/vsUnit")
    is_solo_on = any(_is_on(strip, names.solo) for strip in strips)
    return frozenset(
        (strip.findtext(names.track_number) or "").strip()
        for strip in strips
        if _is_on(strip, names.mute) or (is_solo_on and not _is_on(strip, names.solo))
    )


def _is_on(strip: Element, tag: str) -> bool:
    return (strip.findtext(tag) or "").strip() not in ("", "0")


def _read_track(track: Element, common: Score, pre_ticks: int, fields: Fields, names: Names) -> Score:
    ignored = list(common.ignored)
    parts = [(fields.tick(part, names.tick) - pre_ticks, part) for part in track.findall(names.part)]
    parts.sort(key=lambda item: item[0])
    pairs = [(start, element) for start, part in parts for element in part.findall("note")]
    if not pairs:
        return common
    clamped: Counter[str] = Counter()
    notes = [_read_note(start, element, fields, names, clamped) for start, element in pairs]
    notes = _drop_unsingable(notes, ignored)
    notes = separated(notes, ignored)
    curves: dict[str, Any] = {**read_curves(parts, fields, names, ignored)}
    ignored.extend(
        f"note {what}: {counted(count, 'value')} out of range, clamped" for what, count in sorted(clamped.items())
    )
    ignored.extend(_style_lines([element for _, element in pairs], fields, names))
    ignored.extend(_singer_lines([part for _, part in parts], fields, names))
    return replace(
        common,
        name=fields.text(track, names.track_name),
        notes=tuple(notes),
        ignored=tuple(ignored),
        **curves,
    )


def _read_note(start: int, element: Element, fields: Fields, names: Names, clamped: Counter[str]) -> Note:
    return Note(
        tick=start + fields.tick(element, names.tick),
        duration=fields.tick(element, names.duration),
        midi=fields.integer(element, names.midi, 0, 127),
        lyric=fields.text(element, names.lyric),
        phones=fields.text(element, names.phones),
        velocity=fields.clamped(element.find(names.velocity), 0, CONTROLLER_MAX, VELOCITY_DEFAULT, clamped, "velocity"),
        vibrato=read_vibrato(element.find(names.style), fields, names, clamped),
    )


def _drop_unsingable(notes: list[Note], ignored: list[str]) -> list[Note]:
    early = sum(note.tick < 0 for note in notes)
    empty = sum(note.duration == 0 for note in notes)
    if early:
        ignored.append(f"{counted(early, 'note')} in the pre-measure bars")
    if empty:
        ignored.append(f"{counted(empty, 'note')} without duration")
    return [note for note in notes if note.tick >= 0 and note.duration > 0]


def _style_lines(notes: list[Element], fields: Fields, names: Names) -> list[str]:
    """Lines for note settings that differ from the editor's defaults.

    A phoneme lock needs none: phones are always sung as written.
    """
    counts: Counter[str] = Counter()
    for note in notes:
        style = note.find(names.style)
        for value in style.findall(names.style_value) if style is not None else []:
            setting = value.get("id", "")
            if setting in STYLE_DEFAULTS and fields.number(value, -(10**9), 10**9) != STYLE_DEFAULTS[setting]:
                counts[f"note style {setting}"] += 1
    return [f"{setting} (on {counted(count, 'note')})" for setting, count in sorted(counts.items())]


def _singer_lines(parts: list[Element], fields: Fields, names: Names) -> list[str]:
    voices = {
        (fields.integer(singer, names.bank, 0, 10_000, 0), fields.integer(singer, names.program, 0, 10_000, 0))
        for part in parts
        for singer in part.findall("singer")
    }
    return [f"changes between {len(voices)} singers: all notes go to one voice"] if len(voices) > 1 else []


def _wav_lines(root: Element, fields: Fields) -> list[str]:
    """A line for each audio part; paths are from the author's machine, so only the file name is told."""
    names = [PureWindowsPath(fields.text(part, "filePath")).name for part in root.iter("wavPart")]
    return [f"audio part {name or 'without a file name'}" for name in names]
