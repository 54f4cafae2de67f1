"""Which examples of a step one of several processes sees, as a pure function of (examples of the step, rank, world).

The batch of a step is the same for any number of processes; each takes a slice of it. Losses are means, over examples
or over real frames. A mean over a slice is weighted so that the mean over the processes is the mean over the whole
batch, also if a batch of whole clips cannot be divided evenly.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """The examples that this process sees, as rows of the step's batch, and the weights of means over them."""

    first: int  # row of the step's batch that is row 0 here
    size: int  # rows here
    total: int  # rows of the step's batch
    weight: float = 1.0  # of a mean over examples
    frame_weight: float = 1.0  # of a mean over real frames

    @property
    def rows(self) -> slice:
        """The rows of the step's batch that are here."""
        return slice(self.first, self.first + self.size)


def whole(size: int) -> Share:
    """The share of the only process."""
    return Share(0, size, size)


def share_of(lengths: Sequence[int], rank: int, world: int) -> Share:
    """The share of one process: consecutive rows, as equal in number as possible.

    A process for which no row is left sees one that another sees too, with weight 0.

    Args:
        lengths: Real frames of every example of the step.
        rank: Of the process, 0..world - 1.
        world: Number of processes.
    """
    total = len(lengths)
    if world == 1:
        return whole(total)
    first, last = rank * total // world, (rank + 1) * total // world
    if first == last:
        return Share(min(first, total - 1), 1, total, 0.0, 0.0)
    frames = sum(lengths[first:last])
    return Share(first, last - first, total, world * (last - first) / total, world * frames / max(sum(lengths), 1))
