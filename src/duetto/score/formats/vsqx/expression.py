"""The expression in a VSQX: vibrato of notes, and the controller curves of a track's parts as one line.

A part starts with every controller at its default, and where parts overlap the later one wins.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from xml.etree.ElementTree import Element

from duetto.score.formats.text import counted
from duetto.score.formats.vsqx.schema import (
    BEND_MAX,
    BEND_MIN,
    BEND_RANGE_DEFAULT,
    BEND_RANGE_MAX,
    CONTROLLER_MAX,
    CONTROLS,
    VIBRATO_LENGTH_MAX,
    VIBRATO_POSITION_MAX,
    Names,
    bend_semitones,
    vibrato_depth_cents,
    vibrato_rate_hz,
)
from duetto.score.formats.xml import Fields
from duetto.score.score import Curve, Vibrato

BENDS = {"PIT": (BEND_MIN, BEND_MAX), "PBS": (0, BEND_RANGE_MAX)}

Points = list[tuple[int, float]]
Event = tuple[int, str, int]  # tick in the part, vsq3 controller id, value


def read_vibrato(style: Element | None, fields: Fields, names: Names, clamped: Counter[str]) -> Vibrato | None:
    """Vibrato of a note style; None when its length or type is 0, the editor's way of saying none.

    Numbers out of range are clamped and counted in `clamped`; a last point one past the end
    of the note is common and not counted.
    """
    if style is None:
        return None
    values = {value.get("id"): value for value in style.findall(names.style_value)}
    length = fields.clamped(values.get("vibLen"), 0, VIBRATO_LENGTH_MAX, 0, clamped)
    kind = fields.clamped(values.get("vibType"), 0, 10_000, 0, clamped)
    if length == 0 or kind == 0:
        return None
    points: dict[str | None, list[tuple[float, int]]] = {}
    for sequence in style.findall(names.sequence):
        points[sequence.get("id")] = [
            (
                min(
                    fields.integer(point, names.sequence_position, 0, VIBRATO_POSITION_MAX + 1) / VIBRATO_POSITION_MAX,
                    1.0,
                ),
                fields.clamped(point.find(names.sequence_value), 0, CONTROLLER_MAX, 0, clamped),
            )
            for point in sequence.findall(names.sequence_point)
        ]
    return Vibrato(
        length / VIBRATO_LENGTH_MAX,
        depth=tuple((position, vibrato_depth_cents(value)) for position, value in points.get("vibDep", [])),
        rate=tuple((position, vibrato_rate_hz(value)) for position, value in points.get("vibRate", [])),
    )


def read_curves(
    parts: Iterable[tuple[int, Element]], fields: Fields, names: Names, ignored: list[str]
) -> dict[str, Curve]:
    """Controllers of a track, by the field of `Score` that holds them.

    Args:
        parts: Start tick in the song and element of each part, in rising order.
        fields: Access to the file.
        names: Element names of its generation.
        ignored: Gains a line for each controller that a `Score` does not hold, and for values out of range.

    Raises:
        ScoreError: If a controller value is no number.
    """
    bend: Points = []
    curves: dict[str, Points] = {identity: [] for identity in CONTROLS}
    others: Counter[str] = Counter()
    clamped: Counter[str] = Counter()
    for start, part in parts:
        _reset(bend, start, 0.0)
        for identity, control in CONTROLS.items():
            _reset(curves[identity], start, float(control.default))
        events = sorted(_read_events(part, fields, names, others, clamped), key=itemgetter(0))
        for tick, value in _bend_points(events):
            _put(bend, start + tick, value)
        for tick, identity, level in events:
            if identity in curves:
                _put(curves[identity], start + tick, float(level))
    ignored.extend(f"controller {identity} ({counted(count, 'point')})" for identity, count in sorted(others.items()))
    ignored.extend(
        f"controller {identity}: {counted(count, 'value')} out of range, clamped"
        for identity, count in sorted(clamped.items())
    )
    return {
        "pitch_bend_semitones": Curve(tuple(bend)),
        **{control.curve: Curve(tuple(curves[identity])) for identity, control in CONTROLS.items()},
    }


def _read_events(
    part: Element, fields: Fields, names: Names, others: Counter[str], clamped: Counter[str]
) -> list[Event]:
    events = []
    for control in part.findall(names.control):
        tick = fields.tick(control, names.tick)
        for value in control.findall(names.style_value):
            raw_id = value.get("id", "")
            identity = names.control_ids.get(raw_id, raw_id)
            if identity in BENDS or identity in CONTROLS:
                low, high = BENDS.get(identity, (0, CONTROLLER_MAX))
                events.append((tick, identity, fields.clamped(value, low, high, 0, clamped, identity)))
            else:
                others[identity[:20] or "without a name"] += 1
    return events


def _bend_points(events: list[Event]) -> Points:
    """PIT x PBS: a point for each PIT event, and for each PBS event that moves a bend other than 0."""
    points: Points = []
    bend, bend_range = 0, BEND_RANGE_DEFAULT
    for tick, group in groupby(events, key=itemgetter(0)):
        moved = False
        for _, control, value in group:
            if control == "PIT":
                bend, moved = value, True
            elif control == "PBS":
                moved = moved or (bend != 0 and value != bend_range)
                bend_range = value
        if moved:
            points.append((tick, bend_semitones(bend, bend_range)))
    return points


def _reset(points: Points, tick: int, default: float) -> None:
    """Drop points at or after a part's start, and return to the default there."""
    tick = max(tick, 0)
    while points and points[-1][0] >= tick:
        points.pop()
    if points and points[-1][1] != default:
        points.append((tick, default))


def _put(points: Points, tick: int, value: float) -> None:
    tick = max(tick, 0)
    if points and points[-1][0] == tick:
        points.pop()
    points.append((tick, value))
