"""Spectral subtraction of noise, with over-subtraction and a floor; it causes musical noise.

    |Y|^2 = |X|^2 - alpha N   where that exceeds beta N, else beta N       Berouti et al. 1979, eq. 3

N is the mean power of the noise alone. Isolated cells above alpha N remain as tones of one frame: the larger alpha and
the smaller beta, the more of the residue consists of such tones.

Reference: Berouti, Schwartz & Makhoul, "Enhancement of speech corrupted by acoustic noise", ICASSP 1979.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from duetto.corpus.manifest import Dropped
from duetto.preprocess.noise_profile import Stretch, noise_profile
from duetto.preprocess.segment import Drops, Segments
from duetto.preprocess.spectrum import Power, Spectrum, fft_size, transform_spectrum
from duetto.preprocess.steps.noise_reduction import NO_PROFILE
from duetto.settings.config import require

FRAME_S = 0.032
LEAST_POWER = 1e-20


@dataclass(frozen=True)
class SpectralSubtraction:
    """Subtracts the noise's power."""

    needs_channels: ClassVar[bool] = True

    over_subtraction: float = 2.0  # alpha
    floor: float = 0.01  # beta, share of the noise's power that stays
    profile_s: float = 0.5
    profile_start_s: float | None = None  # None = the quietest stretch of each clip

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        prefix = "preprocess.spectral_subtraction"
        require(self.over_subtraction >= 0, f"{prefix}.over_subtraction={self.over_subtraction}: expected 0 or more.")
        require(0 <= self.floor <= 1, f"{prefix}.floor={self.floor}: expected 0 to 1.")
        require(self.profile_s >= 0.15, f"{prefix}.profile_s={self.profile_s}: expected at least 0.15 s.")

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Treat every segment with its clip's own profile; clips without one get a remark instead. Keeps lengths."""
        if not segments:
            return (), ()
        n_fft = fft_size(FRAME_S, segments[0].sample_rate)
        profile = noise_profile(segments, n_fft, Stretch(self.profile_s, self.profile_start_s))
        if profile is None:
            return segments, (Dropped(segments[0].clip_id, 0.0, NO_PROFILE.format(self.profile_s)),)

        def treat(spectrum: Spectrum) -> Spectrum:
            return spectrum * self.gain(np.square(spectrum.real) + np.square(spectrum.imag), profile)

        return tuple(
            segment.with_waveform(transform_spectrum(segment.channels, n_fft, treat)) for segment in segments
        ), ()

    def gain(self, power: Power, profile: NDArray[np.float32]) -> NDArray[np.float32]:
        """Gain of each cell, (..., T, F), from the power of the cells and of the noise, (F,); never above 1."""
        left = power - np.float32(self.over_subtraction) * profile
        floor = np.float32(self.floor) * profile
        gain_squared = np.maximum(left, floor) / np.maximum(power, np.float32(LEAST_POWER))
        return np.sqrt(np.minimum(gain_squared, np.float32(1)))
