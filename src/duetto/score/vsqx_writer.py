"""Writing a score as a VOCALOID4 VSQX that the editor opens and `read_vsqx` reads back unchanged.

The file stores whole numbers, so values are rounded to its steps: 0.01 BPM, 0.94 cents of vibrato depth,
0.07 Hz of vibrato rate, 1 % of vibrato length, and 1/8191 of the widest bend. A score that was read from a
VSQX without changes of bend range loses nothing. `Score.ignored` is not written.
"""

import math
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from duetto.errors import ScoreError
from duetto.files import atomic_path
from duetto.score.score import Curve, Note, Score, TimeSignature, Vibrato
from duetto.score.tempo import TempoMap
from duetto.score.vsqx_schema import (
    BEND_RANGE_MAX,
    BPM_SCALE,
    CONTROLLER_MAX,
    DENOMINATORS,
    RESOLUTION,
    STYLE_DEFAULTS,
    TICKS_PER_WHOLE,
    VIBRATO_LENGTH_MAX,
    VIBRATO_POSITION_MAX,
    bend_controller,
    bend_range_for,
    vibrato_depth_controller,
    vibrato_rate_controller,
)
from duetto.score.vsqx_xml import MAX_TICK

PRE_MEASURE = 4  # bars, as the editor's new song has it
NAMESPACE = "http://www.yamaha.co.jp/vocaloid/schema/vsq4/"
VOICE_ID = "DUETTO0000000000"  # 16 characters; the editor offers its own voices for one that it does not know
VOICE_NAME = "duetto"
STYLE_PLUGIN_ID = "ACA9C502-A04B-42b5-B2EB-5CEA36D16FCE"
STYLE_PLUGIN_NAME = "VOCALOID2 Compatible Style"


def write_vsqx(score: Score, path: Path) -> None:
    """Write one score as one track with one part, atomically.

    Args:
        score: Notes in time order that do not overlap, at ticks >= 0. Names, lyrics and phones hold no control
            characters, and no blanks but single ones between words.
        path: File to make or replace.

    Raises:
        ScoreError: If the score has no notes, or a value that the format cannot hold.
        StorageError: If the folder cannot be written.
    """
    text = vsqx_text(score)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def vsqx_text(score: Score) -> str:
    """What `write_vsqx` writes, as UTF-8 would hold it.

    Raises:
        ScoreError: As `write_vsqx`.
    """
    _check(score)
    return "\n".join(_lines(score)) + "\n"


def _check(score: Score) -> None:
    if not score.notes:
        raise ScoreError(f"The score {score.name!r} has no notes; there is nothing to write.")
    end = 0
    for note in score.notes:
        if note.tick < end or note.duration <= 0:
            raise ScoreError(
                f"The score {score.name!r} has a note at tick {note.tick} that overlaps the one before or has no "
                "duration; put the notes in time order."
            )
        end = note.tick + note.duration
    TempoMap(score.tempos)  # refuses a clock that cannot run
    measures = [signature.measure for signature in score.time_signatures]
    if measures[:1] != [0] or measures != sorted(set(measures)):
        raise ScoreError(f"The score {score.name!r} has no metre at its start, or metre changes out of order.")
    if any(signature.denominator not in DENOMINATORS for signature in score.time_signatures):
        raise ScoreError(f"The score {score.name!r} has a metre whose lower number is not a power of two up to 64.")
    for curve in (score.pitch_bend_semitones, score.dynamics):
        ticks = [-1, *(tick for tick, _ in curve.points)]
        if any(later <= earlier for earlier, later in pairwise(ticks)):
            raise ScoreError(f"The score {score.name!r} has a curve whose points are not in time order from tick 0.")
        end = max(end, ticks[-1])
    _within(max(end, score.tempos[-1].tick), 0, MAX_TICK // 2, "last tick")


def _lines(score: Score) -> Iterable[str]:
    first = score.time_signatures[0]
    pre_ticks = PRE_MEASURE * first.numerator * TICKS_PER_WHOLE // first.denominator
    yield '<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
    yield (
        f'<vsq4 xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{NAMESPACE} vsq4.xsd">'
    )
    yield f"<vender>{_cdata('Yamaha corporation')}</vender><version>{_cdata('4.0.0.3')}</version>"
    yield (
        f"<vVoiceTable><vVoice><bs>0</bs><pc>0</pc><id>{_cdata(VOICE_ID)}</id><name>{_cdata(VOICE_NAME)}</name>"
        "<vPrm><bre>0</bre><bri>0</bri><cle>0</cle><gen>0</gen><ope>0</ope></vPrm></vVoice></vVoiceTable>"
    )
    yield from _mixer_lines()
    yield "<masterTrack>"
    yield f"<seqName>{_cdata(score.name)}</seqName><comment>{_cdata('')}</comment>"
    yield f"<resolution>{RESOLUTION}</resolution><preMeasure>{PRE_MEASURE}</preMeasure>"
    yield from (_time_signature(signature) for signature in score.time_signatures)
    for tempo in score.tempos:
        tick = tempo.tick + pre_ticks if tempo.tick else 0
        yield f"<tempo><t>{tick}</t><v>{_within(tempo.bpm * BPM_SCALE, 1, 100_000, 'tempo')}</v></tempo>"
    yield "</masterTrack>"
    yield from _track_lines(score, pre_ticks)
    yield "<monoTrack></monoTrack>"
    yield "<stTrack></stTrack>"
    yield f"<aux><id>{_cdata('AUX_VST_HOST_CHUNK_INFO')}</id><content>{_cdata('')}</content></aux>"
    yield "</vsq4>"


def _mixer_lines() -> Iterable[str]:
    send = "<iGin>0</iGin><sLvl>-898</sLvl><sEnable>0</sEnable><m>0</m><s>0</s><pan>64</pan><vol>0</vol>"
    yield "<mixer>"
    yield "<masterUnit><oDev>0</oDev><rLvl>0</rLvl><vol>0</vol></masterUnit>"
    yield f"<vsUnit><tNo>0</tNo>{send}</vsUnit>"
    yield f"<monoUnit>{send}</monoUnit>"
    yield "<stUnit><iGin>0</iGin><m>0</m><s>0</s><vol>-129</vol></stUnit>"
    yield "</mixer>"


def _time_signature(signature: TimeSignature) -> str:
    measure = signature.measure + PRE_MEASURE if signature.measure else 0
    return f"<timeSig><m>{measure}</m><nu>{signature.numerator}</nu><de>{signature.denominator}</de></timeSig>"


def _track_lines(score: Score, pre_ticks: int) -> Iterable[str]:
    last = score.notes[-1]
    curve_ticks = [curve.points[-1][0] for curve in (score.pitch_bend_semitones, score.dynamics) if curve.points]
    end = max([last.tick + last.duration, *curve_ticks]) + RESOLUTION
    yield f"<vsTrack><tNo>0</tNo><name>{_cdata(score.name)}</name><comment>{_cdata('')}</comment>"
    yield f"<vsPart><t>{pre_ticks}</t><playTime>{end}</playTime>"
    yield f"<name>{_cdata(score.name)}</name><comment>{_cdata('')}</comment>"
    yield (
        f"<sPlug><id>{_cdata(STYLE_PLUGIN_ID)}</id><name>{_cdata(STYLE_PLUGIN_NAME)}</name>"
        f"<version>{_cdata('3.0.0.1')}</version></sPlug>"
    )
    yield f"<pStyle>{_style_values()}</pStyle>"
    yield "<singer><t>0</t><bs>0</bs><pc>0</pc></singer>"
    yield from _control_lines(score.pitch_bend_semitones, score.dynamics)
    yield from (_note(note) for note in score.notes)
    yield "<plane>0</plane></vsPart></vsTrack>"


def _control_lines(bend: Curve, dynamics: Curve) -> Iterable[str]:
    """All controller events in time order; one bend range that just holds the widest bend."""
    events = [
        (tick, f'<v id="D">{_within(value, 0, CONTROLLER_MAX, "dynamics")}</v>') for tick, value in dynamics.points
    ]
    if bend.points:
        widest = max((value for _, value in bend.points), key=abs)
        _within(widest, -BEND_RANGE_MAX, BEND_RANGE_MAX, "pitch bend")
        bend_range = bend_range_for([widest])
        events.append((0, f'<v id="S">{bend_range}</v>'))
        events.extend((tick, f'<v id="P">{bend_controller(value, bend_range)}</v>') for tick, value in bend.points)
    yield from (f"<cc><t>{tick}</t>{value}</cc>" for tick, value in sorted(events, key=lambda event: event[0]))


def _note(note: Note) -> str:
    lyric, phones = _cdata(note.lyric), _cdata(note.phones)
    midi = _within(note.midi, 0, 127, "note number")
    velocity = _within(note.velocity, 0, CONTROLLER_MAX, "velocity")
    style = f"{_style_values()}{_vibrato(note.vibrato)}"
    return (
        f"<note><t>{note.tick}</t><dur>{note.duration}</dur><n>{midi}</n><v>{velocity}</v>"
        f"<y>{lyric}</y><p>{phones}</p><nStyle>{style}</nStyle></note>"
    )


def _style_values() -> str:
    return "".join(f'<v id="{setting}">{value}</v>' for setting, value in STYLE_DEFAULTS.items())


def _vibrato(vibrato: Vibrato | None) -> str:
    if vibrato is None:
        return '<v id="vibLen">0</v><v id="vibType">0</v>'
    length = _within(vibrato.length * VIBRATO_LENGTH_MAX, 1, VIBRATO_LENGTH_MAX, "vibrato length")
    depth = [(position, vibrato_depth_controller(value)) for position, value in vibrato.depth]
    rate = [(position, vibrato_rate_controller(value)) for position, value in vibrato.rate]
    sequences = "".join(
        f'<seq id="{identity}">{"".join(_vibrato_point(position, value) for position, value in points)}</seq>'
        for identity, points in (("vibDep", depth), ("vibRate", rate))
        if points
    )
    return f'<v id="vibLen">{length}</v><v id="vibType">1</v>{sequences}'


def _vibrato_point(position: float, controller: int) -> str:
    tick = _within(position * VIBRATO_POSITION_MAX, 0, VIBRATO_POSITION_MAX, "vibrato position")
    return f"<cc><p>{tick}</p><v>{_within(controller, 0, CONTROLLER_MAX, 'vibrato')}</v></cc>"


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
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
