"""A low-pass that removes a given share of the energy, as a control for cleaning that removes the same share.

A separator or gate reduces the energy of a voice and leaves holes. A low-pass with the same loss leaves no holes, so
the difference between the two is due to the holes. Butterworth, run forward and backward (no phase shift); the cutoff
is found from the clip's power spectrum.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from duetto.corpus.manifest import Dropped
from duetto.preprocess.segment import Drops, Segments
from duetto.preprocess.spectrum import bin_frequencies_hz, fft_size, power_blocks
from duetto.settings.config import require
from duetto.storage.audio import Waveform

FRAME_S = 2048 / 48_000
LOWEST_HZ = 20.0  # lower cutoffs remove everything
HALVINGS = 40


@dataclass(frozen=True)
class LowPass:
    """Zero-phase low-pass, given by either a cutoff or an energy loss."""

    cutoff_hz: float | None = None  # -6 dB there
    energy_loss_db: float | None = None  # of the clip, > 0
    order: int = 4  # of one pass

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        prefix = "preprocess.low_pass"
        require(
            (self.cutoff_hz is None) != (self.energy_loss_db is None),
            f"{prefix} needs either cutoff_hz or energy_loss_db, and not both.",
        )
        for name in ("cutoff_hz", "energy_loss_db"):
            value = getattr(self, name)
            require(value is None or value > 0, f"{prefix}.{name}={value}: expected more than 0.")
        require(1 <= self.order <= 10, f"{prefix}.order={self.order}: expected 1 to 10.")

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Filter every segment; lengths are unchanged. A remark gives the cutoff if it had to be found."""
        pairs = [self._cutoff_hz(segment.waveform, segment.sample_rate) for segment in segments]
        filtered = tuple(
            segment.with_waveform(low_pass(segment.waveform, segment.sample_rate, cutoff_hz, self.order))
            for segment, cutoff_hz in zip(segments, pairs, strict=True)
        )
        if self.cutoff_hz is not None:
            return filtered, ()
        remarks = tuple(
            Dropped(segment.clip_id, 0.0, f"low-passed at {cutoff_hz:.0f} Hz to lose {self.energy_loss_db:g} dB")
            for segment, cutoff_hz in zip(segments, pairs, strict=True)
        )
        return filtered, remarks

    def _cutoff_hz(self, waveform: Waveform, sample_rate: int) -> float:
        if self.energy_loss_db is None:
            return cast(float, self.cutoff_hz)
        return find_cutoff_hz(waveform, sample_rate, self.energy_loss_db, self.order)


def low_pass(waveform: Waveform, sample_rate: int, cutoff_hz: float, order: int) -> Waveform:
    """Zero-phase low-pass of a waveform (S,), (S,); unchanged for a cutoff above Nyquist."""
    if len(waveform) < 2 or cutoff_hz >= sample_rate / 2:
        return waveform
    sections = butter(order, cutoff_hz, btype="lowpass", fs=sample_rate, output="sos")
    padding = min(len(waveform) - 1, round(3 * sample_rate / cutoff_hz))
    filtered = sosfiltfilt(sections, waveform.astype(np.float64), padlen=padding)
    return cast(Waveform, filtered.astype(np.float32))


def find_cutoff_hz(waveform: Waveform, sample_rate: int, energy_loss_db: float, order: int) -> float:
    """The cutoff, Hz, at which `low_pass` removes this much energy from (S,), to the resolution of the spectrum."""
    n_fft = fft_size(FRAME_S, sample_rate)
    frequency_hz = bin_frequencies_hz(n_fft, sample_rate)
    power = np.zeros(len(frequency_hz))
    for block in power_blocks(waveform, n_fft):
        power += block.sum(axis=0)
    wanted = float(power.sum()) * 10 ** (-energy_loss_db / 10)
    low, high = np.log2(LOWEST_HZ), np.log2(sample_rate / 2)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _passed(power, frequency_hz / sample_rate, 2**middle / sample_rate, order) > wanted:
            high = middle
        else:
            low = middle
    return float(2**high)


def _passed(power: NDArray[np.float64], frequency: NDArray[np.float64], cutoff: float, order: int) -> float:
    """Energy after the filter, |H|^4 of the digital Butterworth run twice; frequencies in cycles per sample."""
    warped = np.tan(np.pi * np.minimum(frequency, 0.4999)) / np.tan(np.pi * min(cutoff, 0.4999))  # bilinear transform
    return float(np.sum(power / (1.0 + warped ** (2 * order)) ** 2))
