"""A score: lyrics, pitches and times. Times are musical (ticks) until `tempo` turns them into seconds.

Conventions: 480 ticks a quarter note; tick 0 is the start of the first bar that sounds (pre-measure
bars are already subtracted). Curves are step-hold: a value holds until the next point.
"""

from dataclasses import dataclass, field

TICKS_PER_QUARTER = 480


@dataclass(frozen=True)
class Vibrato:
    """Vibrato over the last part of a note."""

    length: float  # share of the note, 0..1, counted from its end
    depth: tuple[tuple[float, float], ...] = ()  # (position in note 0..1, depth in cents)
    rate: tuple[tuple[float, float], ...] = ()  # (position in note 0..1, rate in Hz)


@dataclass(frozen=True)
class Note:
    """One sung note."""

    tick: int  # start
    duration: int  # ticks, > 0
    midi: int  # MIDI note number
    lyric: str  # as written: kana, romaji, English or "-" (tie to the previous vowel)
    phones: str = ""  # X-SAMPA as VOCALOID writes it, space-separated; empty when absent
    velocity: int = 64  # 0..127; consonant length in VOCALOID
    vibrato: Vibrato | None = None


@dataclass(frozen=True)
class Tempo:
    """Tempo from a tick on."""

    tick: int
    bpm: float  # quarter notes a minute


@dataclass(frozen=True)
class TimeSignature:
    """Metre from a bar on."""

    measure: int
    numerator: int
    denominator: int


@dataclass(frozen=True)
class Curve:
    """A controller as (tick, value) points in its own unit; step-hold."""

    points: tuple[tuple[int, float], ...] = ()

    def at(self, tick: float, default: float) -> float:
        """Value in force at a tick; `default` before the first point."""
        value = default
        for point_tick, point_value in self.points:
            if point_tick > tick:
                break
            value = point_value
        return value


@dataclass(frozen=True)
class Score:
    """One singer's line: notes in time order that do not overlap, with tempo and expression."""

    name: str
    notes: tuple[Note, ...]
    tempos: tuple[Tempo, ...]  # first at tick 0
    time_signatures: tuple[TimeSignature, ...] = (TimeSignature(0, 4, 4),)
    pitch_bend_semitones: Curve = field(default_factory=Curve)  # PIT x PBS
    dynamics: Curve = field(default_factory=Curve)  # 0..127, default 64
    breathiness: Curve = field(default_factory=Curve)  # 0..127, default 0
    brightness: Curve = field(default_factory=Curve)  # 0..127, default 64
    clearness: Curve = field(default_factory=Curve)  # 0..127, default 0
    gender: Curve = field(default_factory=Curve)  # 0..127, default 64; above, the vocal tract is longer
    portamento: Curve = field(default_factory=Curve)  # 0..127, default 64; above, glides to a note start later
    is_muted: bool = False  # in its file, or not soloed there while another line is
    ignored: tuple[str, ...] = ()  # what the file contains and the score does not, in words
