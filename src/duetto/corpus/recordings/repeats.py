"""Finds recordings of the same audio, even in another lossless format or with fewer bits; the first is used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from duetto.storage.audio import Waveform

NUM_SAMPLED = 256  # samples by which a recording is recognised
SAMPLED_TOLERANCE = 1e-4  # three steps of 16 bits


@dataclass
class SampledValues:
    """Evenly spaced samples of a waveform that arrives in blocks."""

    num_samples: int
    values: list[float] = field(default_factory=list)
    done: int = 0

    def add(self, block: Waveform) -> None:
        """Take the next mono block."""
        places = np.linspace(0, self.num_samples - 1, NUM_SAMPLED).astype(int)
        inside = places[(places >= self.done) & (places < self.done + block.shape[-1])]
        self.values += block[inside - self.done].tolist()
        self.done += block.shape[-1]


@dataclass(frozen=True)
class Likeness:
    """Properties that recordings of the same audio share."""

    sample_rate: int
    num_samples: int
    sampled: Sequence[float]

    def is_same(self, other: "Likeness") -> bool:
        """Whether both hold the same audio."""
        same_form = (self.sample_rate, self.num_samples) == (other.sample_rate, other.num_samples)
        return same_form and bool(np.allclose(self.sampled, other.sampled, rtol=0.0, atol=SAMPLED_TOLERANCE))


@dataclass
class Repeats:
    """The recordings seen so far, by form and loudness, so that few have to be compared."""

    seen: dict[tuple[int, int, int], list[tuple[str, Likeness]]] = field(default_factory=dict)

    def first_like(self, name: str, likeness: Likeness) -> str | None:
        """Name of an earlier recording of the same audio; if there is none, remember this one and return None."""
        form, cell = (likeness.sample_rate, likeness.num_samples), _loudness_cell(likeness.sampled)
        near = (entry for step in (-1, 0, 1) for entry in self.seen.get((*form, cell + step), ()))
        first = next((other for other, before in near if likeness.is_same(before)), None)
        if first is None:
            self.seen.setdefault((*form, cell), []).append((name, likeness))
        return first


def likeness_of(blocks: Iterable[Waveform], sample_rate: int, num_samples: int) -> Likeness:
    """Compute the likeness of a recording from its blocks, (channels, S)."""
    sampled = SampledValues(num_samples)
    for block in blocks:
        sampled.add(block.mean(axis=0, dtype=np.float32))
    return Likeness(sample_rate, num_samples, sampled.values)


def _loudness_cell(sampled: Sequence[float]) -> int:
    """Cell number by loudness; recordings that agree within the tolerance are in the same or neighbouring cells."""
    return round(sum(abs(value) for value in sampled) / max(1, len(sampled)) / SAMPLED_TOLERANCE)
