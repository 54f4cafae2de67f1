"""Cuts sound into fragments, and joins fragments to clips: pure arithmetic on lengths and samples.

Nothing is dropped or smoothed: a fragment ends where the next begins, and joins have no cross-fade. `zero_padding`
makes a clip of each fragment, padded with silence to a least length; `shuffled` and `ordered` join fragments end to end
to clips of about ten seconds.
"""

from collections.abc import Sequence

import numpy as np

from duetto.spans import Span
from duetto.storage.audio import Waveform
from duetto.units import seconds_to_samples

JOINED_S = 10.0  # a joined clip is full when it has this length
SHORTEST_SHARE = 0.5  # of a full piece; a shorter remainder is added to the piece before it


def cut_spans(num_samples: int, fragment_samples: int) -> tuple[Span, ...]:
    """Fragments of equal length that cover a sound; the last of several has 0.5 to 1.5 times that length."""
    count = max(1, int(num_samples / fragment_samples + 1 - SHORTEST_SHARE))
    starts = [index * fragment_samples for index in range(count)]
    return tuple(zip(starts, [*starts[1:], num_samples], strict=True)) if num_samples else ()


def arrange(lengths: Sequence[int], sample_rate: int, join: str, seed: int) -> tuple[tuple[int, ...], ...]:
    """Assign fragments to clips.

    Args:
        lengths: Samples of each fragment, in the order of singing or storage.
        sample_rate: Hz.
        join: zero_padding, shuffled or ordered.
        seed: Determines the order of `shuffled`.

    Returns:
        Indices into `lengths`; every fragment is in exactly one clip.
    """
    order = list(range(len(lengths)))
    if join == "zero_padding":
        return tuple((index,) for index in order)
    if join == "shuffled":
        order = np.random.default_rng(seed).permutation(len(lengths)).tolist()
    full = seconds_to_samples(JOINED_S, sample_rate)
    clips: list[list[int]] = []
    room = 0
    for index in order:
        if room <= 0:
            clips.append([])
            room = full
        clips[-1].append(index)
        room -= lengths[index]
    if len(clips) > 1 and sum(lengths[index] for index in clips[-1]) < SHORTEST_SHARE * full:
        rest = clips.pop()
        clips[-1] += rest
    return tuple(tuple(clip) for clip in clips)


def lay_together(waveforms: Sequence[Waveform], least_samples: int) -> Waveform:
    """Join waveforms end to end, padded with silence at the end to a least length; (S,)."""
    joined = np.concatenate([np.zeros(0, np.float32), *waveforms])
    return np.pad(joined, (0, max(0, least_samples - len(joined))))


def least_samples(join: str, padding_ms: float, sample_rate: int) -> int:
    """Length to which clips are padded, samples; 0 unless `join` is zero_padding."""
    return seconds_to_samples(padding_ms / 1000.0, sample_rate) if join == "zero_padding" else 0
