"""Spectral noise reduction with the parameters and rules of Audacity's.

A profile holds the mean power of each frequency of the noise alone. A cell of the spectrum counts as noise if the
second greatest of the five powers around it in time is at most `sensitivity ln(10)` times the profile: powers of
Gaussian noise are distributed exponentially, so each exceeds that with probability 10^-sensitivity. Noise cells are
attenuated by `reduction_db`; the gain opens 20 ms before a sound and closes over 100 ms after it, linearly in dB, and
is averaged, in dB, over `smoothing_bands` bands on either side.

With `threshold_over_profile_db` it is a spectral gate with a defined dose: a cell closes if it lies less than that many
dB above the profile.

Reference: manual and public description of Audacity's Noise Reduction effect (since 2.1.0; Paul Licameli).
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import rank_filter, uniform_filter1d

from duetto.corpus.manifest import Dropped
from duetto.preprocess.envelope import closing_depth
from duetto.preprocess.noise_profile import Stretch, noise_profile
from duetto.preprocess.segment import Drops, Segments
from duetto.preprocess.spectrum import OVERLAP, Power, Spectrum, fft_size, transform_spectrum
from duetto.settings.config import require
from duetto.units import db_to_amplitude

FRAME_S = 2048 / 44_100  # Audacity's window at its usual rate
ATTACK_S = 0.02
RELEASE_S = 0.1
FRAMES_EXAMINED = 1 + OVERLAP  # the frames that overlap a frame's centre, and itself
NO_PROFILE = "noise not reduced: no stretch of {:g} s to measure it"


@dataclass(frozen=True)
class NoiseReduction:
    """Spectral noise reduction; the defaults are Audacity's."""

    needs_channels: ClassVar[bool] = True

    reduction_db: float = 6.0
    sensitivity: float = 6.0
    smoothing_bands: int = 6
    threshold_over_profile_db: float | None = None  # instead of the sensitivity
    profile_s: float = 0.5  # length of the stretch that contains only noise
    profile_start_s: float | None = None  # where it begins in each clip; None = the quietest stretch

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        prefix = "preprocess.noise_reduction"
        for name in ("reduction_db", "sensitivity", "smoothing_bands"):
            value = getattr(self, name)
            require(value >= 0, f"{prefix}.{name}={value}: expected 0 or more.")
        require(self.profile_s >= 0.15, f"{prefix}.profile_s={self.profile_s}: expected at least 0.15 s.")

    @property
    def threshold(self) -> float:
        """Power relative to the profile's up to which a cell is noise."""
        if self.threshold_over_profile_db is not None:
            return 10.0 ** (self.threshold_over_profile_db / 10.0)
        return self.sensitivity * math.log(10.0)

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Treat every segment with its clip's own profile; clips without one get a remark instead. Keeps lengths."""
        if not segments:
            return (), ()
        sample_rate = segments[0].sample_rate
        n_fft = fft_size(FRAME_S, sample_rate)
        profile = noise_profile(segments, n_fft, Stretch(self.profile_s, self.profile_start_s))
        if profile is None:
            return segments, (Dropped(segments[0].clip_id, 0.0, NO_PROFILE.format(self.profile_s)),)
        frame_rate = sample_rate / (n_fft // OVERLAP)
        context = math.ceil(RELEASE_S * frame_rate) + FRAMES_EXAMINED

        def treat(spectrum: Spectrum) -> Spectrum:
            power = np.square(spectrum.real) + np.square(spectrum.imag)
            return spectrum * np.stack([self.gain(channel, profile, frame_rate) for channel in power])

        return tuple(
            segment.with_waveform(transform_spectrum(segment.channels, n_fft, treat, context)) for segment in segments
        ), ()

    def gain(self, power: Power, profile: NDArray[np.float32], frame_rate: float) -> NDArray[np.float32]:
        """Gain of each cell, (T, F), from the power of the cells, (T, F), and of the noise, (F,)."""
        second_greatest = rank_filter(power, rank=-2, size=(FRAMES_EXAMINED, 1), mode="nearest")
        is_sound = second_greatest > np.float32(self.threshold) * profile
        depth = closing_depth(is_sound, ATTACK_S * frame_rate, 0.0, RELEASE_S * frame_rate)
        if self.smoothing_bands:
            depth = uniform_filter1d(depth, 2 * self.smoothing_bands + 1, axis=1, mode="nearest")
        return db_to_amplitude(-np.float32(self.reduction_db) * depth)
