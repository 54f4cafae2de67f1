"""Finds the mark in a waveform, wherever it begins, and says how sure that is.

The statistic is a sum of cosines, one for each band of a period, whose phases are drawn from the key. In a file that
knows nothing of the key they are uniform whatever the file holds, tones and silence included, so that the sum has mean
zero and a known variance, and exceeds z standard deviations with probability exp(-z^2 / 2) at most (Hoeffding's bound
for sub-Gaussian sums). The p-value is that bound times the number of alignments that were tried. Terms are weighted by
how far their band stands above the file's noise: weights know nothing of the key either.

Letters as in `duetto.ownership.marking.layout`; J = blocks of a period counted from the start of the waveform.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetto.ownership.marking.layout import (
    BLOCK,
    BLOCKS,
    HOP,
    PERIOD,
    WIDTHS,
    Pattern,
    cells,
    starts,
    steps,
)
from duetto.ownership.marking.spectrum import MARKED, references, spectrum_of

STEP = 64  # samples between alignments tried
NEAR = (-32, -16, 16, 32)  # samples from the best of these that are tried as well
MARKED_BELOW = 1e-4  # p-value of a file that counts as marked
CYCLE = BLOCK * BLOCKS  # frames of a period
NOISE_SHARE = 0.05  # of a band's cells that are taken for noise alone
HALF_WEIGHT = 4.0  # signal over noise at which a term counts half: 6 dB
Sums = NDArray[np.complex64]


@dataclass(frozen=True)
class Detection:
    """What was found."""

    z: float  # standard deviations by which the best alignment exceeds chance
    p_value: float  # bound for a file without the mark, all alignments together
    identity_p_value: float  # the same for the installation's signs; 1.0 if none were looked for
    start: int  # sample of the waveform, at 16 kHz, at which a period of the pattern begins

    @property
    def is_marked(self) -> bool:
        """Whether the file counts as marked."""
        return self.p_value <= MARKED_BELOW


def detect(waveform: NDArray[np.float32], pattern: Pattern) -> Detection:
    """Look for the mark in a waveform (S,) at 16 kHz."""
    sums = {offset: sums_at(waveform, offset, pattern) for offset in range(0, HOP, STEP)}
    offset, (z, frame, block) = best_of(sums)
    near = {offset + each: sums_at(waveform, offset + each, pattern) for each in NEAR if offset + each >= 0}
    finer, (finer_z, finer_frame, finer_block) = best_of(near)
    if finer_z > z:
        offset, z, frame, block, sums = finer, finer_z, finer_frame, finer_block, near
    num_tried = (HOP // STEP + len(NEAR)) * CYCLE
    identity_z = _identity_z(_aligned(sums[offset], frame, block), pattern, block)
    start = (offset + HOP * (frame - BLOCK * block)) % PERIOD
    return Detection(z, _bound(z, num_tried), _bound(identity_z, 1) if pattern.identity else 1.0, start)


def sums_at(waveform: NDArray[np.float32], offset: int, pattern: Pattern) -> Sums:
    """Phasors of every band, summed over repetitions of the period, with the first frame at a sample.

    Returns:
        (G, J, BLOCK, B): for each band, position in the period, frame within a block, and block of the pattern.
    """
    magnitudes = np.abs(spectrum_of(waveform[offset:]))
    noise = _noise(magnitudes)
    num_starts = len(magnitudes) - BLOCK + 1
    sums = np.zeros((len(WIDTHS), BLOCKS, BLOCK, BLOCKS), np.complex64)
    for first in range(0, max(num_starts, 0), CYCLE):
        piece = magnitudes[first : first + CYCLE + BLOCK - 1]
        phasors = _phasors(piece, noise, pattern)
        whole = np.zeros((len(WIDTHS), CYCLE, BLOCKS), np.complex64)
        whole[:, : phasors.shape[1]] = phasors
        sums += whole.reshape(sums.shape)
    return sums


def best_of(sums: dict[int, Sums]) -> tuple[int, tuple[float, int, int]]:
    """The offset with the largest statistic, and that: (z, frame at which a block begins, which block that is)."""
    found = {offset: _best(each) for offset, each in sums.items()}
    offset = max(found, key=lambda each: found[each][0])
    return offset, found[offset]


def _noise(magnitudes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean power of noise in each band, (G,), from its quietest cells, as powers of noise are spread."""
    if not len(magnitudes):
        return np.zeros(len(WIDTHS))
    powers = np.square(magnitudes[:, MARKED], dtype=np.float64)
    quiet = [
        np.quantile(powers[:, first : first + width], NOISE_SHARE)
        for first, width in zip(starts(), WIDTHS, strict=True)
    ]
    return np.array(quiet) / -math.log1p(-NOISE_SHARE)


def _phasors(magnitudes: NDArray[np.float32], noise: NDArray[np.float64], pattern: Pattern) -> Sums:
    """For T magnitudes, a phasor for each start, band and block of the pattern, (G, T - BLOCK + 1, B)."""
    power = np.cumsum(np.pad(np.square(magnitudes, dtype=np.float64), ((1, 0), (0, 0))), axis=0)
    reference = references(((power[BLOCK:] - power[:-BLOCK]) / BLOCK).astype(np.float32))
    windows = np.lib.stride_tricks.sliding_window_view(magnitudes[:, MARKED], BLOCK, axis=0)
    numbers = np.empty((len(WIDTHS), len(reference), BLOCKS), np.float32)
    for band, (first, width) in enumerate(zip(starts(), WIDTHS, strict=True)):
        bins = slice(first, first + width)
        signs = pattern.signs[:, :, bins].transpose(2, 1, 0).reshape(-1, BLOCKS)
        weighted = (windows[:, bins] * reference[:, bins, None]).reshape(len(reference), -1)
        weights = BLOCK * np.square(reference[:, bins]).sum(axis=1, keepdims=True)
        numbers[band] = weighted @ signs / weights * np.sqrt(cells()[band])
    cycles = numbers / steps()[:, None, None] + pattern.phases.T[:, None, :]
    is_heard = np.add.reduceat(reference, starts(), axis=1).T > 1e-6
    level = np.add.reduceat(power[BLOCK:, MARKED] - power[:-BLOCK, MARKED], starts(), axis=1).T / cells()[:, None]
    above = np.maximum(level / np.maximum(noise, 1e-20)[:, None] - 1, 0)
    weight = is_heard * above / (above + HALF_WEIGHT)
    return np.asarray(np.exp(2j * np.pi * cycles) * weight[:, :, None], np.complex64)


def _best(sums: Sums) -> tuple[float, int, int]:
    place = np.arange(BLOCKS)
    best = (0.0, 0, 0)
    for block in range(BLOCKS):
        terms = sums[:, place, :, (block + place) % BLOCKS]  # (J, G, BLOCK)
        variance = np.square(np.abs(terms)).sum(axis=(0, 1)) / 2
        z = terms.real.sum(axis=(0, 1)) / np.sqrt(np.maximum(variance, 1e-12))
        frame = int(np.argmax(z))
        best = max(best, (float(z[frame]), frame, block))
    return best


def _aligned(sums: Sums, frame: int, block: int) -> Sums:
    """Terms of one alignment, (J, G)."""
    place = np.arange(BLOCKS)
    return sums[:, place, frame, (block + place) % BLOCKS].T


def _identity_z(terms: Sums, pattern: Pattern, block: int) -> float:
    signs = pattern.identity_signs[(block + np.arange(BLOCKS)) % BLOCKS]
    weights = terms.imag * signs
    return float(weights.sum() / math.sqrt(max(float(np.square(weights).sum()), 1e-12)))


def _bound(z: float, num_tried: int) -> float:
    return min(1.0, num_tried * math.exp(-(max(z, 0.0) ** 2) / 2))
