"""Reading SVP, the projects of Synthesizer V Studio 1 and 2.

Positions are in blicks, 705,600,000 a quarter note. A track has a main group of notes, and refers to groups of the
library, each moved in time and pitch. `-` continues a vowel, as here; `+`, the next syllable of the word before, is
read as `-`; `br` is a breath. Pitch deviation becomes pitch bend; the other parameters and the program's own vibrato
have no counterpart.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from duetto.score.formats.limits import MAX_MEASURES, MAX_NOTES, fault, tick_within
from duetto.score.formats.line import DENOMINATORS, clock, metre, one_line
from duetto.score.formats.svp.deviation import read_deviation
from duetto.score.formats.svp.fields import Fields, read_json
from duetto.score.formats.text import counted
from duetto.score.score import TICKS_PER_QUARTER, Curve, Note, Score, Tempo, TimeSignature

BLICKS_PER_QUARTER = 705_600_000
BLICKS_PER_TICK = BLICKS_PER_QUARTER // TICKS_PER_QUARTER
POINTS_PER_NOTE = 20  # numbers of a curve that weigh as much as a note against the limit
SLURS = frozenset({"+", "+~", "+*"})
BREATHS = frozenset({"br", ".br"})
SILENT = frozenset({".sil", ".pau"})  # phonemes: without the dot they are words
OTHER_PARAMETERS = ("loudness", "tension", "breathiness", "voicing", "gender", "toneShift", "vibratoEnv")


def read_svp(path: Path) -> tuple[Score, ...]:
    """The sung lines of a project: one for each track that has notes, in the order of the file.

    Args:
        path: A file of at most 16 MiB.

    Raises:
        ScoreError: If it cannot be opened, is no project, has no notes, or holds a number that no song needs.
    """
    project, fields = read_json(path), Fields(path)
    if not isinstance(project.get("tracks"), list):
        raise fault(path, "has no tracks; it is no project of Synthesizer V Studio")
    shared: list[str] = []
    time = fields.group(project, "time")
    common = Score("", (), _tempos(time, fields, shared), _metre(time, fields), ignored=tuple(shared))
    library = {fields.text(group, "uuid"): group for group in fields.groups(project, "library")}
    tracks = fields.groups(project, "tracks")
    solo = any(fields.group(track, "mixer").get("solo") is True for track in tracks)
    scores, count = [], 0
    for track in tracks:
        references = list(_references(track, library, fields))
        count += sum(len(fields.groups(group, "notes")) for group, _ in references)
        count += sum(_num_points(group, fields) for group, _ in references) // POINTS_PER_NOTE + len(references)
        if count > MAX_NOTES:
            raise fault(path, f"has more than {MAX_NOTES} notes, which no song needs")
        score = _read_track(track, references, common, fields)
        mixer = fields.group(track, "mixer")
        is_muted = mixer.get("mute") is True or (solo and mixer.get("solo") is not True)
        scores.append(replace(score, is_muted=is_muted))
    scores = [score for score in scores if score.notes]
    if not scores:
        raise fault(path, "has no track with notes; nothing can be sung")
    return tuple(scores)


def as_tick(blicks: float) -> int:
    """The tick nearest to a position or length in blicks."""
    return round(blicks / BLICKS_PER_TICK)


def _tempos(time: dict[str, Any], fields: Fields, ignored: list[str]) -> tuple[Tempo, ...]:
    changes = [
        (as_tick(fields.integer(change, "position", 0)), fields.number(change, "bpm"))
        for change in fields.groups(time, "tempo")
    ]
    return clock(sorted(changes, key=lambda change: change[0]), fields.path, ignored)


def _metre(time: dict[str, Any], fields: Fields) -> tuple[TimeSignature, ...]:
    changes = []
    for change in fields.groups(time, "meter"):
        measure, upper, lower = (fields.integer(change, key, 0) for key in ("index", "numerator", "denominator"))
        if not (0 <= measure <= MAX_MEASURES and 1 <= upper <= 255 and lower in DENOMINATORS):
            raise fault(fields.path, f"has the metre {upper}/{lower} at bar {measure}, which no song needs")
        changes.append(TimeSignature(measure, upper, lower))
    return metre(changes)


def _references(
    track: dict[str, Any], library: dict[str, dict[str, Any]], fields: Fields
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each group of notes of a track with the reference that places it."""
    main = fields.group(track, "mainGroup")
    reference = fields.group(track, "mainRef")
    if reference.get("isInstrumental") is not True:
        yield main, reference
    for reference in fields.groups(track, "groups"):
        group = library.get(fields.text(reference, "groupID"))
        if group is not None and reference.get("isInstrumental") is not True and reference.get("mute") is not True:
            yield group, reference


def _num_points(group: dict[str, Any], fields: Fields) -> int:
    points = fields.group(fields.group(group, "parameters"), "pitchDelta").get("points")
    return len(points) if isinstance(points, list) else 0


def _read_track(
    track: dict[str, Any], references: list[tuple[dict[str, Any], dict[str, Any]]], common: Score, fields: Fields
) -> Score:
    told: Counter[str] = Counter()
    notes: list[Note] = []
    bend: list[tuple[int, float]] = []
    for group, reference in references:
        offset = fields.integer(reference, "blickOffset", 0)
        shift = fields.integer(reference, "pitchOffset", 0)
        for element in fields.groups(group, "notes"):
            notes += _read_note(element, offset, shift, fields, told)
        parameters = fields.group(group, "parameters")
        bend += read_deviation(fields.group(parameters, "pitchDelta"), offset, BLICKS_PER_TICK, fields.path)
        told.update(key for key in OTHER_PARAMETERS if fields.group(parameters, key).get("points"))
    ignored = [*common.ignored, *(f"{what} ({counted(count, 'time')})" for what, count in sorted(told.items()))]
    merged = {max(tick, 0): value for tick, value in sorted(bend, key=lambda point: point[0])}
    return replace(
        common,
        name=fields.text(track, "name"),
        notes=one_line(notes, ignored),
        pitch_bend_semitones=Curve(tuple(merged.items())),
        ignored=tuple(ignored),
    )


def _read_note(element: dict[str, Any], offset: int, shift: int, fields: Fields, told: Counter[str]) -> Iterator[Note]:
    onset = fields.integer(element, "onset") + offset
    end_blicks = onset + fields.integer(element, "duration")
    start, end = (tick_within(as_tick(blicks), fields.path) for blicks in (onset, end_blicks))
    midi = fields.integer(element, "pitch") + shift
    if not 0 <= midi <= 127:
        raise fault(fields.path, f"has a note of pitch {midi}, which is outside 0 to 127")
    lyric = fields.text(element, "lyrics")
    if lyric.lower() in BREATHS or lyric.lower() in SILENT:
        told["breath or pause left as a rest"] += 1
        return
    if lyric in SLURS:
        told["syllable sign + sung on the vowel before it"] += 1
        lyric = "-"
    if fields.text(element, "phonemes"):
        told["phonemes of a note: its lyric is read instead"] += 1
    if fields.number(element, "detune", 0.0):
        told["detuned note"] += 1
    yield Note(start, end - start, midi, lyric)
