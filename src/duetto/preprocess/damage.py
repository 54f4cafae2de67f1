"""The damage ledger: the effect of a step on a clip, apart from shortening it.

Before and after are compared over the stretches of the clip that both contain, with channels mixed; seconds show what a
step removed entirely. Four things are measured:

- energy taken out of each of four bands, dB;
- hole fraction: share of the mel cells within 50 dB of their frame's maximum that fall by more than
  20 dB, the change of level apart;
- log kurtosis ratio ln(K_after / K_before), K = mu_4 / mu_2^2 in raw moments of the power of each bin
  over the frames of the pauses (Uemura et al., IWAENC 2008), which isolated tones in noise raise;
  frames that were silenced altogether are left out;
- share of voiced frames that are voiced no more, by autocorrelation, and of frames that are zero.

An undefined value is NaN.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from duetto.preprocess.segment import Segment, Segments
from duetto.preprocess.spectrum import OVERLAP, Power, bin_frequencies_hz, fft_size, power_blocks
from duetto.preprocess.steps.slice import frame_levels_db
from duetto.storage.audio import Waveform
from duetto.units import amplitude_to_db

BAND_EDGES_HZ = (0.0, 300.0, 3000.0, 8000.0, math.inf)
CELL_FRAME_S = 1024 / 24_000
PAUSE_FRAME_S = 512 / 24_000
NUM_MELS = 80
ACTIVE_DB = 50.0  # a cell counts within this of its frame's maximum
HOLE_DB = 20.0  # a fall of more than this is a hole
SILENT_DB = -100.0  # softer frames are ignored
LOUD_SHARE = 0.1  # of the frames, used to compare levels
ZERO_AMPLITUDE = 2.0**-23  # a step of 24 bits
FRAME_S = 0.01  # for zero frames
PAUSE_LEVEL_S = 0.2  # over which the level of a pause is measured
PAUSE_DB = 6.0  # a pause lies this close to the softest
BELOW_VOICE_DB = 15.0  # and this far below the loudest
MIN_PAUSE_FRAMES = 40  # minimum for estimating a fourth moment
VOICING_RATE = 8000  # Hz or above: sufficient for periods, and cheap
VOICING_FRAME_S = 0.04
VOICING_HOP_S = 0.02
VOICED_HZ = (60.0, 1000.0)
VOICED_CORRELATION = 0.6
VOICED_BELOW_PEAK_DB = 40.0  # softer frames are ignored
VOICED_LEAST_DB = -90.0
BLOCK = 2048  # voicing frames handled at once


@dataclass(frozen=True)
class Damage:
    """The difference between two states of a clip."""

    band_loss_db: tuple[float, ...] = (math.nan,) * (len(BAND_EDGES_HZ) - 1)  # positive = removed
    level_change_db: float = math.nan  # of the loudest tenth of the frames
    hole_fraction: float = math.nan  # 0..1
    log_kurtosis_ratio: float = math.nan
    voiced_lost: float = math.nan  # share of the frames voiced before
    zero_share_before: float = math.nan  # of the frames
    zero_share_after: float = math.nan

    def as_dict(self) -> dict[str, Any]:
        """JSON values, the bands by their edges in Hz."""
        names = [f"{low:.0f}-{high:.0f}" for low, high in pairwise(BAND_EDGES_HZ)]
        return {**asdict(self), "band_loss_db": dict(zip(names, self.band_loss_db, strict=True))}


@dataclass
class _Mean:
    """A weighted mean that leaves undefined values out."""

    total: float = 0.0
    weight: float = 0.0

    def add(self, value: float, weight: float) -> None:
        if math.isfinite(value) and weight > 0:
            self.total += value * weight
            self.weight += weight

    @property
    def value(self) -> float:
        return self.total / self.weight if self.weight else math.nan


@dataclass
class _Means:
    level: _Mean = field(default_factory=_Mean)
    holes: _Mean = field(default_factory=_Mean)
    kurtosis: _Mean = field(default_factory=_Mean)
    voiced: _Mean = field(default_factory=_Mean)


def measure_damage(before: Segments, after: Segments) -> Damage:
    """Compare two states of one clip.

    Args:
        before: Its segments before a step.
        after: Its segments after; may be fewer, shorter, or of another sample rate (then only bands and zeros count).

    Returns:
        The damage; memory use is that of one segment.
    """
    means = _Means()
    energies = np.zeros((2, len(BAND_EDGES_HZ) - 1))  # before, after
    for old, new in _pairs(before, after):
        _compare(old, new, means)
        energies += np.stack([band_energies(old), band_energies(new)])
    if before and after and before[0].sample_rate != after[0].sample_rate:
        energies = np.stack([np.sum([band_energies(s.mixed()) for s in state], axis=0) for state in (before, after)])
    energy, left = energies
    with np.errstate(divide="ignore", invalid="ignore"):
        loss_db = np.where(energy > 0, 10 * np.log10(energy / np.maximum(left, energy * 1e-16)), np.nan)
    return Damage(
        tuple(float(loss) for loss in loss_db),
        means.level.value,
        means.holes.value,
        means.kurtosis.value,
        means.voiced.value,
        _zero_share(before),
        _zero_share(after),
    )


def _pairs(before: Segments, after: Segments) -> Iterable[tuple[Segment, Segment]]:
    """Pairs of stretches, in mono, that cover the same part of the clip in both states."""
    for new in after:
        for old in before:
            first = new.start - old.start
            if old.sample_rate == new.sample_rate and 0 <= first <= old.num_samples - new.num_samples:
                yield old.cut(first, first + new.num_samples).mixed(), new.mixed()
                break


def _compare(before: Segment, after: Segment, means: _Means) -> None:
    old, new, sample_rate = before.waveform, after.waveform, after.sample_rate
    seconds = after.duration_s
    if np.array_equal(old, new):
        for mean in (means.level, means.holes, means.kurtosis, means.voiced):
            mean.add(0.0, seconds)
        return
    old_db, new_db = mel_levels_db(old, sample_rate), mel_levels_db(new, sample_rate)
    change_db = level_change_db(old_db, new_db)
    means.level.add(change_db, seconds)
    means.holes.add(hole_fraction(old_db, new_db, change_db), seconds)
    n_fft = fft_size(PAUSE_FRAME_S, sample_rate)
    is_pause = pause_frames(old, n_fft, sample_rate)
    means.kurtosis.add(log_kurtosis_ratio(old, new, n_fft, is_pause), seconds)
    means.voiced.add(voiced_lost(old, new, sample_rate), seconds)


def band_energies(segment: Segment) -> NDArray[np.float64]:
    """Energy of a mono segment in each band, power times seconds, (4,)."""
    n_fft = fft_size(CELL_FRAME_S, segment.sample_rate)
    of_bin = sum(block.sum(axis=0, dtype=np.float64) for block in power_blocks(segment.waveform, n_fft))
    band = np.digitize(bin_frequencies_hz(n_fft, segment.sample_rate), BAND_EDGES_HZ[1:-1])
    energy = np.bincount(band, of_bin, minlength=len(BAND_EDGES_HZ) - 1)
    return energy / (float(n_fft) * segment.sample_rate)


def mel_levels_db(waveform: Waveform, sample_rate: int) -> NDArray[np.float32]:
    """Level of the mel cells of a waveform (S,), dB, (T, M)."""
    n_fft = fft_size(CELL_FRAME_S, sample_rate)
    return np.concatenate([mel_levels_of_power(block, n_fft, sample_rate) for block in power_blocks(waveform, n_fft)])


def mel_levels_of_power(power: Power, n_fft: int, sample_rate: int) -> NDArray[np.float32]:
    """Level of the mel cells from the power of `power_blocks`, (T, F) to (T, M), dB."""
    mel = power @ _mel_filters(n_fft, sample_rate)
    return (10 * np.log10(np.maximum(mel / (n_fft / 4) ** 2, 1e-16))).astype(np.float32)  # a full-scale sine: 0 dB


@lru_cache(maxsize=8)
def _mel_filters(n_fft: int, sample_rate: int) -> NDArray[np.float32]:
    """Triangular filters evenly spaced in mel (O'Shaughnessy) up to Nyquist, (F, M), without empty ones."""
    mel = 2595 * np.log10(1 + bin_frequencies_hz(n_fft, sample_rate) / 700)
    edges = np.linspace(0, mel[-1], NUM_MELS + 2)
    rising = (mel[:, None] - edges[:-2]) / np.diff(edges[:-1])
    falling = (edges[2:] - mel[:, None]) / np.diff(edges[1:])
    filters = np.maximum(np.minimum(rising, falling), 0)
    return filters[:, filters.sum(axis=0) > 0].astype(np.float32)


def level_change_db(before_db: NDArray[np.float32], after_db: NDArray[np.float32]) -> float:
    """How much louder the loudest tenth of the frames became, dB, from mel cells (T, M); NaN in silence."""
    loudest = before_db.max(axis=1)
    is_loud = loudest >= max(float(np.quantile(loudest, 1 - LOUD_SHARE)), SILENT_DB)
    if not is_loud.any():
        return math.nan
    peak = before_db[is_loud].argmax(axis=1)[:, None]
    change = np.take_along_axis(after_db[is_loud] - before_db[is_loud], peak, axis=1)
    return float(np.median(change))


def hole_fraction(before_db: NDArray[np.float32], after_db: NDArray[np.float32], change_db: float) -> float:
    """Share of active mel cells (T, M) that fall by more than 20 dB beyond a change of level, 0..1; NaN in silence."""
    loudest = before_db.max(axis=1, keepdims=True)
    is_active = (before_db >= loudest - ACTIVE_DB) & (loudest >= SILENT_DB)
    if not is_active.any() or math.isnan(change_db):
        return math.nan
    return float(np.mean((after_db - before_db)[is_active] < change_db - HOLE_DB))


def pause_frames(waveform: Waveform, n_fft: int, sample_rate: int) -> NDArray[np.bool_]:
    """Which frames of `power_blocks` lie in pauses: near the softest level, far below the loudest, (T,)."""
    hop = n_fft // OVERLAP
    level_db = frame_levels_db(waveform, hop, max(1, round(PAUSE_LEVEL_S * sample_rate / hop / 2)))
    is_heard = level_db > SILENT_DB
    if not is_heard.any():
        return np.zeros(len(level_db) + OVERLAP - 1, dtype=bool)
    softest = float(np.quantile(level_db[is_heard], 0.05))
    limit = min(softest + PAUSE_DB, float(level_db.max()) - BELOW_VOICE_DB)
    is_pause = is_heard & (level_db <= limit)
    # Frame k of the spectrum covers hops k - 3 to k of the waveform, all of which must be in a pause.
    padded = np.concatenate([np.zeros(OVERLAP - 1, dtype=bool), is_pause, np.zeros(OVERLAP - 1, dtype=bool)])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, OVERLAP).all(axis=1))


def log_kurtosis_ratio(before: Waveform, after: Waveform, n_fft: int, is_pause: NDArray[np.bool_]) -> float:
    """Mean over the bins of ln(K_after / K_before) over some frames of `power_blocks`; NaN with fewer than 40."""
    moments = np.zeros((2, 2, n_fft // 2 + 1))  # state, moment (2, 4), bin
    num_frames = first = 0
    for old, new in zip(power_blocks(before, n_fft), power_blocks(after, n_fft), strict=True):
        chosen = is_pause[first : first + len(old)] & (new.max(axis=1) > (ZERO_AMPLITUDE * n_fft / 4) ** 2)
        first += len(old)
        num_frames += int(chosen.sum())
        for state, power in enumerate((old, new)):
            squared = np.square(power[chosen], dtype=np.float64)
            moments[state] += np.stack([squared.sum(axis=0), np.square(squared).sum(axis=0)])
    if num_frames < MIN_PAUSE_FRAMES:
        return math.nan
    inner = moments[:, :, 2:-2]  # the window smears offset and Nyquist over two bins
    is_defined = (inner > 0).all(axis=(0, 1))
    if not is_defined.any():
        return math.nan
    kurtosis = inner[:, 1, is_defined] * num_frames / np.square(inner[:, 0, is_defined])
    return float(np.mean(np.log(kurtosis[1] / kurtosis[0])))


def voiced_lost(before: Waveform, after: Waveform, sample_rate: int) -> float:
    """Share of the frames voiced before that are no longer voiced; NaN when none was."""
    was_voiced, is_voiced = voiced_frames(before, sample_rate), voiced_frames(after, sample_rate)
    return float(np.mean(~is_voiced[was_voiced])) if was_voiced.any() else math.nan


def voiced_frames(waveform: Waveform, sample_rate: int) -> NDArray[np.bool_]:
    """Which frames of 40 ms, every 20 ms, are periodic with 60 to 1000 Hz, (T,)."""
    factor = max(1, sample_rate // VOICING_RATE)  # number of samples averaged into one
    waveform = waveform[: len(waveform) // factor * factor].reshape(-1, factor).mean(axis=1)
    rate = sample_rate / factor
    length, hop = round(VOICING_FRAME_S * rate), max(1, round(VOICING_HOP_S * rate))
    shortest, longest = max(2, int(rate / VOICED_HZ[1])), int(rate / VOICED_HZ[0])
    if len(waveform) < length or longest <= shortest:
        return np.zeros(0, dtype=bool)
    frames = np.lib.stride_tricks.sliding_window_view(waveform, length)[::hop]
    n_fft = 1 << (length + longest).bit_length()
    energy, correlation = np.zeros(len(frames)), np.zeros(len(frames))
    for first in range(0, len(frames), BLOCK):
        block = frames[first : first + BLOCK]
        lags = irfft(np.square(np.abs(rfft(block - block.mean(axis=1, keepdims=True), n_fft))), n_fft)
        energy[first : first + BLOCK] = lags[:, 0]
        # A lag of k leaves length - k products: divide by their number.
        scale = length / (length - np.arange(shortest, longest + 1))
        best = np.max(lags[:, shortest : longest + 1] * scale, axis=1)
        correlation[first : first + BLOCK] = best / np.maximum(lags[:, 0], 1e-20)
    level_db = amplitude_to_db(np.sqrt(energy / length))
    limit_db = max(float(level_db.max()) - VOICED_BELOW_PEAK_DB, VOICED_LEAST_DB)
    return (correlation > VOICED_CORRELATION) & (level_db >= limit_db)


def _zero_share(segments: Segments) -> float:
    """Share of the 10 ms frames below a step of 24 bits; NaN without a frame."""
    share = _Mean()
    limit_db = float(amplitude_to_db(ZERO_AMPLITUDE))
    for segment in segments:
        level_db = frame_levels_db(
            segment.mixed().waveform, max(1, round(FRAME_S * segment.sample_rate)), half_window=0
        )
        if len(level_db):
            share.add(float(np.mean(level_db < limit_db)), len(level_db))
    return share.value
