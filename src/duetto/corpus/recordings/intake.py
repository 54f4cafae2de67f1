"""Intake of one of the user's recordings: reads, checks, and writes it as 24-bit WAV at its own rate.

The file is read twice in blocks, first to decide whether it is used (`accept`) and then to write it, so that memory
does not grow with its length. The result is mono, or has the file's channels if the corpus consists of mixes.
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
from duetto.corpus.recordings.accept import accept
from duetto.corpus.recordings.measure import Measured
from duetto.corpus.recordings.repeats import SampledValues
from duetto.ownership.marking.find import mark_in
from duetto.storage.audio import Waveform, read_blocks, write_blocks
from duetto.storage.files import sha256_file
from duetto.storage.full_scale import gain_to_fit

SLUG_LENGTH = 40
CONVERTED = "carries duetto's watermark: it is a conversion, and whose voice it is nobody knows without its record"


def display_name(path: Path) -> str:
    """A relative path as valid text, with bytes that are not UTF-8 escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def recording_id(display: str, sha256: str) -> str:
    """A short name, safe in file names and pages: letters of the file's name and 8 digits of its content hash."""
    ascii_name = unicodedata.normalize("NFKD", Path(display).stem).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:SLUG_LENGTH].strip("-")
    digest = sha256 or hashlib.sha256(display.encode()).hexdigest()
    return f"{slug or 'recording'}-{digest[:8]}"


@dataclass(frozen=True)
class Recording:
    """A job: one of the user's files."""

    path: str  # as given by the operating system, with undecodable bytes as surrogates
    display: str  # relative path for users
    name: str  # see `recording_id`
    sha256: str  # of the file's bytes; empty for a dangling link
    singer: str
    is_covered: bool  # by the consent record
    keeps_channels: bool = field(default=False, kw_only=True)
    is_examined: bool = field(default=False, kw_only=True)  # for the watermark of a conversion

    def run(self, folder: Path) -> Outcome:
        """Write the audio, or report why it is dropped."""
        path = Path(self.path)
        taken = accept(path, self.display, is_covered=self.is_covered, keeps_channels=self.keeps_channels)
        dropped = tuple(Dropped(self._id, seconds, sentence) for seconds, sentence in taken.told)
        if taken.refusal:
            return Outcome(dropped=(*dropped, Dropped(self._id, taken.refused_s, taken.refusal)))
        return self._write(folder, taken.measured, read_blocks(path), dropped)

    @property
    def _id(self) -> str:
        return f"target/{self.name}"

    def _write(
        self, folder: Path, measured: Measured, blocks: Iterator[Waveform], dropped: tuple[Dropped, ...]
    ) -> Outcome:
        loud = measured.channels if self.keeps_channels else measured.mono
        gain = gain_to_fit(loud.ceiling) if loud.ceiling > 1.0 else 1.0  # possible in float files
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
        if self.is_examined and (mark := mark_in(folder / path)).is_marked:
            notes["mark"] = mark.p_value
            dropped += (Dropped(self._id, 0.0, f"{self.display} {CONVERTED}"),)
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
