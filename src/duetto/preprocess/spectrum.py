"""Short-time spectral processing of a waveform, block by block, so that memory does not grow with its length.

Hann window in analysis and synthesis, four frames over each sample: the squared window sums to a
constant, so an identity transform returns the samples unchanged. Frame k begins at sample (k - 3) * hop; the waveform
is padded with zeros at both ends.

Letters: C channels, S samples, T frames, F = n_fft // 2 + 1 bins.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from duetto.storage.audio import Waveform

OVERLAP = 4  # frames over each sample
WINDOW_GAIN = 1.5  # sum over the frames of the squared Hann window: 4 times 3/8
BLOCK_FRAMES = 1024
MIN_N_FFT = 16

Spectrum = NDArray[np.complex64]
Power = NDArray[np.float32]


def fft_size(duration_s: float, sample_rate: int) -> int:
    """The power of two nearest to a duration, in samples."""
    return max(MIN_N_FFT, 1 << round(np.log2(duration_s * sample_rate)))


def transform_spectrum(
    channels: Waveform,
    n_fft: int,
    transform: Callable[[Spectrum], Spectrum],
    context_frames: int = 0,
    block_frames: int = BLOCK_FRAMES,
) -> Waveform:
    """Apply a transform to a waveform's spectrum, on the same time base.

    Args:
        channels: (C, S).
        n_fft: Window length, divisible by four.
        transform: Takes (C, T, F) and returns (C', T, F).
        context_frames: Frames on either side of a block that the transform also gets; its result there is not used.
        block_frames: Frames handled at once.

    Returns:
        (C', S), float32.
    """
    hop = n_fft // OVERLAP
    num_samples = channels.shape[-1]
    frames = _frames(channels, n_fft)
    num_frames = frames.shape[1]
    window = hann(n_fft)
    output: Waveform | None = None
    for first in range(0, num_frames, block_frames):
        last = min(first + block_frames, num_frames)
        begin, end = max(0, first - context_frames), min(num_frames, last + context_frames)
        treated = transform(rfft(frames[:, begin:end] * window))[:, first - begin : last - begin]
        pieces = irfft(treated, n_fft).astype(np.float32) * window
        if output is None:
            output = np.zeros((len(treated), num_frames + OVERLAP - 1, hop), dtype=np.float32)
        for quarter in range(OVERLAP):
            output[:, first + quarter : last + quarter] += pieces[..., quarter * hop : (quarter + 1) * hop]
    assert output is not None  # because there are at least three frames
    whole = output.reshape(len(output), -1)[:, n_fft - hop : n_fft - hop + num_samples]
    return whole / np.float32(WINDOW_GAIN)


def power_blocks(waveform: Waveform, n_fft: int, block_frames: int = BLOCK_FRAMES) -> Iterator[Power]:
    """Power of the cells of a mono waveform (S,), in blocks of (T, F)."""
    frames = _frames(waveform[None], n_fft)[0]
    window = hann(n_fft)
    for first in range(0, len(frames), block_frames):
        spectrum = rfft(frames[first : first + block_frames] * window)
        yield np.square(spectrum.real) + np.square(spectrum.imag)


def hann(n_fft: int) -> NDArray[np.float32]:
    """Periodic Hann window, (n_fft,)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)


def bin_frequencies_hz(n_fft: int, sample_rate: int) -> NDArray[np.float64]:
    """Centre of each bin, (F,)."""
    return np.arange(n_fft // 2 + 1) * sample_rate / n_fft


def _frames(channels: Waveform, n_fft: int) -> NDArray[np.float32]:
    """A view of overlapping frames, (C, T, n_fft)."""
    hop = n_fft // OVERLAP
    num_samples = channels.shape[-1]
    num_frames = -(-num_samples // hop) + OVERLAP - 1
    padded = np.zeros((len(channels), (num_frames + OVERLAP - 1) * hop), dtype=np.float32)
    padded[:, n_fft - hop : n_fft - hop + num_samples] = channels
    return np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=-1)[:, ::hop]
