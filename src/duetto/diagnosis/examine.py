"""The examination: every check measures each sound once, then judges all its evidence.

Sounds are analysed one after the other and discarded, so memory does not grow with the corpus. Training sounds are
examined; held-out sounds are only compared with them for duplicates.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.conversion.register import NUM_SEMITONES
from duetto.diagnosis.checks import (
    amount,
    bleed,
    clipping,
    codec,
    coverage,
    duplicates,
    fragments,
    gate,
    holes,
    lengths,
    noise,
    pitch_audit,
    register,
    room,
    singers,
    speech,
    tempo,
    usable,
)
from duetto.diagnosis.diagnosis import Diagnosis, Problem
from duetto.diagnosis.finding import Finding
from duetto.diagnosis.sound import Heard, Sound
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.features.f0 import F0Extractor, build_f0_extractor
from duetto.features.trackers.registry import second_opinion
from duetto.progress import ReportName
from duetto.settings.config import F0Config

AUDIT_PIECE_S = 5.0  # of each sound, until the total is reached

# name, module with measure(heard) and conclude(evidence)
SIMPLE: tuple[tuple[str, Any], ...] = (
    ("tempo", tempo),
    ("noise", noise),
    ("room", room),
    ("gate", gate),
    ("holes", holes),
    ("clipping", clipping),
    ("codec", codec),
    ("bleed", bleed),
    ("lengths", lengths),
    ("fragments", fragments),
    ("coverage", coverage),
    ("usable", usable),
)


@dataclass(frozen=True)
class Depth:
    """Thoroughness of an examination."""

    audit_s: float = 30.0  # of audio for the comparison of two pitch trackers
    has_singers: bool = True
    has_landmarks: bool = True  # otherwise duplicates are found only by equal samples
    is_one_recording: bool = False  # a single recording, whose amount is not judged

    @property
    def is_short(self) -> bool:
        """Whether checks are left out."""
        return not (self.has_singers and self.has_landmarks)


THOROUGH = Depth()
SHORT = Depth(audit_s=3.0, has_singers=False, has_landmarks=False)


@dataclass
class Examination:
    """Collects the evidence of all checks."""

    depth: Depth = THOROUGH
    tracker: F0Extractor = field(default_factory=lambda: build_f0_extractor(F0Config()))
    second_tracker: str = field(default_factory=lambda: second_opinion(F0Config().method))
    evidence: dict[str, list[Any]] = field(default_factory=dict)
    used_s: dict[str, float] = field(default_factory=dict)  # of each recording
    audited_s: float = 0.0
    encoder: SpeakerEncoder | None = None

    def hear(
        self, sound: Sound, known_f0_hz: NDArray[np.float32] | None = None, known: frozenset[str] = frozenset()
    ) -> None:
        """Measure one sound, except for the checks in `known`, whose evidence is added separately."""
        heard = Heard(sound, self.tracker, known_f0_hz)
        if "duplicates" not in known:
            self.add("duplicates", duplicates.measure(heard, self.depth.has_landmarks))
        if sound.split != "train":
            return
        self.used_s[sound.recording] = self.used_s.get(sound.recording, 0.0) + sound.duration_s
        for name, check in (("register", register), *SIMPLE):
            if name not in known:
                self.add(name, check.measure(heard))
        if "amount" not in known:
            self.add("amount", amount.AmountEvidence(sound.duration_s, self._of("usable")[-1].sung_s))
        left_s = min(AUDIT_PIECE_S, max(0.0, self.depth.audit_s - self.audited_s))
        audit = pitch_audit.measure(heard, left_s, self.second_tracker)
        self.audited_s += min(left_s, sound.duration_s)
        self.add("pitch", audit)
        if self.depth.has_singers:
            self.encoder = self.encoder or SpeakerEncoder()
            self.add("singers", singers.measure(heard, self.encoder))

    def conclude(self, songs: Mapping[str, NDArray[np.float64]]) -> tuple[Finding, ...]:
        """The findings, one per check."""
        found = [amount.conclude(self._of("amount"), self.depth.is_one_recording)]
        found += [register.conclude(self._of("register"), songs), speech.conclude(self._spoken)]
        found += [check.conclude(self._of(name)) for name, check in SIMPLE]
        found.insert(-2, fragments.conclude_pitches(self._of("fragments")))
        found += [pitch_audit.conclude(self._of("pitch")), duplicates.conclude(self._of("duplicates"))]
        if self.depth.has_singers:
            found.append(singers.conclude(self._of("singers")))
        return tuple(found)

    def add(self, name: str, evidence: Any) -> None:
        """Add evidence for one check."""
        self.evidence.setdefault(name, []).append(evidence)

    def _of(self, name: str) -> list[Any]:
        return self.evidence.get(name, [])

    @property
    def _spoken(self) -> list[speech.SpeechEvidence]:
        return [item.speech for item in self._of("tempo")]

    @property
    def register_s(self) -> NDArray[np.float64]:
        """Seconds at each semitone, (128,)."""
        return np.sum([item.seconds for item in self._of("register")], axis=0) + np.zeros(NUM_SEMITONES)


def examine(
    name: str,
    sounds: Iterable[Sound | Problem],
    songs: Mapping[str, NDArray[np.float64]] | None = None,
    depth: Depth = THOROUGH,
    progress: ReportName | None = None,
) -> Diagnosis:
    """Examine sounds with all checks.

    Args:
        name: Name of the examined data, for the heading.
        sounds: Pieces of recordings in order; problems among them are reported and skipped.
        songs: Seconds per semitone (128,) of the songs to convert.
        depth: Thoroughness.
        progress: Called with a recording's name before it is analysed.

    Returns:
        The diagnosis with one finding per check; `unknown` with the reason if the sounds do not suffice.
    """
    examination = Examination(depth)
    problems = []
    for sound in sounds:
        if isinstance(sound, Problem):
            problems.append(sound)
            continue
        if progress is not None:
            progress(sound.recording)
        examination.hear(sound)
    return close(name, examination, songs or {}, tuple(problems))


def close(
    name: str, examination: Examination, songs: Mapping[str, NDArray[np.float64]], problems: tuple[Problem, ...] = ()
) -> Diagnosis:
    """The diagnosis of the sounds measured so far."""
    return Diagnosis(
        name,
        examination.conclude(songs),
        sum(examination.used_s.values()),
        len(examination.used_s),
        problems,
        examination.register_s,
        songs,
        examination.depth.is_short,
        examination.used_s,
    )
