"""Taking in one recording of the user's: read, judge, write as mono 24-bit WAV at its own rate."""

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from duetto.audio import Waveform, read_channels, read_info, write_audio
from duetto.corpus.manifest import Clip, Loss
from duetto.corpus.plan import Outcome
from duetto.errors import AudioError
from duetto.files import sha256_file
from duetto.units import amplitude_to_db

SILENT_DB = -60.0  # peak, dB against full scale
MIN_S = 0.3
PEAK_LIMIT = 0.99  # float files may exceed full scale; they are turned down and the gain recorded
HEADER_TOLERANCE_S = 0.05  # compressed formats estimate their length
SLUG_LENGTH = 40
NUM_PROBES = 256  # samples by which a recording is known again
PROBE_TOLERANCE = 1e-4  # three steps of 16 bits


def display_name(path: Path) -> str:
    """A relative path as text that any file can hold, bytes that are not UTF-8 escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def recording_id(display: str, sha256: str) -> str:
    """A short name safe for files and pages: letters of the file's name and 8 digits of its content hash."""
    ascii_name = unicodedata.normalize("NFKD", Path(display).stem).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:SLUG_LENGTH].strip("-")
    digest = sha256 or hashlib.sha256(display.encode()).hexdigest()
    return f"{slug or 'recording'}-{digest[:8]}"


@dataclass(frozen=True)
class Recording:
    """A job: one file of the user's."""

    path: str  # with undecodable bytes as surrogates, as the operating system gave it
    display: str  # relative, for people
    name: str  # see `recording_id`
    sha256: str  # of the file's bytes; empty for a link to nothing
    singer: str
    is_covered: bool  # by the consent record

    def run(self, folder: Path) -> Outcome:
        """Write the audio, or say why not."""
        path = Path(self.path)
        try:
            claimed_s = read_info(path).duration_s
        except AudioError as error:
            return self._refuse(0.0, str(error).replace(str(path), self.display))
        try:
            channels, sample_rate = read_channels(path)
        except AudioError as error:
            return self._refuse(claimed_s, str(error).replace(str(path), self.display))
        duration_s = channels.shape[1] / sample_rate
        missing_s = claimed_s - duration_s
        losses = []
        if missing_s > HEADER_TOLERANCE_S:
            losses.append(Loss(self._id, missing_s, f"{self.display} breaks off: its header promises more"))
        waveform = channels.mean(axis=0, dtype=np.float32)
        reason = self._reason_against(channels, waveform, duration_s)
        if reason:
            return Outcome(losses=(*losses, Loss(self._id, duration_s, f"{self.display} {reason}")))
        return self._write(folder, waveform, sample_rate, tuple(losses))

    @property
    def _id(self) -> str:
        return f"target/{self.name}"

    def _refuse(self, seconds: float, reason: str) -> Outcome:
        return Outcome(losses=(Loss(self._id, seconds, reason),))

    def _reason_against(self, channels: Waveform, waveform: Waveform, duration_s: float) -> str:
        if not self.is_covered:
            return "is not among the recordings of the consent record"
        if duration_s < MIN_S:
            return f"is shorter than {MIN_S} s"
        if amplitude_to_db(float(np.max(np.abs(waveform)))) >= SILENT_DB:
            return ""
        if amplitude_to_db(float(np.max(np.abs(channels)))) >= SILENT_DB:
            return "is silent as a mix: its channels cancel each other. Export it as mono"
        return f"is silent: its peak is below {SILENT_DB:.0f} dBFS"

    def _write(self, folder: Path, waveform: Waveform, sample_rate: int, losses: tuple[Loss, ...]) -> Outcome:
        notes: dict[str, Any] = {
            "id": self._id,
            "sample_rate": sample_rate,
            "num_samples": len(waveform),
            "probes": waveform[np.linspace(0, len(waveform) - 1, NUM_PROBES).astype(int)].tolist(),
        }
        peak = float(np.max(np.abs(waveform)))
        if peak > 1.0:
            notes["gain"] = PEAK_LIMIT / peak
            waveform = (waveform * np.float32(PEAK_LIMIT / peak)).astype(np.float32)
        path = f"audio/{self.name}.wav"
        write_audio(folder / path, waveform, sample_rate)
        clip = Clip(
            id=self._id,
            path=path,
            sha256=sha256_file(folder / path),
            role="target",
            split="train",
            song=self.name,
            singer=self.singer,
            sample_rate=sample_rate,
            num_samples=len(waveform),
        )
        return Outcome((clip,), losses, notes)


def is_same_recording(notes: dict[str, Any], others: dict[str, Any]) -> bool:
    """Whether two outcomes hold the same audio, be it in another lossless format or to fewer bits."""
    same_form = all(notes[key] == others[key] for key in ("sample_rate", "num_samples"))
    return same_form and bool(np.allclose(notes["probes"], others["probes"], rtol=0.0, atol=PROBE_TOLERANCE))
