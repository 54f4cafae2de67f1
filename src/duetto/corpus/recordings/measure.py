"""Measures a recording before it is used: length, level, unread seconds, and whether it is usable.

Training and the data doctor both use this module, so that they agree.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from duetto.storage.audio import Waveform, checked
from duetto.storage.audio_file import AudioInfo, Unread
from duetto.storage.audio_open import open_audio
from duetto.storage.full_scale import LoudSamples
from duetto.storage.standard_level import say_quiet
from duetto.units import amplitude_to_db

SILENT_DB = -60.0  # peak, dB against full scale
MIN_S = 0.3
CANCELLED = 0.25  # power of the mix relative to that of the channels; uncorrelated channels have half


@dataclass
class Measured:
    """Result of the first pass over a file."""

    sample_rate: int = 1
    subtype: str = ""
    expected_s: float = 0.0  # according to the header
    num_samples: int = 0
    num_channels: int = 0
    peak: float = 0.0  # of the mean of the channels
    channel_peak: float = 0.0
    power: float = 0.0  # of the mean of the channels, summed over the samples
    channel_power: float = 0.0  # of the channels, mean over them
    mono: LoudSamples = field(default_factory=LoudSamples)
    channels: LoudSamples = field(default_factory=LoudSamples)
    unread: tuple[Unread, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate

    def expect(self, info: AudioInfo) -> None:
        """Take the header into account."""
        self.sample_rate, self.subtype, self.expected_s = info.sample_rate, info.subtype, info.duration_s

    def add(self, block: Waveform) -> None:
        """Take a block, (channels, S), into account."""
        mono = block.mean(axis=0, dtype=np.float32)
        self.num_channels = len(block)
        self.num_samples += block.shape[1]
        self.peak = max(self.peak, float(np.max(np.abs(mono), initial=0.0)))
        self.channel_peak = max(self.channel_peak, float(np.max(np.abs(block), initial=0.0)))
        self.power += float(np.sum(np.square(mono, dtype=np.float64)))
        self.channel_power += float(np.sum(np.square(block, dtype=np.float64))) / len(block)
        self.mono.add(mono)
        self.channels.add(block)

    def read(self, path: Path) -> Iterator[Waveform]:
        """Yield the blocks of a file and measure each; complete after the last block.

        Raises:
            AudioError: If the file cannot be read; the blocks before stay measured.
        """
        with open_audio(path) as file:
            self.expect(file.info)
            for block in checked(path, file):
                self.add(block)
                yield block
            self.unread = tuple(file.unread)

    def refusal(self, keeps_channels: bool = False) -> str:
        """Why the recording cannot be trained on, in words that follow its name; empty if it can."""
        if self.duration_s < MIN_S:
            return f"is shorter than {MIN_S} s"
        if amplitude_to_db(self.peak) >= SILENT_DB:
            return ""
        if amplitude_to_db(self.channel_peak) >= SILENT_DB:
            return "" if keeps_channels else "is silent as a mix: its channels cancel each other. Export it as mono"
        return f"is silent: its peak is below {SILENT_DB:.0f} dBFS"

    def remarks(self, keeps_channels: bool = False) -> list[str]:
        """Remarks on a usable recording, in words that follow its name."""
        loud = self.channels if keeps_channels else self.mono
        quiet = say_quiet(self.channel_peak if keeps_channels else self.peak, self.subtype)
        said = (loud.say_limited(), quiet, "" if keeps_channels else self._say_cancelling())
        return [sentence for sentence in said if sentence]

    def _say_cancelling(self) -> str:
        if self.power >= CANCELLED * self.channel_power:
            return ""
        lost_db = 10 * np.log10(self.channel_power / max(self.power, 1e-30))
        return f"loses {lost_db:.0f} dB as a mix: its channels partly cancel each other. Export it as mono"
