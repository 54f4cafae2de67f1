"""Adds the mark to a waveform.

Deviation from plain spread spectrum: the mark knows its host. Plain spread spectrum at this level, 36 dB under the
signal, drowns in the signal itself; here each band's number is moved to the nearest point of a lattice (quantisation
index modulation with distortion compensation: Chen and Wornell, IEEE Transactions on Information Theory 47(4), 2001),
so that only what happens to the file afterwards disturbs it.

Letters as in `duetto.ownership.marking.layout`.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d

from duetto.ownership.marking.layout import (
    BLOCK,
    BLOCKS,
    FRAME,
    HOP,
    IDENTITY_SHIFT,
    LEVEL_DB,
    RESPONSE,
    SAMPLE_RATE,
    SHARE,
    WIDTHS,
    Pattern,
    cells,
    starts,
    steps,
)
from duetto.ownership.marking.spectrum import FLOOR, MARKED, Spectrum, references, spectrum_of, waveform_of

PASSES = 3  # each corrects what overlapping frames left of the one before
LIMIT = 2.5  # largest amplitude of a band in a block, over that of LEVEL_DB
MAX_LEVEL_DB = -36.2  # of the mark under the signal, in any third-octave band
LEAK = 2  # bins into which a frame's window spreads a bin
BANDS_HZ = 1000 * 2 ** (np.arange(-7, 10) / 3 - 1 / 6)  # edges of third-octave bands


def mark_of(waveform: NDArray[np.float32], pattern: Pattern, first_block: int = 0) -> NDArray[np.float32]:
    """The mark to add to a waveform at 16 kHz.

    Args:
        waveform: The host, (S,).
        pattern: The keyed pattern.
        first_block: Which block of the pattern the waveform begins with.

    Returns:
        (S,); zeros after the last whole block.
    """
    num_blocks = ((len(waveform) - FRAME) // HOP + 1) // BLOCK if len(waveform) >= FRAME else 0
    if num_blocks == 0:
        return np.zeros_like(waveform)
    order = (first_block + np.arange(num_blocks)) % BLOCKS
    signs = pattern.signs[order]
    host = spectrum_of(waveform, num_blocks * BLOCK)
    amplitudes = references(_mean_power(host))
    carrier = _carrier(host, signs, amplitudes)
    numbers = _numbers(host, signs)
    shift = pattern.phases[order] - IDENTITY_SHIFT * pattern.identity_signs[order]
    nearest = np.round(numbers / steps() + shift) - shift
    targets = numbers + SHARE * (nearest * steps() - numbers)
    limit = LIMIT * 10 ** (LEVEL_DB / 20)
    gains, strengths, mark = np.ones(carrier.shape[1], np.float32), np.zeros_like(numbers), np.zeros_like(waveform)
    for _ in range(PASSES):
        numbers = _numbers(spectrum_of(waveform + mark, len(host)), signs)
        strengths = np.clip(strengths + (targets - numbers) / np.sqrt(cells()) / RESPONSE, -limit, limit)
        mark = _synthesise(strengths, carrier * gains, len(waveform))
        gains *= _gains(waveform, mark)[MARKED]
    return _synthesise(strengths, carrier * gains, len(waveform))


def _synthesise(strengths: NDArray[np.float64], carrier: Spectrum, num_samples: int) -> NDArray[np.float32]:
    """The mark (S,) whose bands have these strengths, (blocks, G)."""
    spread = np.repeat(np.repeat(strengths, WIDTHS, axis=1), BLOCK, axis=0).astype(np.float32)
    spectrum = np.zeros((len(carrier), FRAME // 2 + 1), np.complex64)
    spectrum[:, MARKED] = spread * carrier
    return waveform_of(spectrum, num_samples)


def _mean_power(spectrum: Spectrum) -> NDArray[np.float32]:
    """(blocks, FRAME / 2 + 1)."""
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return power.reshape(-1, BLOCK, power.shape[1]).mean(axis=1)


def _numbers(spectrum: Spectrum, signs: NDArray[np.float32]) -> NDArray[np.float64]:
    """What each band of each block holds, (blocks, G)."""
    magnitudes = np.abs(spectrum[:, MARKED]).reshape(-1, BLOCK, signs.shape[2])
    reference = references(_mean_power(spectrum))
    sums = ((signs * magnitudes).sum(axis=1) * reference).astype(np.float64)
    weights = BLOCK * np.square(reference, dtype=np.float64)
    return np.add.reduceat(sums, starts(), axis=1) / np.add.reduceat(weights, starts(), axis=1) * np.sqrt(cells())


def _carrier(host: Spectrum, signs: NDArray[np.float32], amplitudes: NDArray[np.float32]) -> Spectrum:
    """The pattern with the host's phases, so that it changes magnitudes only, (T, F)."""
    marked = host[:, MARKED]
    phases = marked / (np.abs(marked) + FLOOR)
    return phases * signs.reshape(len(host), -1) * np.repeat(amplitudes, BLOCK, axis=0)


def _gains(waveform: NDArray[np.float32], mark: NDArray[np.float32]) -> NDArray[np.float32]:
    """A gain for each bin, 1 or less, that brings every third-octave band below MAX_LEVEL_DB."""
    signal, added = (np.square(np.abs(np.fft.rfft(each))) for each in (waveform, mark))
    edges = np.round(BANDS_HZ / SAMPLE_RATE * len(waveform)).astype(int)
    of_signal, of_mark = (np.add.reduceat(each, edges)[:-1] for each in (signal, added))
    allowed = np.sqrt(of_signal * 10 ** (MAX_LEVEL_DB / 10) / np.maximum(of_mark, 1e-20))
    bands = np.searchsorted(BANDS_HZ, np.arange(FRAME // 2 + 1) * SAMPLE_RATE / FRAME, side="right") - 1
    gains = np.append(np.minimum(allowed, 1), 1.0)[np.clip(bands, -1, len(allowed))]
    return np.asarray(minimum_filter1d(gains, 2 * LEAK + 1), np.float32)
