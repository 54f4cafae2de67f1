"""Slices a clip at its silences into pieces of a length suitable for training, dropping nothing but silence.

Level is the RMS over 70 ms, every 10 ms, in dB relative to full scale, of a copy at standard level
(`duetto.storage.standard_level`), so that soft and loud recordings are cut at the same places. A stretch that is long
enough and below the threshold is a silence, of which `keep_silence_s` is kept on either side. Pieces longer than
`max_s` are cut where they are softest; pieces shorter than `min_s` are joined with a neighbour, or extended into the
silence around them. Every sample is either in exactly one piece or in the reported silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from duetto.corpus.manifest import Dropped
from duetto.preprocess.segment import Drops, Segment, Segments, total_s
from duetto.settings.config import require
from duetto.spans import Span, true_spans
from duetto.storage.audio import Waveform
from duetto.storage.standard_level import SILENT_DB, standard_gain_db
from duetto.units import amplitude_to_db, seconds_to_samples

HOP_S = 0.01
HALF_WINDOW = 3  # frames on either side: 70 ms in all, close to the 60 ms of upstream RVC's slicer


@dataclass(frozen=True)
class Slice:
    """Pieces of `min_s` to `max_s` (a clip shorter than `min_s` stays whole)."""

    threshold_db: float = -42.0  # dB against full scale of the clip at standard level, 28 dB below its loudest second
    min_s: float = 1.0
    max_s: float = 8.0
    min_silence_s: float = 0.3  # shorter pauses are part of the phrase
    keep_silence_s: float = 0.15  # of a silence, on either side of it

    def __post_init__(self) -> None:
        """Refuse inconsistent lengths."""
        require(self.min_s >= 0.1, f"preprocess.slice.min_s={self.min_s}: expected at least 0.1 s.")
        require(
            self.max_s >= 2 * self.min_s,
            f"preprocess.slice.max_s={self.max_s}: expected at least twice min_s={self.min_s}.",  # else nowhere to cut
        )
        require(
            0 <= self.keep_silence_s <= self.min_silence_s / 2,
            f"preprocess.slice.keep_silence_s={self.keep_silence_s}: expected 0 to half of "
            f"min_silence_s={self.min_silence_s}.",
        )

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Slice every segment; silence that is left out is reported as dropped."""
        pieces: list[Segment] = []
        dropped: list[Dropped] = []
        gain_db = standard_gain_db([part.waveform for part in segments], segments[0].sample_rate) if segments else 0.0
        for segment in segments:
            spans = self.spans(segment.waveform, segment.sample_rate, gain_db)
            kept = tuple(
                replace(segment, waveform=segment.waveform[first:last], start=segment.start + first)
                for first, last in spans
            )
            pieces += kept
            lost_s = segment.duration_s - total_s(kept)
            if sum(last - first for first, last in spans) < len(segment.waveform):
                dropped.append(Dropped(segment.clip_id, lost_s, "silence" if spans else "silence throughout"))
        return tuple(pieces), tuple(dropped)

    def spans(self, waveform: Waveform, sample_rate: int, gain_db: float) -> tuple[Span, ...]:
        """Spans of the pieces in a waveform (S,) that is `gain_db` below standard level, in order, without overlap."""
        num_samples = len(waveform)
        hop = max(1, seconds_to_samples(HOP_S, sample_rate))
        level_db = frame_levels_db(waveform, hop)
        min_silence = max(1, round(self.min_silence_s / HOP_S))
        keep = min(seconds_to_samples(self.keep_silence_s, sample_rate), min_silence * hop // 2)
        sounding = _sounding_frames(level_db >= max(self.threshold_db - gain_db, SILENT_DB), min_silence)
        spans = [(max(0, first * hop - keep), min(num_samples, last * hop + keep)) for first, last in sounding]
        min_samples = min(seconds_to_samples(self.min_s, sample_rate), num_samples)
        spans = _lengthen(spans, min_samples, num_samples)
        longest = seconds_to_samples(self.max_s, sample_rate)
        return tuple(piece for span in spans for piece in cut_softest(span, longest, min_samples, level_db, hop))


def frame_levels_db(waveform: Waveform, hop: int, half_window: int = HALF_WINDOW) -> NDArray[np.float64]:
    """RMS level of each frame of `hop` samples with `half_window` frames on either side, dB, (ceil(S / hop),)."""
    return levels_db(frame_energies(waveform, hop), hop, half_window)


def frame_energies(waveform: Waveform, hop: int) -> NDArray[np.float64]:
    """Sum of squares of each frame of `hop` samples, where the last may be shorter, (ceil(S / hop),)."""
    energy = np.zeros(-(-len(waveform) // hop))
    whole = waveform[: len(waveform) // hop * hop].reshape(-1, hop)
    energy[: len(whole)] = np.einsum("ij,ij->i", whole, whole, dtype=np.float64)
    if len(whole) < len(energy):
        energy[-1] = np.sum(np.square(waveform[whole.size :], dtype=np.float64))
    return energy


def levels_db(energy: NDArray[np.float64], hop: int, half_window: int = HALF_WINDOW) -> NDArray[np.float64]:
    """RMS level, dB, of frames (T,) from their energies, each taken with its neighbours."""
    num_frames = len(energy)
    totals = np.concatenate([[0.0], np.cumsum(energy)])
    frame = np.arange(num_frames)
    first = np.maximum(frame - half_window, 0)
    last = np.minimum(frame + half_window + 1, num_frames)
    power = np.maximum(totals[last] - totals[first], 0.0) / (hop * (last - first))
    return np.asarray(amplitude_to_db(np.sqrt(power)), dtype=np.float64)


def _sounding_frames(is_loud: NDArray[np.bool_], min_silence: int) -> list[Span]:
    """Runs of loud frames; pauses shorter than `min_silence` frames are bridged."""
    runs: list[Span] = []
    for first, last in true_spans(is_loud):
        if runs and first - runs[-1][1] < min_silence:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


def _lengthen(spans: list[Span], min_samples: int, num_samples: int) -> list[Span]:
    """Join spans shorter than `min_samples` across small gaps; extend isolated ones into the silence."""
    spans = list(spans)
    while True:
        short = next((i for i, (first, last) in enumerate(spans) if last - first < min_samples), None)
        if short is None:
            return spans
        first, last = spans[short]
        before = first - spans[short - 1][1] if short > 0 else None
        after = spans[short + 1][0] - last if short + 1 < len(spans) else None
        gaps = [(gap, side) for gap, side in ((before, -1), (after, 0)) if gap is not None]
        gap, side = min(gaps, default=(num_samples, 0))
        if gaps and gap <= min_samples:
            left = short + side
            spans[left : left + 2] = [(spans[left][0], spans[left + 1][1])]
        else:
            # Neighbours are at least min_samples away, so half of that on each side never overlaps one.
            need = min_samples - (last - first)
            first = max(0, first - need // 2)
            last = min(num_samples, first + min_samples)
            spans[short] = (last - min_samples, last)


def cut_softest(
    span: Span, max_samples: int, min_samples: int, level_db: NDArray[np.float64], hop: int
) -> Iterable[Span]:
    """Cut into pieces of at most `max_samples`, each at the softest frame that leaves both sides long enough."""
    first, last = span
    while last - first > max_samples:
        low = first + max(max_samples // 2, min_samples)
        high = min(first + max_samples, last - min_samples)
        frames = np.arange(-(-low // hop), high // hop + 1)
        cut = int(frames[np.argmin(level_db[frames])]) * hop if len(frames) else high
        yield first, cut
        first = cut
    yield first, last
