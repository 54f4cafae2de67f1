"""Looks for the mark throughout a file, piece by piece in constant memory.

Edits move what follows them, so that each piece is aligned anew; a file is marked if one of its pieces is.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from duetto.ownership.marking.detect import MARKED_BELOW, Detection, detect
from duetto.ownership.marking.keys import pattern_of
from duetto.ownership.marking.layout import SAMPLE_RATE, Pattern
from duetto.storage.audio import Waveform, read_blocks, read_info, resample, resample_blocks

PIECE_S = 30
LOOKED_AT_S = 10.0  # of a source or a recording


@dataclass(frozen=True)
class Marks:
    """What was found in a file."""

    pieces: tuple[Detection, ...]  # of PIECE_S each, in order; the last one is shorter
    duration_s: float

    @property
    def p_value(self) -> float:
        """Bound on the chance that a file without the mark looks like this, all pieces together."""
        return min(1.0, len(self.pieces) * min((piece.p_value for piece in self.pieces), default=1.0))

    @property
    def is_marked(self) -> bool:
        """Whether the file counts as marked."""
        return self.p_value <= MARKED_BELOW

    @property
    def identity_p_value(self) -> float:
        """Bound on the chance that the signs of another installation look like those that were looked for.

        The log-likelihoods of marked pieces add up, as one longer piece would.
        """
        z = [math.sqrt(max(-2 * math.log(p), 0)) for p in self._identities()]
        return math.exp(-((sum(z) / math.sqrt(len(z))) ** 2) / 2) if z else 1.0

    def _identities(self) -> list[float]:
        return [piece.identity_p_value for piece in self.pieces if piece.is_marked]

    def spans(self) -> list[tuple[float, float]]:
        """Where marked pieces lie: (start, end) in seconds, adjacent ones joined."""
        found: list[tuple[float, float]] = []
        for number, piece in enumerate(self.pieces):
            start, end = float(number * PIECE_S), min(float((number + 1) * PIECE_S), self.duration_s)
            if piece.is_marked and found and found[-1][1] == start:
                found[-1] = (found[-1][0], end)
            elif piece.is_marked:
                found.append((start, end))
        return found


def find_marks(blocks: Iterable[Waveform], sample_rate: int, pattern: Pattern) -> Marks:
    """Look for the mark in a mono stream of any rate and length."""
    pieces, waiting, num_samples, size = [], np.zeros(0, np.float32), 0, PIECE_S * SAMPLE_RATE
    for block in resample_blocks(blocks, sample_rate, SAMPLE_RATE):
        num_samples += len(block)
        waiting = np.concatenate([waiting, block])
        while len(waiting) >= size:
            pieces.append(detect(waiting[:size], pattern))
            waiting = waiting[size:]
    if len(waiting):
        pieces.append(detect(waiting, pattern))
    return Marks(tuple(pieces), num_samples / SAMPLE_RATE)


def mark_in(path: Path) -> Detection:
    """Look for the public mark in the first seconds of a file.

    Raises:
        AudioError: If it cannot be read.
    """
    rate = read_info(path).sample_rate
    blocks, wanted = [], int(LOOKED_AT_S * rate)
    for block in read_blocks(path):
        blocks.append(block.mean(axis=0, dtype=np.float32))
        wanted -= block.shape[1]
        if wanted <= 0:
            break
    waveform = np.concatenate(blocks)[: int(LOOKED_AT_S * rate)]
    return detect(resample(waveform, rate, SAMPLE_RATE), pattern_of(None))
