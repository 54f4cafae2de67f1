import pytest
import torch

from duetto.layers.masks import random_segment_starts, sequence_mask, slice_segments


def test_a_mask_is_one_in_the_first_frames_and_zero_in_the_padding():
    mask = sequence_mask(torch.tensor([3, 1]), 4)
    assert mask.tolist() == [[[1.0, 1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0, 0.0]]]


def test_every_row_is_cut_at_its_own_start():
    values = torch.arange(12).view(2, 1, 6)
    assert slice_segments(values, torch.tensor([0, 3]), 2).tolist() == [[[0, 1]], [[9, 10]]]


@pytest.mark.parametrize("starts", [[0, 5], [-1, 0]])
def test_a_piece_that_leaves_its_row_is_refused(starts):
    with pytest.raises(ValueError, match="leave rows of 6"):
        slice_segments(torch.zeros(2, 1, 6), torch.tensor(starts), 2)


def test_random_starts_reach_both_ends_and_stay_inside():
    lengths = torch.full((500,), 7)
    starts = random_segment_starts(lengths, 5, torch.Generator().manual_seed(0))
    assert set(starts.tolist()) == {0, 1, 2}


def test_an_utterance_shorter_than_the_segment_starts_at_zero():
    assert random_segment_starts(torch.tensor([2, 4]), 4).tolist() == [0, 0]
