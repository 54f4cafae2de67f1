"""Which crop of which clip each training step sees, as a pure function of (seed, step).

An epoch visits every clip ceil(frames / crop) times, in an order and at offsets drawn from
(seed, epoch). There is no state between steps, so a killed run resumes at step n with
the batch that an uninterrupted run would have had there. Several processes divide the batch of
a step among them (`duetto.data.share`): together they see what one process would see.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset

from duetto.data.batch import Batch
from duetto.data.share import Share, share_of, whole
from duetto.errors import CorpusError
from duetto.features.cache import ClipFeatures
from duetto.features.f0 import pitch_to_coarse
from duetto.features.memory import MOST_BYTES, recall_features

BUCKET_FRAMES = 50  # whole clips whose lengths differ by less may share a batch


@dataclass(frozen=True)
class TrainingClip:
    """A clip's features on disk."""

    id: str
    features: Path
    num_frames: int
    speaker_id: int = 0
    parallel: tuple[Path, ...] = ()  # features of other singers' clips with the same words, timing and pitch
    content: Path | None = None  # features whose content is read; None = the clip's own

    def heard_as(self, place: float) -> "TrainingClip":
        """The clip with the content of one of its parallel clips, chosen by a number from 0 to below 1."""
        return replace(self, content=self.parallel[int(place * len(self.parallel))])


@dataclass(frozen=True)
class CropPlan:
    """How clips become batches."""

    clips: tuple[TrainingClip, ...]
    crop_frames: int
    hop_length: int
    batch_size: int
    seed: int
    least_frames: int = 1  # of a batch of whole clips: a segment has to fit
    parallel_share: float = 0.0  # of the crops that have parallel clips: the content is one of theirs

    def __post_init__(self) -> None:
        """A corpus without a single frame cannot train."""
        if not self.clips or sum(clip.num_frames for clip in self.clips) == 0:
            raise CorpusError("No clip is left to train on. See the ledger above for what was dropped and why.")

    @property
    def crops_per_epoch(self) -> int:
        """Crops in one visit of the corpus."""
        if self.crop_frames == 0:
            return sum(clip.num_frames > 0 for clip in self.clips)
        return sum(ceil(clip.num_frames / self.crop_frames) for clip in self.clips)

    @property
    def steps_per_epoch(self) -> int:
        """Steps in one visit of the corpus, the last of which may begin the next."""
        return max(1, ceil(self.crops_per_epoch / self.batch_size))

    @property
    def unusable(self) -> tuple[TrainingClip, ...]:
        """Clips without a frame."""
        return tuple(clip for clip in self.clips if clip.num_frames == 0)

    @property
    def filled(self) -> tuple[TrainingClip, ...]:
        """Clips that are used, but shorter than what is trained at once: silence fills them up."""
        length = self.crop_frames or self.least_frames
        return tuple(clip for clip in self.clips if 0 < clip.num_frames < length)

    def frames_of(self, crops: list[tuple[TrainingClip, int]]) -> int:
        """Frames of a batch."""
        return self.crop_frames or max(self.least_frames, *(clip.num_frames for clip, _ in crops))

    def crops(self, step: int) -> list[tuple[TrainingClip, int]]:
        """The (clip, first frame) pairs of a step."""
        if self.crop_frames == 0:
            return self._whole_clips(step)
        first = step * self.batch_size
        return [self._crop(position) for position in range(first, first + self.batch_size)]

    def _whole_clips(self, step: int) -> list[tuple[TrainingClip, int]]:
        usable = [clip for clip in self.clips if clip.num_frames]
        epoch, place = divmod(step, ceil(len(usable) / self.batch_size))
        batches, draws = _epoch_batches(self, epoch)
        return [(self._heard(usable[index], draws[index]), 0) for index in batches[place]]

    def _heard(self, clip: TrainingClip, draw: float) -> TrainingClip:
        """The clip with its own content or that of a parallel clip, by a draw from 0 to below 1."""
        is_shared = clip.parallel and draw < self.parallel_share
        return clip.heard_as(draw / self.parallel_share) if is_shared else clip

    def _crop(self, position: int) -> tuple[TrainingClip, int]:
        epoch, place = divmod(position, self.crops_per_epoch)
        order, offsets, draws = _epoch_order(self, epoch)
        clip = self._heard(self.clips[order[place]], draws[place])
        slack = max(clip.num_frames - self.crop_frames, 0)
        return clip, int(offsets[place] * (slack + 1))


@lru_cache(maxsize=4)
def _epoch_order(plan: CropPlan, epoch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of clips, places of crops within them, and draws of parallel clips, both from 0 to below 1."""
    generator = np.random.default_rng([plan.seed, epoch])
    visits = [ceil(clip.num_frames / plan.crop_frames) for clip in plan.clips]
    order = generator.permutation(np.repeat(np.arange(len(plan.clips)), visits))
    return order, generator.random(len(order)), generator.random(len(order))


@lru_cache(maxsize=4)
def _epoch_batches(plan: CropPlan, epoch: int) -> tuple[list[list[int]], np.ndarray]:
    """Batches of whole clips of like length, in random order, each clip in one of them; a draw for each clip."""
    lengths = np.array([clip.num_frames for clip in plan.clips if clip.num_frames])
    generator = np.random.default_rng([plan.seed, epoch])
    shuffled = generator.permutation(len(lengths))
    buckets = lengths[shuffled] // BUCKET_FRAMES
    ordered = shuffled[np.argsort(buckets, kind="stable")].tolist()
    batches = [ordered[first : first + plan.batch_size] for first in range(0, len(ordered), plan.batch_size)]
    return [batches[index] for index in generator.permutation(len(batches))], generator.random(len(lengths))


def describe_use(plan: CropPlan, sample_rate: int) -> str:
    """What batches make of the clips: how much is used, filled up with silence, or cannot be used."""

    def seconds(clips: tuple[TrainingClip, ...]) -> str:
        return f"{sum(clip.num_frames for clip in clips) * plan.hop_length / sample_rate:.1f} s"

    used = tuple(clip for clip in plan.clips if clip.num_frames)
    text = f"Batches: {len(used)} clips, {seconds(used)}, each of them in every epoch."
    if plan.filled:
        text += f" {len(plan.filled)} ({seconds(plan.filled)}) are shorter than an example and end in silence."
    if plan.unusable:
        text += f" Without a frame, not used: {', '.join(clip.id for clip in plan.unusable)}."
    if plan.parallel_share:
        text += f" {sum(bool(clip.parallel) for clip in used)} have parallel clips of other singers."
    return text


class CropDataset(IterableDataset[Batch]):
    """Batches of steps `first_step` ... `last_step - 1`, or what one of several processes sees of them.

    It has no length on purpose: Lightning compares a length with the batches of the whole epoch, those
    before a resume included, and would end at once.
    """

    def __init__(self, plan: CropPlan, first_step: int, last_step: int, rank: int = 0, world: int = 1) -> None:
        super().__init__()
        self.plan = plan
        self.first_step = first_step
        self.last_step = last_step
        self.rank = rank  # of this process
        self.world = world  # number of processes

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches in step order; workers take turns."""
        worker = torch.utils.data.get_worker_info()
        start, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        for step in range(self.first_step + start, self.last_step, stride):
            yield self.batch(step)

    def batch(self, step: int) -> Batch:
        """The examples of a step that this process sees, as long as the longest of all."""
        crops = self.plan.crops(step)
        frames = self.plan.frames_of(crops)
        lengths = [min(clip.num_frames - start, frames) for clip, start in crops]
        return collate(crops, frames, self.plan.hop_length, share_of(lengths, self.rank, self.world))

    def loader(self, num_workers: int) -> DataLoader[Batch]:
        """A DataLoader that hands the batches on as they are."""
        return DataLoader(self, batch_size=None, num_workers=num_workers, persistent_workers=num_workers > 0)


def collate(
    of_step: list[tuple[TrainingClip, int]], crop_frames: int, hop_length: int, share: Share | None = None
) -> Batch:
    """Load crops, all or a share of them, and pad short clips with zeros to `crop_frames`."""
    share = share or whole(len(of_step))
    crops = of_step[share.rows]
    loaded = [_load(clip.features) for clip, _ in crops]
    contents = [_load(clip.content or clip.features).content for clip, _ in crops]
    width = loaded[0].content.shape[1]
    size = len(crops)
    content = np.zeros((size, crop_frames, width), np.float32)
    f0_hz = np.zeros((size, crop_frames), np.float32)
    waveform = np.zeros((size, crop_frames * hop_length), np.float32)
    lengths = np.zeros(size, np.int64)
    for row, ((_, start), clip, heard) in enumerate(zip(crops, loaded, contents, strict=True)):
        length = min(crop_frames, len(clip.f0_hz) - start)
        lengths[row] = length
        content[row, :length] = heard[start : start + length]
        f0_hz[row, :length] = clip.f0_hz[start : start + length]
        samples = clip.waveform[start * hop_length : (start + length) * hop_length]
        waveform[row, : len(samples)] = samples
    return Batch(
        content=torch.from_numpy(content),
        f0_hz=torch.from_numpy(f0_hz),
        pitch_coarse=torch.from_numpy(pitch_to_coarse(f0_hz)),
        waveform=torch.from_numpy(waveform),
        lengths=torch.from_numpy(lengths),
        speaker_id=torch.tensor([clip.speaker_id for clip, _ in crops], dtype=torch.int64),
        clip_ids=tuple(clip.id for clip, _ in of_step),
        share=share,
    )


def whole_clip(clip_id: str, clip: ClipFeatures, speaker_id: int = 0) -> Batch:
    """A batch of one clip in its whole length."""
    return Batch(
        content=torch.from_numpy(clip.content)[None],
        f0_hz=torch.from_numpy(clip.f0_hz)[None],
        pitch_coarse=torch.from_numpy(pitch_to_coarse(clip.f0_hz))[None],
        waveform=torch.from_numpy(clip.waveform)[None],
        lengths=torch.tensor([len(clip.f0_hz)]),
        speaker_id=torch.tensor([speaker_id]),
        clip_ids=(clip_id,),
        share=whole(1),
    )


def _load(path: Path) -> ClipFeatures:
    worker = torch.utils.data.get_worker_info()
    return recall_features(path, MOST_BYTES // (worker.num_workers if worker else 1))  # workers share the memory
