"""Intake of one of the user's recordings: read, check, write as 24-bit WAV at its own rate.

The file is read twice in blocks, first to check and then to write, so that memory does not grow with
its length. What is written is mono, or has the file's channels where the corpus is of mixes.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from duetto.corpus.jobs import Outcome
from duetto.corpus.manifest import Clip, Dropped
from duetto.corpus.recordings.measure import Measured
from duetto.errors import AudioError
from duetto.storage.audio import Waveform, read_blocks, write_blocks
from duetto.storage.files import sha256_file
from duetto.storage.full_scale import gain_to_fit

ARCHIVE_SUFFIXES = frozenset({".zip", ".7z", ".rar", ".tar", ".gz", ".tgz"})  # reported, never unpacked
NOT_COVERED = "is not among the recordings of the consent record"
SLUG_LENGTH = 40
NUM_SAMPLED = 256  # samples by which a recording is recognised
SAMPLED_TOLERANCE = 1e-4  # three steps of 16 bits


def display_name(path: Path) -> str:
    """A relative path as text that any file can hold, bytes that are not UTF-8 escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def recording_id(display: str, sha256: str) -> str:
    """A short name, safe in file names and pages: letters of the file's name and 8 digits of its content hash."""
    ascii_name = unicodedata.normalize("NFKD", Path(display).stem).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:SLUG_LENGTH].strip("-")
    digest = sha256 or hashlib.sha256(display.encode()).hexdigest()
    return f"{slug or 'recording'}-{digest[:8]}"


@dataclass
class SampledValues:
    """Evenly spaced samples of a waveform that comes in blocks."""

    num_samples: int
    values: list[float] = field(default_factory=list)
    done: int = 0

    def add(self, block: Waveform) -> None:
        """Take the mono block that follows."""
        places = np.linspace(0, self.num_samples - 1, NUM_SAMPLED).astype(int)
        inside = places[(places >= self.done) & (places < self.done + block.shape[-1])]
        self.values += block[inside - self.done].tolist()
        self.done += block.shape[-1]


@dataclass(frozen=True)
class Recording:
    """A job: one file of the user's."""

    path: str  # with undecodable bytes as surrogates, as the operating system gave it
    display: str  # relative, for people
    name: str  # see `recording_id`
    sha256: str  # of the file's bytes; empty for a link to nothing
    singer: str
    is_covered: bool  # by the consent record
    keeps_channels: bool = field(default=False, kw_only=True)

    def run(self, folder: Path) -> Outcome:
        """Write the audio, or report why it is dropped."""
        path = Path(self.path)
        if path.suffix.lower() in ARCHIVE_SUFFIXES:
            return self._refuse(0.0, f"{self.display} is an archive, which is not opened: unpack it first")
        measured = Measured()
        try:
            for _ in measured.read(path):
                pass
        except AudioError as error:
            seconds = max(measured.expected_s, measured.duration_s)
            return self._refuse(seconds, str(error).replace(str(path), self.display))
        dropped = [Dropped(self._id, entry.seconds, f"{self.display} {entry.reason}") for entry in measured.unread]
        reason = self._reason_against(measured)
        if reason:
            return Outcome(dropped=(*dropped, Dropped(self._id, measured.duration_s, f"{self.display} {reason}")))
        dropped += [Dropped(self._id, 0.0, f"{self.display} {said}") for said in measured.remarks(self.keeps_channels)]
        return self._write(folder, measured, read_blocks(path), tuple(dropped))

    @property
    def _id(self) -> str:
        return f"target/{self.name}"

    def _refuse(self, seconds: float, reason: str) -> Outcome:
        return Outcome(dropped=(Dropped(self._id, seconds, reason),))

    def _reason_against(self, measured: Measured) -> str:
        return measured.refusal(self.keeps_channels) if self.is_covered else NOT_COVERED

    def _write(
        self, folder: Path, measured: Measured, blocks: Iterator[Waveform], dropped: tuple[Dropped, ...]
    ) -> Outcome:
        loud = measured.channels if self.keeps_channels else measured.mono
        gain = gain_to_fit(loud.ceiling) if loud.ceiling > 1.0 else 1.0  # as float files may be
        sampled = SampledValues(measured.num_samples)

        def prepared() -> Iterator[Waveform]:
            for block in blocks:
                mono = block.mean(axis=0, dtype=np.float32)
                sampled.add(mono)
                waveform = loud.limit(block if self.keeps_channels else mono)
                yield waveform if gain == 1.0 else (waveform * np.float32(gain)).astype(np.float32)

        path = f"audio/{self.name}.wav"
        write_blocks(folder / path, prepared(), measured.sample_rate)
        notes: dict[str, Any] = {
            "id": self._id,
            "sample_rate": measured.sample_rate,
            "num_samples": measured.num_samples,
            "sampled": sampled.values,
        }
        if gain != 1.0:
            notes["gain"] = gain
        clip = Clip(
            id=self._id,
            path=path,
            sha256=sha256_file(folder / path),
            role="target",
            split="train",
            song=self.name,
            singer=self.singer,
            sample_rate=measured.sample_rate,
            num_samples=measured.num_samples,
        )
        return Outcome((clip,), dropped, notes)


def is_same_recording(notes: dict[str, Any], others: dict[str, Any]) -> bool:
    """Whether two outcomes hold the same audio, possibly in another lossless format or with fewer bits."""
    same_form = all(notes[key] == others[key] for key in ("sample_rate", "num_samples"))
    return same_form and bool(np.allclose(notes["sampled"], others["sampled"], rtol=0.0, atol=SAMPLED_TOLERANCE))
