"""The complete result of an examination: findings, examined seconds, and problems."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.diagnosis.finding import SEVERITIES, Finding, Place, Severity

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Problem:
    """A recording that could not be examined completely or unchanged, and the reason."""

    recording: str
    reason: str


@dataclass(frozen=True)
class Diagnosis:
    """The diagnosis of one corpus, folder or file."""

    name: str
    findings: tuple[Finding, ...]  # one per check, in the order of the checks
    seconds: float  # examined
    recordings: int
    problems: tuple[Problem, ...] = ()
    register_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(128))  # seconds at each MIDI semitone
    songs_s: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)  # the same for each song to convert
    is_short: bool = False  # slow checks were left out
    used_s: Mapping[str, float] = field(default_factory=dict)  # seconds of each recording that training uses

    @property
    def ranked(self) -> tuple[Finding, ...]:
        """Findings, the most severe first."""
        return tuple(sorted(self.findings, key=lambda finding: SEVERITIES.index(finding.severity)))

    def of(self, *severities: Severity) -> tuple[Finding, ...]:
        """Findings of the given severities."""
        return tuple(finding for finding in self.findings if finding.severity in severities)

    def finding(self, check: str) -> Finding:
        return next(finding for finding in self.findings if finding.check == check)

    @property
    def exit_status(self) -> int:
        """Exit status for scripts: 1 if a finding is serious, else 0."""
        return int(bool(self.of("serious")))

    @property
    def verdict(self) -> str:
        """One sentence."""
        serious, warnings, unknown = (len(self.of(severity)) for severity in ("serious", "warning", "unknown"))
        if serious:
            names = ", ".join(finding.check for finding in self.of("serious"))
            return f"{serious} serious ({names}), {warnings} to watch, {unknown} unknown."
        return f"Nothing serious; {warnings} to watch, {unknown} unknown."

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "verdict": self.verdict,
            "exit_status": self.exit_status,
            "seconds": self.seconds,
            "recordings": self.recordings,
            "is_short": self.is_short,
            "used_s": dict(self.used_s),
            "findings": [finding.as_dict() for finding in self.findings],
            "problems": [{"recording": problem.recording, "reason": problem.reason} for problem in self.problems],
            "register_s": {str(midi): seconds for midi, seconds in enumerate(self.register_s.tolist()) if seconds > 0},
            "songs_s": {
                name: {str(midi): seconds for midi, seconds in enumerate(song.tolist()) if seconds > 0}
                for name, song in self.songs_s.items()
            },
        }


def diagnosis_from_dict(value: Any) -> Diagnosis:
    """Rebuild a diagnosis from the JSON values of `Diagnosis.as_dict`.

    Raises:
        KeyError, TypeError, ValueError: If the value is something else, or of another format.
    """
    if value["format_version"] != FORMAT_VERSION:
        raise ValueError(f"format {value['format_version']}; expected {FORMAT_VERSION}")
    findings = tuple(
        Finding(
            **{
                **finding,
                "evidence": {k: float("nan") if v is None else float(v) for k, v in finding["evidence"].items()},
                "places": tuple(Place(**place) for place in finding["places"]),
            }
        )
        for finding in value["findings"]
    )
    return Diagnosis(
        value["name"],
        findings,
        value["seconds"],
        value["recordings"],
        tuple(Problem(**problem) for problem in value["problems"]),
        _histogram(value["register_s"]),
        {name: _histogram(song) for name, song in value["songs_s"].items()},
        value["is_short"],
        value.get("used_s", {}),
    )


def _histogram(seconds: Mapping[str, float]) -> NDArray[np.float64]:
    total = np.zeros(128)
    for midi, value in seconds.items():
        total[int(midi)] = value
    return total
