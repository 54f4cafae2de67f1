"""Processes divide the batch of a step: none sees what another does, and means of means are those of the batch."""

from dataclasses import replace

import pytest
import torch

from duetto.data.dataset import CropDataset
from duetto.data.share import Share, share_of, whole
from tests.data.test_dataset import clips, plan_for

__all__ = ["clips"]


@pytest.mark.parametrize("total", [1, 2, 3, 4, 7, 8])
@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_every_example_belongs_to_one_process(total: int, world: int):
    shares = [share_of([10] * total, rank, world) for rank in range(world)]
    rows = [row for share in shares if share.weight for row in range(share.first, share.first + share.size)]
    assert rows == list(range(total))
    sizes = [share.size for share in shares if share.weight]
    assert max(sizes) - min(sizes) <= 1


def test_the_mean_of_weighted_means_is_the_mean_of_all():
    lengths, losses = [5, 9, 2, 4, 7], torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0])
    frames = torch.tensor(lengths, dtype=torch.float32)
    of_examples, of_frames = [], []
    for rank in range(2):
        share = share_of(lengths, rank, 2)
        own, its = losses[share.rows], frames[share.rows]
        of_examples.append(share.weight * own.mean())
        of_frames.append(share.frame_weight * (own * its).sum() / its.sum())
    assert float(torch.stack(of_examples).mean()) == pytest.approx(float(losses.mean()))
    assert float(torch.stack(of_frames).mean()) == pytest.approx(float((losses * frames).sum() / frames.sum()))


def test_a_process_without_an_example_of_its_own_counts_for_nothing():
    shares = [share_of([8, 8], rank, 3) for rank in range(3)]
    assert shares[0] == Share(0, 1, 2, 0.0, 0.0)
    assert [share.weight for share in shares] == [0.0, 1.5, 1.5]


def test_the_only_process_sees_everything_unweighted():
    assert share_of([3, 4], 0, 1) == whole(2) == Share(0, 2, 2, 1.0, 1.0)


@pytest.mark.parametrize("crop_frames", [16, 0])
def test_together_processes_see_the_batches_of_one(clips, crop_frames: int):
    plan = replace(plan_for(clips, batch_size=4), crop_frames=crop_frames)
    alone = list(CropDataset(plan, 3, 8))
    parts = [list(CropDataset(plan, 3, 8, rank, 2)) for rank in range(2)]
    for step, batch in enumerate(alone):
        own = [part[step] for part in parts if part[step].share.weight]
        assert all(each.clip_ids == batch.clip_ids for each in own)
        assert torch.equal(torch.cat([each.content for each in own]), batch.content)
        assert torch.equal(torch.cat([each.waveform for each in own]), batch.waveform)
        assert torch.equal(torch.cat([each.lengths for each in own]), batch.lengths)
