"""The data doctor: finds problems of recordings before a voice is trained on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from duetto.diagnosis.checks.songs import wanted_songs
from duetto.diagnosis.diagnosis import Diagnosis, Problem
from duetto.diagnosis.examine import SHORT, THOROUGH, examine
from duetto.diagnosis.finding import Finding
from duetto.diagnosis.gather import DoctorInput, open_input
from duetto.front.waveform import AnyPath
from duetto.report.doctor_page import write_doctor_page


@dataclass(frozen=True)
class Report:
    """The result of an examination."""

    diagnosis: Diagnosis = field(repr=False)
    recordings: DoctorInput = field(repr=False)

    @property
    def verdict(self) -> str:
        """One sentence."""
        return self.diagnosis.verdict

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One per check, the most severe first: severity, statement, evidence, prediction, advice, places."""
        return self.diagnosis.ranked

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Recordings that could not be examined, and why."""
        return self.diagnosis.problems

    @property
    def seconds(self) -> float:
        """Seconds of examined audio."""
        return self.diagnosis.seconds

    @property
    def usable_s(self) -> float:
        """Seconds of singing that a training would use."""
        return self.diagnosis.finding("usable").evidence["duetto_s"]

    def to_html(self, path: AnyPath) -> Path:
        """Write a page with plots and playable excerpts as one file; the recordings are read again for it.

        Raises:
            StorageError: If it cannot be written.
        """
        write_doctor_page(self.diagnosis, self.recordings, Path(path))
        return Path(path)

    def as_dict(self) -> dict[str, Any]:
        """The JSON values that `python -m duetto doctor --json` writes."""
        return self.diagnosis.as_dict()


def doctor(path: AnyPath, songs: Sequence[AnyPath] = (), *, transpose: float = 0.0, is_quick: bool = False) -> Report:
    """Examine recordings before training, as `python -m duetto doctor PATH` does.

    Args:
        path: A recording, a folder of recordings, a built corpus, or a .ddb with its consent.yaml.
        songs: Songs to convert: score files, recordings, embedded songs; a corpus has its own.
        transpose: Semitones by which the songs will be transposed.
        is_quick: Whether slow checks are left out: fingerprints of duplicates, singers, most of the pitch audit.

    Raises:
        CorpusError: If the path does not exist, or holds nothing of a known kind.
        AudioError: If it is a file without audio, or a song cannot be read.
        ScoreError: If a score cannot be read.

    Example:
        >>> import duetto, numpy, soundfile, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> tone = 0.3 * numpy.sin(2 * numpy.pi * 220 * numpy.arange(48000) / 24000)
        >>> soundfile.write(f"{folder.name}/tone.wav", tone, 24000)
        >>> report = duetto.doctor(folder.name, is_quick=True)
        >>> report.usable_s, report.seconds
        (2.0, 2.0)
        >>> report.to_html(f"{folder.name}/doctor.html").is_file()
        True
        >>> folder.cleanup()
    """
    recordings = open_input(Path(path))
    wanted = wanted_songs([str(song) for song in songs], transpose, recordings)
    depth = replace(SHORT if is_quick else THOROUGH, is_one_recording=recordings.is_one_recording)
    return Report(examine(recordings.name, recordings.sounds(), wanted, depth), recordings)
