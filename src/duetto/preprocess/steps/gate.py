"""A noise gate with the parameters of Audacity's.

Behaviour, as the plug-in (Steve Daulton's Noise Gate) computes it: where the level stays below the threshold for longer
than the hold time and then the attack time, for which it looks ahead, the signal is turned down by the level reduction,
over the decay time; it is back at full level when the next sound reaches the threshold, having risen over the attack
time before it. The gain moves linearly in dB; a pause too short for both meets where decay and attack cross. At a level
reduction of -96 dB and below the gain ends at silence. With linked channels the gate closes only when all channels are
below the threshold. With `gate_frequencies_above_hz`, what lies below stays as it is.

Ours: level is the peak of each quarter of a millisecond; the split of frequencies is zero-phase and its parts add up to
the input.
"""

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from duetto.preprocess.envelope import closing_depth
from duetto.preprocess.segment import Drops, Segments
from duetto.settings.config import require
from duetto.storage.audio import Waveform
from duetto.units import db_to_amplitude, seconds_to_samples

BLOCK_S = 0.00025  # the level is measured this often
SILENCE_DB = -96.0  # a level reduction of this or less silences
SPLIT_ORDER = 4  # of the low-pass, run forward and backward


@dataclass(frozen=True)
class Gate:
    """A noise gate; the defaults are Audacity's."""

    needs_channels: ClassVar[bool] = True

    threshold_db: float = -40.0  # dB against full scale
    level_reduction_db: float = -24.0  # gain while closed; Audacity's least is -100
    attack_ms: float = 10.0
    hold_ms: float = 50.0
    decay_ms: float = 100.0
    gate_frequencies_above_hz: float = 0.0  # 0 = all
    stereo_link: bool = True

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        prefix = "preprocess.gate"
        for name in ("attack_ms", "hold_ms", "decay_ms", "gate_frequencies_above_hz"):
            value = getattr(self, name)
            require(value >= 0, f"{prefix}.{name}={value}: expected 0 or more.")
        for name, least in (("threshold_db", -200.0), ("level_reduction_db", -100.0)):
            value = getattr(self, name)
            require(least <= value <= 0, f"{prefix}.{name}={value}: expected {least:.0f} to 0 dB.")

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Gate every segment; lengths stay."""
        return tuple(
            segment.with_waveform(self.gate(segment.channels, segment.sample_rate)) for segment in segments
        ), ()

    def gate(self, channels: Waveform, sample_rate: int) -> Waveform:
        """The waveform (C, S), gated, (C, S)."""
        if channels.shape[-1] == 0:
            return channels
        gain = self.gain(channels, sample_rate)
        if self.gate_frequencies_above_hz <= 0:
            return (channels * gain).astype(np.float32)
        below = low_pass(channels, sample_rate, self.gate_frequencies_above_hz)
        return (below + gain * (channels - below)).astype(np.float32)

    def gain(self, channels: Waveform, sample_rate: int) -> NDArray[np.float32]:
        """Gain of each sample of (C, S): (C, S), or (1, S) for linked channels."""
        block = max(1, seconds_to_samples(BLOCK_S, sample_rate))
        num_samples = channels.shape[-1]
        num_blocks = -(-num_samples // block)
        padded = np.pad(np.abs(channels), [(0, 0), (0, num_blocks * block - num_samples)])
        peak = padded.reshape(len(channels), num_blocks, block).max(axis=-1)
        is_open = (peak >= db_to_amplitude(self.threshold_db)).T
        if self.stereo_link:
            is_open = is_open.any(axis=1, keepdims=True)
        blocks_per_ms = sample_rate / 1000 / block
        times = (blocks_per_ms * time_ms for time_ms in (self.attack_ms, self.hold_ms, self.decay_ms))
        attack, hold, decay = times
        depth = closing_depth(is_open, attack, hold, decay, lookahead=attack)
        # At a block's edge the more open neighbour wins, so that every sample of an open block passes.
        edge_depth = np.minimum(
            np.pad(depth, [(1, 0), (0, 0)], mode="edge"), np.pad(depth, [(0, 1), (0, 0)], mode="edge")
        )
        edge = np.arange(num_blocks + 1) * block
        sample = np.arange(num_samples)
        gain_db = self.level_reduction_db * np.stack([np.interp(sample, edge, column) for column in edge_depth.T])
        gain = cast(NDArray[np.float32], db_to_amplitude(gain_db.astype(np.float32)))
        if self.level_reduction_db > SILENCE_DB:
            return gain
        floor = np.float32(db_to_amplitude(self.level_reduction_db))
        return (gain - floor) / (1 - floor)


def low_pass(channels: Waveform, sample_rate: int, cutoff_hz: float) -> NDArray[np.float64]:
    """Zero-phase low-pass of (C, S); unchanged when the cutoff is at Nyquist or beyond."""
    if cutoff_hz >= sample_rate / 2:
        return channels.astype(np.float64)
    sections = butter(SPLIT_ORDER, cutoff_hz, fs=sample_rate, output="sos")
    padding = min(channels.shape[-1] - 1, round(3 * sample_rate / cutoff_hz))
    return cast(NDArray[np.float64], sosfiltfilt(sections, channels.astype(np.float64), axis=-1, padlen=padding))
