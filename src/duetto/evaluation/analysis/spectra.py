"""The analysis that the spectral metrics share: one short-time spectrum of a waveform and its mel cells.

Conventions: 24 kHz, Hann window of 1024 samples, hop 256; frame k is centred at (k - 1) * 256 samples.
Levels in dB, 0 dB for a full-scale sine; contours (T,) have a value every 5 ms, 0.0 Hz where unvoiced.
Letters: S samples, K frames of the spectrum, F = 513 bins, M mel bands, T contour frames.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetto.preprocess.damage import SILENT_DB, mel_levels_of_power
from duetto.preprocess.spectrum import Power, bin_frequencies_hz, power_blocks
from duetto.storage.audio import Waveform

SAMPLE_RATE = 24_000  # Hz
N_FFT = 1024
HOP_LENGTH = 256
HOP_S = HOP_LENGTH / SAMPLE_RATE
CONTOUR_HOP_S = 0.005
ACTIVE_BELOW_LOUD_DB = 40.0  # frames more than this below the loud ones are pauses
LOUD_QUANTILE = 0.95
FLOOR_DB = -160.0

Levels = NDArray[np.float32]
Frames = NDArray[np.bool_]


@dataclass(frozen=True)
class Spectra:
    """Power and mel levels of a waveform on one time base."""

    power: Power  # (K, F)
    mel_db: Levels  # (K, M)

    @property
    def level_db(self) -> Levels:
        """Level of every cell, (K, F), dB, never below -160 dB."""
        scaled = self.power / np.float32((N_FFT / 4) ** 2)
        return np.asarray(10.0 * np.log10(np.maximum(scaled, 10.0 ** (FLOOR_DB / 10.0))), dtype=np.float32)

    @property
    def is_silent(self) -> bool:
        """Whether no frame is above -100 dB."""
        return not bool((self.mel_db > SILENT_DB).any())


def analyse_spectra(waveform: Waveform) -> Spectra:
    """Spectrum of a waveform (S,) at 24 kHz; an empty one is treated as one sample of silence."""
    samples = np.asarray(waveform if waveform.size else np.zeros(1), dtype=np.float32)
    power = np.concatenate(list(power_blocks(samples, N_FFT)))
    return Spectra(power, mel_levels_of_power(power, N_FFT, SAMPLE_RATE))


def frequencies_hz() -> NDArray[np.float64]:
    """Centre of each bin, (F,)."""
    return bin_frequencies_hz(N_FFT, SAMPLE_RATE)


def active_frames(spectra: Spectra) -> Frames:
    """Frames in which something is sung: within 40 dB of the loud ones, (K,); all False in silence."""
    loudest = spectra.mel_db.max(axis=1)
    if spectra.is_silent:
        return np.zeros(len(loudest), dtype=bool)
    limit = max(float(np.quantile(loudest[loudest > SILENT_DB], LOUD_QUANTILE)) - ACTIVE_BELOW_LOUD_DB, SILENT_DB)
    return np.asarray(loudest > limit)


def at_frames(contour: NDArray[np.float64], num_frames: int) -> NDArray[np.float64]:
    """The contour's (T,) values at the centres of the spectrum's frames, (K,); 0.0 where it has none."""
    index = np.rint((np.arange(num_frames) - 1) * HOP_S / CONTOUR_HOP_S).astype(int)
    inside = (index >= 0) & (index < contour.size)
    values = np.zeros(num_frames)
    values[inside] = contour[index[inside]]
    return values


def at_contour(frames: Frames, num_frames: int) -> Frames:
    """The spectrum's frames (K,) at the times of a contour, (T,)."""
    index = np.rint(np.arange(num_frames) * CONTOUR_HOP_S / HOP_S).astype(int) + 1
    return frames[np.clip(index, 0, len(frames) - 1)]


def frame_span(first: int, last: int) -> slice:
    """Frames of the spectrum whose centres lie in a span of contour frames [first, last)."""
    begin, end = (int(np.ceil(frame * CONTOUR_HOP_S / HOP_S)) + 1 for frame in (first, last))
    return slice(begin, max(begin, end))


def gain_between(reference: Spectra, estimate: Spectra) -> float:
    """Gain from reference to estimate where the reference sings, dB; NaN when either is silent."""
    is_active = active_frames(reference)
    if not is_active.any() or estimate.is_silent:
        return float("nan")
    energies = [float(spectra.power[is_active].sum(dtype=np.float64)) for spectra in (estimate, reference)]
    return 10.0 * float(np.log10(energies[0] / energies[1])) if energies[0] > 0.0 else float("nan")


def long_term_power(spectra: Spectra, is_counted: Frames) -> NDArray[np.float64]:
    """Mean power of chosen frames, (F,); empty when none is chosen."""
    if not is_counted.any():
        return np.zeros(0)
    return np.asarray(spectra.power[is_counted].mean(axis=0, dtype=np.float64) / (N_FFT / 4) ** 2)


def power_to_db(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level of a power, dB, never below -160 dB."""
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DB / 10.0))))
