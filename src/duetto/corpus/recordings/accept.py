"""Decides whether a recording is used, for both training and the data doctor."""

from dataclasses import dataclass
from pathlib import Path

from duetto.corpus.recordings.measure import Measured
from duetto.errors import AudioError

ARCHIVE_SUFFIXES = frozenset({".zip", ".7z", ".rar", ".tar", ".gz", ".tgz"})  # reported, never unpacked
NOT_COVERED = "is not among the recordings of the consent record"


@dataclass(frozen=True)
class Intake:
    """The usable part of a recording, and remarks on it."""

    measured: Measured
    refusal: str = ""  # a sentence that names the recording; empty = the recording is used
    refused_s: float = 0.0
    told: tuple[tuple[float, str], ...] = ()  # (unread seconds or 0, sentence)

    @property
    def used_s(self) -> float:
        """Seconds of the recording that are trained on or held out."""
        return 0.0 if self.refusal else self.measured.duration_s


def accept(path: Path, display: str, *, is_covered: bool = True, keeps_channels: bool = False) -> Intake:
    """Read a recording from end to end and decide whether it is used.

    Args:
        path: The file.
        display: Name that the user knows; the sentences begin with it.
        is_covered: Whether the consent record covers it.
        keeps_channels: Whether it is a mix, whose channels are kept.
    """
    measured = Measured()
    if path.suffix.lower() in ARCHIVE_SUFFIXES:
        return Intake(measured, f"{display} is an archive, which is not opened: unpack it first")
    try:
        for _ in measured.read(path):
            pass
    except AudioError as error:
        seconds = max(measured.expected_s, measured.duration_s)
        return Intake(measured, str(error).replace(str(path), display), seconds)
    told = tuple((entry.seconds, f"{display} {entry.reason}") for entry in measured.unread)
    reason = reason_against(measured, is_covered=is_covered, keeps_channels=keeps_channels)
    if reason:
        return Intake(measured, f"{display} {reason}", measured.duration_s, told)
    remarks = tuple((0.0, f"{display} {said}") for said in measured.remarks(keeps_channels))
    return Intake(measured, told=told + remarks)


def reason_against(measured: Measured, *, is_covered: bool = True, keeps_channels: bool = False) -> str:
    """Why a readable recording is not used, in words that follow its name; empty if it is used."""
    return measured.refusal(keeps_channels) if is_covered else NOT_COVERED
