"""Fundamental frequency on duetto's time grid.

Conventions: `f0_hz` holds one value per frame, shape (T,), float32, in Hz, 0.0 where unvoiced; frame t is
centred at (t + 0.5) * hop_length samples. Between two voiced values of the tracker's own grid pitch is
interpolated on a logarithmic scale; a frame is voiced when the tracker's nearest frame is. Trackers hear a copy at
standard level, so that how loud a recording is does not decide what of it is voiced.

The trackers are in `duetto.features.trackers`. The coarse scale is RVC's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from duetto.features.frames import frame_centres_s, require_usable
from duetto.features.trackers.registry import require_ready
from duetto.features.trackers.tracker import Track
from duetto.settings.config import F0Config
from duetto.storage.audio import Waveform
from duetto.storage.standard_level import DITHER_DB, at_standard_level, standard_gain_db
from duetto.units import db_to_amplitude

SILENCE_PEAK = 1e-3  # -60 dB, of a recording at standard level: trackers find pitch in what is left of a pause
LARGEST_STEP_OCTAVES = 0.3  # neighbours further apart are a jump, not a glide: no value between them
COARSE_BINS = 255
COARSE_MIN_HZ = 50.0
COARSE_MAX_HZ = 1100.0


@dataclass(frozen=True)
class F0Extractor:
    """A pitch tracker whose contour is resampled to the feature grid."""

    track: Track

    def extract(self, waveform: Waveform, sample_rate: int, hop_length: int, num_frames: int) -> NDArray[np.float32]:
        """Pitch at the frame centres.

        Args:
            waveform: (S,).
            sample_rate: Hz.
            hop_length: Samples a frame.
            num_frames: T; frames past the waveform's end are unvoiced.

        Returns:
            f0_hz, (T,), 0.0 = unvoiced.

        Raises:
            AudioError: If the waveform is empty or holds NaN or infinite samples.
        """
        return self.extract_at(waveform, sample_rate, frame_centres_s(num_frames, hop_length, sample_rate))

    def extract_at(self, waveform: Waveform, sample_rate: int, at_s: NDArray[np.float64]) -> NDArray[np.float32]:
        """As `extract`, at any times (T,), s."""
        require_usable(waveform, "The pitch tracker")
        gain = float(db_to_amplitude(standard_gain_db(waveform, sample_rate)))
        silence = max(SILENCE_PEAK, gain * float(db_to_amplitude(DITHER_DB)))
        heard = at_standard_level(waveform, sample_rate)
        if np.max(np.abs(heard)) < silence:
            return np.zeros(len(at_s), dtype=np.float32)
        times_s, f0_hz = self.track(heard, sample_rate)
        f0_hz = np.where(_is_audible(heard, sample_rate, times_s, silence), f0_hz, 0.0)
        return interpolate_f0(times_s, f0_hz, at_s)


def build_f0_extractor(config: F0Config) -> F0Extractor:
    """The tracker that the configuration names.

    Raises:
        ConfigError: If there is no such tracker, its package or weights are missing, or its limits are contradictory.
        CheckpointError: If its weights file is damaged, hostile or of another network.
    """
    config.validate()
    return F0Extractor(require_ready(config).open(config))


def interpolate_f0(
    times_s: NDArray[np.float64], f0_hz: NDArray[np.float64], at_s: NDArray[np.float64]
) -> NDArray[np.float32]:
    """A contour at other times.

    Args:
        times_s: (Tc,), s, equally spaced and rising.
        f0_hz: (Tc,), Hz, 0.0 = unvoiced.
        at_s: Times wanted, (T,), s; more than half a step outside `times_s` they are unvoiced.

    Returns:
        (T,), float32: voiced where the nearest value is, geometric between two voiced neighbours.
    """
    step_s = (times_s[-1] - times_s[0]) / (len(times_s) - 1) if len(times_s) > 1 else at_s[-1] + 1.0
    position = (at_s - times_s[0]) / step_s
    inside = (position >= -0.5) & (position <= len(times_s) - 0.5)
    position = np.clip(position, 0.0, len(times_s) - 1.0)
    left = np.floor(position).astype(np.int64)
    right = np.minimum(left + 1, len(times_s) - 1)
    share = position - left
    nearest = np.where(share < 0.5, left, right)
    log_f0 = np.log2(np.where(f0_hz > 0, f0_hz, 1.0))
    glides = (f0_hz[left] > 0) & (f0_hz[right] > 0) & (np.abs(log_f0[right] - log_f0[left]) < LARGEST_STEP_OCTAVES)
    between = log_f0[left] * (1.0 - share) + log_f0[right] * share
    value = np.exp2(np.where(glides, between, log_f0[nearest]))
    return np.where(inside & (f0_hz[nearest] > 0), value, 0.0).astype(np.float32)


def pitch_to_coarse(f0_hz: NDArray[np.floating]) -> NDArray[np.int64]:
    """Pitch classes for an embedding table: 1 = unvoiced or at most 50 Hz, rising in mel to 255 = 1100 Hz and above."""
    mel = _mel(np.asarray(f0_hz, dtype=np.float64))
    low, high = _mel(np.float64(COARSE_MIN_HZ)), _mel(np.float64(COARSE_MAX_HZ))
    return np.rint(np.clip((mel - low) * (COARSE_BINS - 1) / (high - low) + 1, 1, COARSE_BINS)).astype(np.int64)


def _mel(frequency_hz: NDArray[np.float64] | np.float64) -> NDArray[np.float64] | np.float64:
    return 1127.0 * np.log1p(frequency_hz / 700.0)  # O'Shaughnessy's mel, as RVC has it


def _is_audible(
    waveform: Waveform, sample_rate: int, times_s: NDArray[np.float64], silence: float
) -> NDArray[np.bool_]:
    """Whether the 20 ms around each time peak above silence."""
    width = sample_rate // 50
    padded = np.pad(np.abs(waveform), (width // 2, width))
    block = max(1, width // 4)
    blocks = padded[: len(padded) // block * block].reshape(-1, block).max(axis=1)
    peaks = sliding_window_view(np.pad(blocks, (0, 4)), 4).max(axis=1)
    first = np.clip(times_s * sample_rate / block, 0, len(peaks) - 1).astype(np.int64)
    return peaks[first] >= silence
