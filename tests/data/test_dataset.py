from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from duetto.data import dataset
from duetto.data.dataset import CropDataset, CropPlan, TrainingClip, collate, describe_use
from duetto.errors import CorpusError
from duetto.features.extract import ClipFeatures

HOP, WIDTH = 10, 4


@pytest.fixture
def clips(tmp_path, monkeypatch):
    lengths = {"a": 7, "b": 30, "c": 64}
    stored = {}
    for number, (name, frames) in enumerate(lengths.items()):
        frame = np.arange(frames, dtype=np.float32)
        stored[tmp_path / name] = ClipFeatures(
            content=np.repeat(frame[:, None] + 100 * number, WIDTH, axis=1),
            f0_hz=100 + frame,
            waveform=np.repeat(frame, HOP) / 1000,
        )
    monkeypatch.setattr(dataset, "_load", stored.__getitem__)
    return tuple(TrainingClip(name, tmp_path / name, frames) for name, frames in lengths.items())


def plan_for(clips, crop_frames=16, batch_size=2, seed=0):
    return CropPlan(clips, crop_frames, HOP, batch_size, seed)


def test_every_clip_is_used_in_every_epoch_as_often_as_it_is_long(clips):
    plan = plan_for(clips, batch_size=1)
    assert plan.crops_per_epoch == 1 + 2 + 4
    for epoch in range(3):
        seen = Counter(plan.crops(epoch * 7 + place)[0][0].id for place in range(7))
        assert seen == {"a": 1, "b": 2, "c": 4}


def test_a_step_is_a_pure_function_of_seed_and_step(clips):
    first, second = plan_for(clips), plan_for(clips)
    assert [first.crops(step) for step in range(20)] == [second.crops(step) for step in range(20)]
    assert [plan_for(clips, seed=1).crops(step) for step in range(20)] != [first.crops(step) for step in range(20)]


def test_starting_late_gives_what_an_uninterrupted_run_would_see(clips):
    whole = list(CropDataset(plan_for(clips), 0, 10))
    rest = list(CropDataset(plan_for(clips), 6, 10))
    assert [batch.clip_ids for batch in whole[6:]] == [batch.clip_ids for batch in rest]
    assert all((a.content == b.content).all() for a, b in zip(whole[6:], rest, strict=True))


def test_crops_stay_inside_their_clip_and_reach_its_end(clips):
    starts = [start for step in range(300) for clip, start in plan_for(clips).crops(step) if clip.id == "c"]
    assert min(starts) == 0
    assert max(starts) == 64 - 16


def test_fields_of_a_crop_are_aligned(clips):
    batch = collate([(clips[2], 5)], 16, HOP)
    assert batch.f0_hz[0, 0] == 105
    assert batch.content[0, 0, 0] == 205
    assert batch.waveform[0, 0] == pytest.approx(0.005)
    assert batch.waveform.shape == (1, 16 * HOP)


def test_short_clips_are_padded_and_their_length_is_told(clips):
    batch = collate([(clips[0], 0)], 16, HOP)
    assert batch.lengths.tolist() == [7]
    assert (batch.f0_hz[0, 7:] == 0).all()
    assert (batch.pitch_coarse[0, 7:] == 1).all()
    assert (batch.waveform[0, 7 * HOP :] == 0).all()


def test_an_empty_corpus_is_an_error():
    with pytest.raises(CorpusError, match="No clip is left"):
        plan_for(())


def test_whole_clips_of_like_length_share_batches_and_each_is_used_once_an_epoch(tmp_path):
    lengths = np.random.default_rng(0).integers(20, 900, 60)
    clips = tuple(TrainingClip(f"c{number}", tmp_path, int(frames)) for number, frames in enumerate(lengths))
    plan = CropPlan(clips, 0, HOP, 4, 0, least_frames=32)
    for epoch in range(2):
        batches = [plan.crops(epoch * 15 + place) for place in range(15)]
        assert sorted(clip.id for batch in batches for clip, _ in batch) == sorted(clip.id for clip in clips)
        padded = sum(plan.frames_of(batch) * len(batch) for batch in batches)
        assert padded < 1.2 * lengths.sum()
    random = [plan.frames_of([(clip, 0) for clip in clips[first : first + 4]]) * 4 for first in range(0, 60, 4)]
    assert sum(random) > 1.4 * lengths.sum()  # what it would be without sorting
    assert plan.crops(3) == CropPlan(clips, 0, HOP, 4, 0, least_frames=32).crops(3)


def test_a_batch_of_whole_clips_is_as_long_as_its_longest_and_holds_a_segment(clips):
    plan = CropPlan(clips, 0, HOP, 1, 0, least_frames=16)
    shapes = {batch.clip_ids[0]: batch.content.shape[1] for batch in CropDataset(plan, 0, 3)}
    assert shapes == {"a": 16, "b": 30, "c": 64}


def test_what_batches_cannot_use_is_said(clips, tmp_path):
    text = describe_use(plan_for((*clips, TrainingClip("empty", tmp_path, 0))), sample_rate=100)
    assert "3 clips, 10.1 s, each of them in every epoch" in text
    assert "1 (0.7 s) are shorter than an example" in text
    assert "not used: empty" in text


def test_a_share_of_crops_reads_the_content_of_a_parallel_clip_and_nothing_else_of_it(clips):
    long = clips[2]
    paired = replace(long, parallel=(clips[1].features,))  # its frames 0 to 29 are all that the crops below need
    plan = replace(plan_for((paired,), batch_size=8), parallel_share=0.25, crop_frames=16)
    crops = [crop for step in range(100) for crop in plan.crops(step)]
    shared = [clip for clip, _ in crops if clip.content is not None]
    assert 0.2 < len(shared) / len(crops) < 0.3
    assert {clip.content for clip in shared} == {clips[1].features}
    batch = collate([(paired.heard_as(0.0), 5)], 16, HOP)
    assert (batch.content[0, :, 0] == 100 + torch.arange(5, 21)).all()
    assert (batch.f0_hz[0] == 105 + torch.arange(16)).all()
    assert "1 have parallel clips" in describe_use(plan, 16000)


def test_without_a_share_batches_are_those_without_parallel_clips(clips):
    paired = tuple(replace(clip, parallel=(clips[2].features,)) for clip in clips)
    assert [plan_for(paired).crops(step)[0][1] for step in range(9)] == [
        plan_for(clips).crops(step)[0][1] for step in range(9)
    ]
    assert all(clip.content is None for step in range(9) for clip, _ in plan_for(paired).crops(step))


def test_whole_clips_are_heard_as_parallel_ones_too(clips):
    paired = tuple(replace(clip, parallel=(clips[2].features,)) for clip in clips)
    plan = replace(plan_for(paired, crop_frames=0, batch_size=1), parallel_share=0.5)
    heard = [clip.content for step in range(300) for clip, _ in plan.crops(step)]
    assert set(heard) == {None, clips[2].features}
    assert 100 < heard.count(None) < 200
