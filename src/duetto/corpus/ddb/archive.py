"""Builds a corpus from the user's own singer database, a .ddb with or without its .ddi.

The consent record is beside the file, and besides the singer's consent it has to state the user's right to extract the
sounds (`rights_statement`). `data.fragments.join` decides how sounds become clips; after that they are treated like a
folder of recordings (`corpus.folder`): silent and short ones go to the ledger, a tenth each to val and test.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from duetto.corpus.ddb.bank import DdbSegment, read_ddb, read_segment
from duetto.corpus.embedded_cases.fragments import arrange, lay_together, least_samples
from duetto.corpus.jobs import Outcome
from duetto.corpus.manifest import Dropped
from duetto.corpus.recordings.accept import reason_against
from duetto.corpus.recordings.held_out import SPLIT_SHARE
from duetto.corpus.recordings.intake import Recording, display_name, recording_id
from duetto.corpus.recordings.listing import DEFAULT_SINGER
from duetto.corpus.recordings.measure import Measured
from duetto.errors import CorpusError
from duetto.ownership.consent import CONSENT_NAME, Consent, require_rights
from duetto.ownership.consent_file import read_record
from duetto.ownership.gate import require_consent
from duetto.settings.case_config import FragmentConfig
from duetto.settings.config import DataConfig
from duetto.storage.audio import resample
from duetto.storage.files import sha256_file


def read_archive_consent(config: DataConfig, today: date) -> Consent:
    """The consent record beside a .ddb, checked for training and for the right to use the file.

    Raises:
        CorpusError: If the file or the record is missing, does not allow training today, or states no right.
    """
    path = Path(config.path or "")
    if config.path is None or not path.is_file():
        raise CorpusError(f"data.path={config.path}: there is no such file. Name the .ddb, as data.path=FILE.ddb.")
    record = path.with_name(CONSENT_NAME)
    consent = read_record(record)
    require_consent(consent, "train", record, today)
    require_rights(consent, path)
    return consent


@dataclass(frozen=True)
class ArchiveClip(Recording):
    """A job: some sounds of an archive, joined end to end."""

    segments: tuple[DdbSegment, ...]
    sample_rate: int  # of the clip, Hz
    least_samples: int  # padded with silence to this length

    def run(self, folder: Path) -> Outcome:
        """Write the audio, or report why it is dropped."""
        with Path(self.path).open("rb") as file:
            sounds = [
                resample(read_segment(file, segment), segment.sample_rate, self.sample_rate)
                for segment in self.segments
            ]
        waveform = lay_together(sounds, self.least_samples)
        duration_s = len(waveform) / self.sample_rate
        measured = Measured(self.sample_rate)
        measured.add(waveform[None])
        reason = reason_against(measured, is_covered=self.is_covered, keeps_channels=self.keeps_channels)
        if reason:
            return Outcome(dropped=(Dropped(self._id, duration_s, f"{self.display} {reason}"),))
        outcome = self._write(folder, measured, iter((waveform[None],)), ())
        sung = sum(len(sound) for sound in sounds)  # lengths distinguish clips quickly, but padding makes them equal
        return replace(outcome, notes={**outcome.notes, "num_samples": sung})


@dataclass(frozen=True)
class Archive:
    """An opened .ddb: the jobs of its clips, and the settings that determine them."""

    clips: tuple[ArchiveClip, ...]
    settings: dict[str, Any]  # JSON values; content, not paths


def open_archive(config: DataConfig, fragments: FragmentConfig, consent: Consent) -> Archive:
    """Find the sounds of `config.path` and plan their clips, each a job for `corpus.folder.plan_folder`.

    Raises:
        ConfigError: If the fragments' settings contradict each other.
        CorpusError: If the file cannot be read or holds no sound, or states no right.
    """
    fragments.validate()
    path = Path(config.path or "")
    require_rights(consent, path)
    archive = read_ddb(path)
    digest = sha256_file(path)
    sample_rate = commonest_rate(archive.segments)
    lengths = [round(segment.duration_s * sample_rate) for segment in archive.segments]
    display = display_name(Path(path.name))
    clips = tuple(
        ArchiveClip(
            path=str(path),
            display=f"{display}, sounds {min(group) + 1} to {max(group) + 1},",
            name=f"{recording_id(display, digest)}-{number:05d}",
            sha256=digest,
            singer=config.singer or DEFAULT_SINGER,
            is_covered=not consent.recordings or digest in consent.recordings,
            segments=tuple(archive.segments[index] for index in group),
            sample_rate=sample_rate,
            least_samples=least_samples(fragments.join, fragments.padding_ms, sample_rate),
        )
        for number, group in enumerate(arrange(lengths, sample_rate, fragments.join, config.seed))
    )
    settings = {
        "archive": digest,
        "archive_report": archive.report,
        "num_sounds": len(archive.segments),
        "num_named": sum(bool(segment.phones) for segment in archive.segments),
        "seconds": sum(segment.duration_s for segment in archive.segments),
        "sample_rate": sample_rate,
        "join": fragments.join,
        "padding_ms": fragments.padding_ms if fragments.join == "zero_padding" else 0.0,
        "seed": config.seed,
        "singer": config.singer or DEFAULT_SINGER,
        "split_share": SPLIT_SHARE,
        "evaluation": "reconstruction: sources are held-out sounds of the archive itself",
    }
    return Archive(clips, settings)


def commonest_rate(segments: Sequence[DdbSegment]) -> int:
    """The sample rate of most seconds of an archive, Hz; among equals, the highest."""
    seconds: Counter[int] = Counter()
    for segment in segments:
        seconds[segment.sample_rate] += segment.num_samples
    return max(seconds, key=lambda rate: (seconds[rate] / rate, rate))
