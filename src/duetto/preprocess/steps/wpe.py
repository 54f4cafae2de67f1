"""De-reverberation by weighted prediction error.

Late reverberation of a frame is predicted linearly from frames at least `delay` before it, weighted by the variance of
the dry sound, and subtracted: no gain is applied to cells, so nothing is chopped. The library nara-wpe computes the
prediction. With one channel it removes little; with two, more. A note held without vibrato is as predictable as an echo
and loses level, by tens of dB if it is steady: a remark in the ledger gives the share of the singing affected. Lower
`strength` or fewer `taps` are the careful choice.

Reference: Nakatani, Yoshioka, Kinoshita, Miyoshi & Juang, "Speech dereverberation based on
variance-normalized delayed linear prediction", IEEE TASLP 18(7), 2010. Drude et al., "NARA-WPE", ITG 2018.
"""

import importlib
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from duetto.corpus.manifest import Dropped
from duetto.errors import ConfigError
from duetto.preprocess.segment import Drops, Segment, Segments
from duetto.preprocess.spectrum import OVERLAP, Spectrum, fft_size, transform_spectrum
from duetto.preprocess.steps.slice import frame_levels_db
from duetto.settings.config import require
from duetto.storage.audio import Waveform
from duetto.units import seconds_to_samples

FRAME_S = 0.032
BLOCK_S = 30.0  # a filter is estimated for each block, because singers move
SAME_ENERGY = 1e-7  # share of the energy below which a difference of channels is rounding
LEAST_ENERGY = 1e-20
MIN_FRAMES_PER_TAP = 4  # with fewer, the prediction fits the song itself
LEVEL_HOP_S = 0.02
SUNG_DB = 20.0  # within this of the loudest, where late reverberation is a small part of the sound
LOST_DB = 6.0  # a larger fall affects the voice itself
TOLD_SHARES = (0.5, 0.1, 0.01)  # of the sung frames, as reported


@dataclass(frozen=True)
class WPE:
    """Late reverberation predicted and subtracted."""

    needs_channels: ClassVar[bool] = True

    strength: float = 1.0  # share of the prediction that is subtracted
    taps: int = 10  # frames predicted from
    delay: int = 3  # frames left unchanged: the direct sound and its early reflections
    iterations: int = 3

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        prefix = "preprocess.wpe"
        require(0 <= self.strength <= 1, f"{prefix}.strength={self.strength}: expected 0 to 1.")
        for name in ("taps", "delay", "iterations"):
            require(getattr(self, name) >= 1, f"{prefix}.{name}={getattr(self, name)}: expected at least 1.")

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Treat every segment; lengths stay.

        Raises:
            ConfigError: If nara-wpe is not installed.
        """
        _library()
        treated = tuple(self._treat(segment) for segment in segments)
        shares = [
            lost_share(old.mixed().waveform, new.mixed().waveform, old.sample_rate)
            for old, new in zip(segments, treated, strict=True)
        ]
        told = next((share for share in TOLD_SHARES if max(shares, default=0.0) > share), None)
        if told is None:
            return treated, ()
        reason = f"held notes taken for echoes: over {told:.0%} of the singing lost {LOST_DB:g} dB or more"
        return treated, (Dropped(segments[0].clip_id, 0.0, reason),)

    def _treat(self, segment: Segment) -> Segment:
        n_fft = fft_size(FRAME_S, segment.sample_rate)
        block_frames = round(BLOCK_S * segment.sample_rate / (n_fft // OVERLAP))
        # Identical channels have no joint solution, so only their independent components are treated.
        energy, axes = np.linalg.eigh(segment.channels.astype(np.float64) @ segment.channels.T)
        independent = axes[:, energy > SAME_ENERGY * max(energy.max(), LEAST_ENERGY)].astype(np.float32)
        if independent.shape[1] == 0:
            return segment
        components = independent.T @ segment.channels
        treated = transform_spectrum(components, n_fft, self.subtract, block_frames=block_frames)
        return segment.with_waveform(independent @ treated)

    def subtract(self, spectrum: Spectrum) -> Spectrum:
        """A spectrum (C, T, F) less its predicted reverberation, (C, T, F)."""
        if spectrum.shape[1] < MIN_FRAMES_PER_TAP * (self.taps * len(spectrum) + self.delay) or not spectrum.any():
            return spectrum
        observed = spectrum.transpose(2, 0, 1).astype(np.complex128)  # (F, C, T)
        dry = _library().wpe_v8(observed, self.taps, self.delay, self.iterations)
        return ((1 - self.strength) * observed + self.strength * dry).transpose(1, 2, 0).astype(np.complex64)


def lost_share(before: Waveform, after: Waveform, sample_rate: int) -> float:
    """Share of the sung frames that lost more than `LOST_DB`, 0 to 1; the two waveforms are (S,)."""
    hop = max(1, seconds_to_samples(LEVEL_HOP_S, sample_rate))
    levels_db = frame_levels_db(before, hop, half_window=1)
    is_sung = levels_db > np.max(levels_db, initial=-np.inf) - SUNG_DB
    fall_db = levels_db - frame_levels_db(after, hop, half_window=1)
    return float(np.mean(fall_db[is_sung] > LOST_DB)) if is_sung.any() else 0.0


def _library() -> Any:
    try:
        wpe = importlib.import_module("nara_wpe.wpe")
    except ImportError as error:
        raise ConfigError(
            "preprocess.steps.wpe needs the package nara-wpe, which is not installed. Run `pip install nara-wpe`."
        ) from error
    return wpe
