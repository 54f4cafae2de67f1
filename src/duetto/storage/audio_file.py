"""An open audio file, whichever library decodes it.

Conventions: blocks are float32, (channels, S), full scale +-1.0.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Blocks = Iterator[NDArray[np.float32]]


@dataclass(frozen=True)
class AudioInfo:
    """The header of an audio file."""

    sample_rate: int
    num_samples: int  # an estimate if the format stores no count
    num_channels: int
    subtype: str

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate


@dataclass(frozen=True)
class Unread:
    """Seconds that a file holds, or its header promises, and that were not read; 0 s is a remark."""

    seconds: float
    reason: str  # follows the name of the file: "breaks off: ..."


@dataclass(frozen=True)
class AudioFile:
    """An open file: header, samples, and which of them are missing."""

    info: AudioInfo
    blocks: Blocks  # read as they are asked for, none of them empty
    unread: list[Unread] = field(default_factory=list)  # complete once all blocks are read
