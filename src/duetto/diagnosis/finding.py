"""The findings of the doctor: evidence, prediction, advice, and places to listen to."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["serious", "warning", "fine", "unknown"]
SEVERITIES: tuple[Severity, ...] = ("serious", "warning", "unknown", "fine")  # the order of a table
MAX_PLACES = 12  # maximum number of places in a finding


@dataclass(frozen=True)
class Place:
    """A stretch of a recording to listen to."""

    recording: str
    start_s: float  # in the recording
    end_s: float
    note: str = ""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Finding:
    """The outcome of one check, good or bad."""

    check: str  # name of the check, e.g. "noise"
    severity: Severity
    what: str  # a sentence; for `unknown` the reason
    evidence: dict[str, float]  # numbers with their unit in the name; NaN = undefined
    predicts: str = ""  # effect on a voice trained on these recordings
    advice: str = ""
    places: tuple[Place, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def graded(value: float, warning: float, serious: float) -> Severity:
    """Severity of a value for which higher is worse; both limits belong to the worse grade.

    For a value for which lower is worse, negate all three.
    """
    if value >= serious:
        return "serious"
    return "warning" if value >= warning else "fine"


def worst_places(places: list[Place]) -> tuple[Place, ...]:
    """At most twelve places, the longest first."""
    return tuple(sorted(places, key=lambda place: (-place.duration_s, place.recording, place.start_s))[:MAX_PLACES])
