"""Element names of the two generations of VSQX, and the ranges of its numbers.

VSQX is the XML file of the VOCALOID3 (`vsq3`) and VOCALOID4 (`vsq4`) editors: the same tree under longer and
shorter names. Song positions count from the start of the pre-measure bars, note and controller positions from
the start of their part.

Vibrato has no documented unit; the scales here are our own convention: controller 0..127 is 0..120 cents of
depth and 1.5..10 Hz of rate.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

RESOLUTION = 480  # ticks a quarter note; the editors write no other
TICKS_PER_WHOLE = 4 * RESOLUTION
BPM_SCALE = 100  # a tempo is stored in hundredths

CONTROLLER_MAX = 127
VIBRATO_POSITION_MAX = 65535  # the end of the note
VIBRATO_DEPTH_CENTS = 120.0  # own convention: depth at controller 127
VIBRATO_RATE_LOW_HZ = 1.5  # own convention: rate at controller 0
VIBRATO_RATE_SPAN_HZ = 8.5  # own convention: controller 127 is 10 Hz
VIBRATO_LENGTH_MAX = 100  # percent of the note, counted from its end

BEND_RANGE_DEFAULT = 2  # semitones, PBS before its first event
BEND_RANGE_MAX = 24
BEND_MIN, BEND_MAX = -8192, 8191
DYNAMICS_DEFAULT = 64
VELOCITY_DEFAULT = 64


@dataclass(frozen=True)
class Control:
    """A controller that a `Score` holds as a curve of its own."""

    curve: str  # field of `Score`
    default: int  # at the start of each part; values are 0..127


CONTROLS: Mapping[str, Control] = MappingProxyType(
    {
        "DYN": Control("dynamics", DYNAMICS_DEFAULT),
        "BRE": Control("breathiness", 0),
        "BRI": Control("brightness", 64),
        "CLE": Control("clearness", 0),
        "GEN": Control("gender", 64),
        "POR": Control("portamento", 64),
    }
)

# Note style as the editor writes it by default.
STYLE_DEFAULTS: Mapping[str, int] = MappingProxyType(
    {"accent": 50, "bendDep": 8, "bendLen": 0, "decay": 50, "fallPort": 0, "opening": 127, "risePort": 0}
)


@dataclass(frozen=True)
class Names:
    """Element names of one generation; `control_ids` maps its controller ids to the vsq3 ones."""

    track_number: str
    mute: str
    solo: str
    part: str
    tick: str
    duration: str
    midi: str
    velocity: str
    lyric: str
    phones: str
    style: str
    style_value: str
    sequence: str
    sequence_point: str
    sequence_position: str
    sequence_value: str
    control: str
    measure: str
    numerator: str
    denominator: str
    bpm: str
    track_name: str
    bank: str
    program: str
    control_ids: Mapping[str, str] = field(default_factory=dict)


VSQ3 = Names(
    track_number="vsTrackNo",
    mute="mute",
    solo="solo",
    part="musicalPart",
    tick="posTick",
    duration="durTick",
    midi="noteNum",
    velocity="velocity",
    lyric="lyric",
    phones="phnms",
    style="noteStyle",
    style_value="attr",
    sequence="seqAttr",
    sequence_point="elem",
    sequence_position="posNrm",
    sequence_value="elv",
    control="mCtrl",
    measure="posMes",
    numerator="nume",
    denominator="denomi",
    bpm="bpm",
    track_name="trackName",
    bank="vBS",
    program="vPC",
)
VSQ4 = Names(
    track_number="tNo",
    mute="m",
    solo="s",
    part="vsPart",
    tick="t",
    duration="dur",
    midi="n",
    velocity="v",
    lyric="y",
    phones="p",
    style="nStyle",
    style_value="v",
    sequence="seq",
    sequence_point="cc",
    sequence_position="p",
    sequence_value="v",
    control="cc",
    measure="m",
    numerator="nu",
    denominator="de",
    bpm="v",
    track_name="name",
    bank="bs",
    program="pc",
    control_ids=MappingProxyType(
        {
            "D": "DYN",
            "B": "BRE",
            "R": "BRI",
            "C": "CLE",
            "G": "GEN",
            "T": "POR",
            "S": "PBS",
            "P": "PIT",
            "X": "XSY",
            "W": "GWL",
        }
    ),
)
GENERATIONS: Mapping[str, Names] = MappingProxyType({"vsq3": VSQ3, "vsq4": VSQ4})


def bend_semitones(bend: int, bend_range: int) -> float:
    """Semitones of a PIT value under a PBS range; full scale is 8191 up and 8192 down."""
    return bend / (BEND_MAX if bend >= 0 else -BEND_MIN) * bend_range


def bend_controller(semitones: float, bend_range: int) -> int:
    """PIT value nearest to an interval within +-`bend_range` semitones; the inverse of `bend_semitones`."""
    return round(semitones / bend_range * (BEND_MAX if semitones >= 0 else -BEND_MIN))


def exact_bend(semitones: float, preferred: int) -> tuple[int, int]:
    """PIT and PBS that give an interval within +-24 semitones to the last bit, if there are any.

    Args:
        semitones: The interval.
        preferred: Range to take when it does, or when none does; +-`preferred` must hold the interval.
    """
    for bend_range in (preferred, *range(1, BEND_RANGE_MAX + 1)):
        if abs(semitones) <= bend_range:
            bend = bend_controller(semitones, bend_range)
            if bend_semitones(bend, bend_range) == semitones:
                return bend, bend_range
    return bend_controller(semitones, preferred), preferred


def bend_range_for(semitones: Iterable[float]) -> int:
    """The smallest PBS range 1.. that holds every bend."""
    widest = max((abs(value) for value in semitones), default=0.0)
    return max(math.ceil(widest - 1e-9), 1)


def vibrato_depth_cents(controller: int) -> float:
    """Depth in cents of a vibDep value 0..127."""
    return controller / CONTROLLER_MAX * VIBRATO_DEPTH_CENTS


def vibrato_depth_controller(depth_cents: float) -> int:
    """Value of vibDep nearest to a depth in cents."""
    return round(depth_cents / VIBRATO_DEPTH_CENTS * CONTROLLER_MAX)


def vibrato_rate_hz(controller: int) -> float:
    """Rate in Hz of a vibRate value 0..127."""
    return VIBRATO_RATE_LOW_HZ + controller / CONTROLLER_MAX * VIBRATO_RATE_SPAN_HZ


def vibrato_rate_controller(rate_hz: float) -> int:
    """Value of vibRate nearest to a rate in Hz."""
    return round((rate_hz - VIBRATO_RATE_LOW_HZ) / VIBRATO_RATE_SPAN_HZ * CONTROLLER_MAX)
