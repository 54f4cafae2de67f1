"""Spectral subtraction of late reverberation, which also leaves residue and chopped tails.

Reverberation is modelled as exponentially decaying noise, so its late part is a decayed version of the signal's earlier
spectrum. With frame t, frequency f, decay rate D = 3 ln(10) / RT60:

    S_rr(t, f) = exp(-2 D T_late) S_xx(t - T_late, f)           Lebart et al. 2001, section 3
    G(t, f)^2  = max(1 - strength over S_rr / |X|^2, floor^2)   power subtraction

S_xx is |X|^2 smoothed over time. The estimate also treats the direct sound as reverberation, so held notes lose level:
this is how the method is used in practice, and the harm that case B studies. An optional gate then silences frames
below a level, as the study's author did.

Reference: Lebart, Boucher & Denbigh, "A new method based on spectral subtraction for speech
dereverberation", Acta Acustica 87(3), 2001. Over-subtraction: Berouti et al., ICASSP 1979.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import lfilter

from duetto.corpus.manifest import Dropped
from duetto.preprocess.segment import Drops, Segment, Segments
from duetto.preprocess.steps.slice import frame_levels_db
from duetto.settings.config import require
from duetto.storage.audio import Waveform
from duetto.units import db_to_amplitude, seconds_to_samples

FRAME_S = 0.04  # rounded up to a power of two
OVERLAP = 4  # frames over each sample; Hann squared sums to a constant
SMOOTHING = 0.8  # of S_xx, per frame
BLOCK_FRAMES = 1024  # processed at once, so that an hour needs no more memory than a minute
CONTEXT_FRAMES = 64  # before a block: the memory of S_xx
DECAY_HOP_S = 0.01
DECAY_S = 0.2  # length of a stretch tested for a decay
MIN_DECAY_DB = 8.0  # minimum fall: slower falls come from the singer, so no time above 1.5 s is found
DECAY_R2 = 0.9  # minimum R^2 of a straight line
ABOVE_FLOOR_DB = 6.0  # minimum distance of its end from the softest frame
MIN_DECAYS = 5  # minimum number for an estimate


@dataclass(frozen=True)
class Dereverb:
    """Late reverberation subtracted."""

    strength: float = 1.0  # 0 = none, 1 = as in the hobby study
    rt60_s: float | None = None  # reverberation time; None = estimated from each clip
    late_s: float = 0.05  # reverberation later than this is subtracted
    over_subtraction: float = 1.4
    floor_db: float = -20.0  # least gain of a cell
    gate_db: float | None = None  # softer frames are silenced, dB relative to full scale; None = no gate

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        prefix = "preprocess.dereverb"
        require(self.strength >= 0, f"{prefix}.strength={self.strength}: expected 0 or more.")
        require(self.rt60_s is None or self.rt60_s > 0, f"{prefix}.rt60_s={self.rt60_s}: expected more than 0 s.")
        require(self.late_s >= 0.01, f"{prefix}.late_s={self.late_s}: expected at least 0.01 s.")
        require(self.over_subtraction >= 0, f"{prefix}.over_subtraction={self.over_subtraction}: expected 0 or more.")
        require(self.floor_db <= 0, f"{prefix}.floor_db={self.floor_db}: expected 0 dB or less.")

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Treat every segment; without an estimated reverberation time it is skipped with a remark. Keeps lengths."""
        treated: list[Segment] = []
        remarks: list[Dropped] = []
        for segment in segments:
            rt60_s = self.rt60_s or estimate_rt60(segment.waveform, segment.sample_rate)
            waveform = segment.waveform
            if np.isnan(rt60_s):
                remarks.append(
                    Dropped(segment.clip_id, 0.0, f"not dereverberated: fewer than {MIN_DECAYS} free decays")
                )
            else:
                waveform = self.subtract(waveform, segment.sample_rate, rt60_s)
            if self.gate_db is not None:
                waveform = gate(waveform, segment.sample_rate, self.gate_db)
            treated.append(segment.with_waveform(waveform))
        return tuple(treated), tuple(remarks)

    def subtract(self, waveform: Waveform, sample_rate: int, rt60_s: float) -> Waveform:
        """The waveform (S,) less its late reverberation, (S,), on the same time base."""
        n_fft = 1 << (seconds_to_samples(FRAME_S, sample_rate) - 1).bit_length()
        hop = n_fft // OVERLAP
        delay = max(1, round(self.late_s * sample_rate / hop))
        decay = np.exp(-2 * 3 * np.log(10) / rt60_s * delay * hop / sample_rate)
        factor = float(self.strength * self.over_subtraction * decay)
        floor = float(db_to_amplitude(self.floor_db))
        window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft))  # analysis and synthesis
        num_frames = -(-len(waveform) // hop) + OVERLAP - 1
        padded = np.zeros((num_frames + OVERLAP - 1) * hop)
        padded[n_fft - hop : n_fft - hop + len(waveform)] = waveform
        output = np.zeros_like(padded)
        for block in range(0, num_frames, BLOCK_FRAMES):
            end = min(block + BLOCK_FRAMES, num_frames)
            begin = max(0, block - CONTEXT_FRAMES - delay)
            frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[begin * hop :: hop][: end - begin]
            spectrum = np.fft.rfft(frames * window)
            gain = _gain(np.abs(spectrum) ** 2, delay, factor, floor)
            pieces = np.fft.irfft((spectrum * gain)[block - begin :], n_fft) * window
            for offset, piece in enumerate(pieces):
                at = (block + offset) * hop
                output[at : at + n_fft] += piece
        scaled = output[n_fft - hop : n_fft - hop + len(waveform)] / (OVERLAP / 2)
        return cast(Waveform, scaled.astype(np.float32))


def _gain(power: NDArray[np.float64], delay: int, factor: float, floor: float) -> NDArray[np.float64]:
    """Gain of each cell, (T, F), from the power of the cells, (T, F)."""
    smoothed = lfilter([1 - SMOOTHING], [1.0, -SMOOTHING], power, axis=0)
    late = np.zeros_like(power)
    late[delay:] = factor * smoothed[:-delay] if len(power) > delay else 0.0
    return np.sqrt(np.maximum(1.0 - late / np.maximum(power, 1e-20), floor**2))


def estimate_rt60(waveform: Waveform, sample_rate: int) -> float:
    """Reverberation time in s from stretches in which the level falls in a straight line; NaN with too few.

    Takes the slope of every 0.2 s that falls by 8 dB or more along a line, the median slope of each decay, and the
    median of these. From 0.3 to 0.9 s the error is about 30 %; longer times are underestimated, because pauses in
    singing are too short for the end of such a decay.
    """
    level_db = frame_levels_db(waveform, max(1, seconds_to_samples(DECAY_HOP_S, sample_rate)), half_window=1)
    num_frames = round(DECAY_S / DECAY_HOP_S)
    if len(level_db) < num_frames:
        return float("nan")
    stretches = np.lib.stride_tricks.sliding_window_view(level_db, num_frames)
    centred = stretches - stretches.mean(axis=1, keepdims=True)
    time_s = (np.arange(num_frames) - (num_frames - 1) / 2) * DECAY_HOP_S
    slopes = centred @ time_s / (time_s @ time_s)  # dB/s
    rest = np.sum((centred - slopes[:, None] * time_s) ** 2, axis=1)
    is_line = rest < (1 - DECAY_R2) * np.sum(centred**2, axis=1)
    is_audible = stretches[:, -1] > np.min(level_db) + ABOVE_FLOOR_DB
    found = np.flatnonzero(is_line & is_audible & (slopes * DECAY_S < -MIN_DECAY_DB))
    decays = np.split(found, np.flatnonzero(np.diff(found) > 3) + 1)
    times = [-60.0 / float(np.median(slopes[decay])) for decay in decays if len(decay)]
    return float(np.median(times)) if len(times) >= MIN_DECAYS else float("nan")


def gate(waveform: Waveform, sample_rate: int, threshold_db: float) -> Waveform:
    """Silence 10 ms frames whose level (RMS over 70 ms) lies below a threshold; 5 ms ramps."""
    if len(waveform) == 0:
        return waveform
    hop = max(1, seconds_to_samples(DECAY_HOP_S, sample_rate))
    is_open = frame_levels_db(waveform, hop) >= threshold_db
    mask = np.repeat(is_open.astype(np.float32), hop)[: len(waveform)]
    return (waveform * uniform_filter1d(mask, max(1, hop // 2), mode="nearest")).astype(np.float32)
