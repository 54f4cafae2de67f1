"""Marks audio of any rate and length in constant memory; a file's samples keep their number and place.

Letters: C channels, S samples.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from duetto.ownership.marking.embed import mark_of
from duetto.ownership.marking.layout import BLOCK, HOP, SAMPLE_RATE, Pattern
from duetto.storage.audio import Waveform, resample_blocks

PIECE_BLOCKS = 125  # 32 s, marked at once
PIECE = PIECE_BLOCKS * BLOCK * HOP  # samples at 16 kHz


def marked(blocks: Iterable[Waveform], sample_rate: int, pattern: Pattern) -> Iterator[Waveform]:
    """Add the mark to a mono stream.

    Args:
        blocks: Pieces (S,) of a waveform in order, at any rate.
        sample_rate: Hz.
        pattern: The keyed pattern.

    Yields:
        Pieces with the same total length.
    """
    held: list[Waveform] = []

    def passing() -> Iterator[Waveform]:
        for block in blocks:
            held.append(block)
            yield block

    analysed = resample_blocks(passing(), sample_rate, SAMPLE_RATE)
    for mark in resample_blocks(_marks(analysed, pattern), SAMPLE_RATE, sample_rate):
        host = np.concatenate(held)
        num_samples = min(len(mark), len(host))
        held[:] = [host[num_samples:]]
        if num_samples:
            yield np.asarray(host[:num_samples] + mark[:num_samples], np.float32)
    yield from (block for block in held if len(block))


def marked_channels(channels: Waveform, sample_rate: int, pattern: Pattern) -> Waveform:
    """Add the mark of the mono mix to each channel of (C, S), in proportion to how loud the channel is."""
    mono = channels.mean(axis=0, dtype=np.float32)
    mark = np.concatenate([mono[:0], *marked([mono], sample_rate, pattern)]) - mono
    levels = np.sqrt(np.mean(np.square(channels, dtype=np.float64), axis=1))
    balance = levels / max(float(levels.mean()), 1e-12)
    return np.asarray(channels + balance[:, None] * mark, np.float32)


def _marks(blocks: Iterable[Waveform], pattern: Pattern) -> Iterator[NDArray[np.float32]]:
    """The mark of a stream at 16 kHz, in pieces of the same total length."""
    waiting, tail, first_block = np.zeros(0, np.float32), np.zeros(HOP, np.float32), 0
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        while len(waiting) >= PIECE + HOP:
            mark = mark_of(waiting[: PIECE + HOP], pattern, first_block)
            mark[:HOP] += tail
            tail, waiting = mark[PIECE:].copy(), waiting[PIECE:]
            first_block += PIECE_BLOCKS
            yield mark[:PIECE]
    if len(waiting):
        mark = mark_of(waiting, pattern, first_block)
        overlap = min(HOP, len(mark))
        mark[:overlap] += tail[:overlap]
        yield mark
