"""A piece of a recording, and the quantities that several checks use, computed once.

Conventions: measurements are made on a copy at standard level, so that soft and loud takes are treated equally; only
the channels of `Sound` keep the original level. Levels are RMS over 10 ms, dB full scale of that copy. The pitch f0 is
on the same frames, Hz, 0.0 where unvoiced. The spectrum has frames of about 43 ms with a hop of a quarter of that
(`duetto.preprocess.spectrum`).

Letters: C channels, S samples, T level frames, N spectrum frames, F bins.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from duetto.diagnosis.finding import Place
from duetto.features.f0 import F0Extractor
from duetto.preprocess.spectrum import OVERLAP, Power, fft_size, power_blocks
from duetto.preprocess.steps.slice import frame_levels_db
from duetto.spans import Span, true_spans
from duetto.storage.audio import Waveform
from duetto.storage.standard_level import at_standard_level, standard_gain_db
from duetto.units import hz_to_midi

FRAME_S = 0.01
SPECTRUM_S = 1024 / 24_000
LOUD_QUANTILE = 0.95  # quantile of the frames' level that counts as the level of singing
NOT_SUNG_DB = 30.0  # frames softer than the level of singing by this are not sung
HEARD_LEAST_DB = -90.0


@dataclass(frozen=True)
class Sound:
    """A piece of a recording of about a minute at most."""

    recording: str  # name that the user knows
    channels: Waveform  # (C, S), finite
    sample_rate: int  # Hz
    start_s: float = 0.0  # in the recording
    split: str = "train"
    singer: str = ""
    file_s: float = 0.0  # of the whole recording; 0 = this piece is all of it

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.channels.shape[-1] / self.sample_rate

    def place(self, start_s: float, end_s: float, note: str = "") -> Place:
        """A span of this piece, s, as a place of the recording."""
        return Place(self.recording, self.start_s + max(0.0, start_s), self.start_s + min(end_s, self.duration_s), note)

    def frames_place(self, span: Span, note: str = "") -> Place:
        """A span of this piece, level frames, as a place of the recording."""
        return self.place(span[0] * FRAME_S, span[1] * FRAME_S, note)


@dataclass(frozen=True)
class Heard:
    """A sound with its analysis; each quantity is computed on first use."""

    sound: Sound
    tracker: F0Extractor
    known_f0_hz: NDArray[np.float32] | None = field(default=None, repr=False)  # (T,) if features exist already

    @cached_property
    def mono(self) -> Waveform:
        """Mean of the channels at standard level, (S,)."""
        return at_standard_level(self._as_recorded, self.sample_rate)

    @cached_property
    def gain_db(self) -> float:
        """Gain that brings the sound to standard level, dB."""
        return standard_gain_db(self._as_recorded, self.sample_rate)

    @cached_property
    def _as_recorded(self) -> Waveform:
        channels = self.sound.channels
        return channels[0] if len(channels) == 1 else np.asarray(channels.mean(axis=0, dtype=np.float32))

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.sound.sample_rate

    @cached_property
    def hop(self) -> int:
        """Samples per level frame."""
        return max(1, round(FRAME_S * self.sample_rate))

    @cached_property
    def level_db(self) -> NDArray[np.float64]:
        """(T,)."""
        return frame_levels_db(self.mono, self.hop, half_window=0)

    @cached_property
    def sung_level_db(self) -> float:
        """Level that 5 % of the audible frames exceed, dB; NaN in silence."""
        audible = self.level_db[self.level_db > HEARD_LEAST_DB]
        return float(np.quantile(audible, LOUD_QUANTILE)) if len(audible) else float("nan")

    @cached_property
    def is_sung(self) -> NDArray[np.bool_]:
        """Frames within 30 dB of the level of singing, (T,)."""
        return np.asarray(self.level_db > max(self.sung_level_db - NOT_SUNG_DB, HEARD_LEAST_DB))

    @cached_property
    def f0_hz(self) -> NDArray[np.float32]:
        """(T,)."""
        if self.known_f0_hz is not None:
            return self.known_f0_hz
        if len(self.mono) == 0:
            return np.zeros(0, dtype=np.float32)
        return self.tracker.extract(self.mono, self.sample_rate, self.hop, len(self.level_db))

    @cached_property
    def midi(self) -> NDArray[np.float64]:
        """Pitch in MIDI, (T,), NaN where unvoiced."""
        f0_hz = self.f0_hz.astype(np.float64)
        with np.errstate(divide="ignore"):
            return np.where(f0_hz > 0, hz_to_midi(f0_hz), np.nan)

    @cached_property
    def n_fft(self) -> int:
        """Window length of the spectrum, samples."""
        return fft_size(SPECTRUM_S, self.sample_rate)

    @cached_property
    def power(self) -> Power:
        """Power spectrogram, (N, F)."""
        return np.concatenate(list(power_blocks(self.mono, self.n_fft)))

    @cached_property
    def power_s(self) -> NDArray[np.float64]:
        """Centres of the spectrum frames, s, (N,)."""
        hop = self.n_fft // OVERLAP
        return ((np.arange(len(self.power)) - (OVERLAP - 1)) * hop + self.n_fft / 2) / self.sample_rate

    def at_power(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Flags of level frames (T,) at the spectrum frames, (N,): True where all level frames within one are."""
        width = self.n_fft / self.sample_rate / FRAME_S / 2
        totals = np.concatenate([[0], np.cumsum(~flags)])
        centre = self.power_s / FRAME_S
        first = np.clip(np.floor(centre - width), 0, len(flags)).astype(np.int64)
        last = np.clip(np.ceil(centre + width), 0, len(flags)).astype(np.int64)
        return np.asarray((totals[last] == totals[first]) & (last > first))


def closed(flags: NDArray[np.bool_], longest_gap: int) -> NDArray[np.bool_]:
    """Fill gaps of at most `longest_gap` frames between two true flags."""
    filled = flags.copy()
    for first, last in true_spans(~flags):
        if first > 0 and last < len(flags) and last - first <= longest_gap:
            filled[first:last] = True
    return filled
