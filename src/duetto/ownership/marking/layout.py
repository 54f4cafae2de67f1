"""Where the mark lies: frames, blocks and bands of the time-frequency plane, and the keyed pattern in them.

Everything happens at 16 kHz, whatever rate a file has. Frames of 64 ms overlap by half; eight of them are a block, and
sixteen blocks (4.096 s) a period, after which the pattern repeats. In each block, each band holds one number: the sum
of its magnitudes with keyed signs, each weighted by the level around it. Marking moves that number towards the nearest
point of a keyed lattice.

Letters: S samples, T frames, F bins of the marked range, B blocks of a period, G bands.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000  # Hz, of the analysis
FRAME = 1024  # samples: 64 ms
HOP = FRAME // 2
BLOCK = 8  # frames: 256 ms
BLOCKS = 16  # of a period; repetitions within a file add less than new terms
PERIOD = BLOCKS * BLOCK * HOP  # samples: 4.096 s
FIRST_BIN = 19  # 297 Hz
WIDTHS = (10, 10, 10, 10, 12, 12, 14, 14, 16, 18, 24, 28, 40, 60, 80, 90)  # bins; wider where codecs leave more noise
LAST_BIN = FIRST_BIN + sum(WIDTHS)  # one past the end: 7297 Hz
NEIGHBOURS = 2  # bins on each side over which a magnitude's reference is averaged
LEVEL_DB = -34.5  # amplitude of a cell's change over its reference; windows and limits leave -36.2 or less of it
RESPONSE = (
    0.6  # change of a band's number over sqrt(cells), for such a change; the rest is lost in the overlap of frames
)
SHARE = 0.6  # of the way to the lattice point; the rest is left, so that the lattice can be coarser at the same level
IDENTITY_SHIFT = 0.03  # cycles by which an installation's signs shift the lattice: it costs 2 % of the public mark


@dataclass(frozen=True)
class Pattern:
    """The keyed pattern of one period."""

    public: bytes  # key of signs and lattices: whoever has it detects the mark
    identity: bytes | None = None  # key of an installation; None = none is embedded or looked for

    @cached_property
    def signs(self) -> NDArray[np.float32]:
        """+1 or -1 for each cell, (B, BLOCK, F)."""
        return self._draw(b"signs").choice(np.array([-1, 1], np.float32), (BLOCKS, BLOCK, LAST_BIN - FIRST_BIN))

    @cached_property
    def phases(self) -> NDArray[np.float32]:
        """Position of each lattice, cycles, (B, G)."""
        return self._draw(b"phases").random((BLOCKS, len(WIDTHS)), np.float32)

    @cached_property
    def identity_signs(self) -> NDArray[np.float32]:
        """+1 or -1 for each block and band, (B, G); zeros without an identity."""
        if self.identity is None:
            return np.zeros((BLOCKS, len(WIDTHS)), np.float32)
        return _generator(self.identity, b"identity").choice(np.array([-1, 1], np.float32), (BLOCKS, len(WIDTHS)))

    def _draw(self, purpose: bytes) -> np.random.Generator:
        return _generator(self.public, purpose)


def starts() -> NDArray[np.int64]:
    """First bin of each band, counted from FIRST_BIN, (G,)."""
    return np.cumsum((0, *WIDTHS[:-1]))


def cells() -> NDArray[np.float64]:
    """Cells of each band in a block, (G,)."""
    return BLOCK * np.array(WIDTHS, np.float64)


def steps() -> NDArray[np.float64]:
    """Distance of lattice points, (G,): at it, errors that are spread evenly cost LEVEL_DB on average."""
    return np.sqrt(12 * cells()) * float(10 ** (LEVEL_DB / 20)) * RESPONSE / SHARE


def _generator(key: bytes, purpose: bytes) -> np.random.Generator:
    digest = hashlib.sha256(b"duetto mark " + purpose + b" " + key).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
