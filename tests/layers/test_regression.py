"""The map is the one that a general solver finds, from sums alone."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from duetto.layers.linear_acoustic import LinearAcoustic, in_context
from duetto.layers.regression import FrameSums, Solution

INPUTS, MELS = 6, 3


def frames(number: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(number, INPUTS, generator=generator) + 2.0
    mixing = torch.randn(INPUTS, MELS, generator=torch.Generator().manual_seed(99))
    noise = torch.randn(number, MELS, generator=generator)
    return inputs, inputs @ mixing + 0.1 * noise - 4.0


def summed(*clips: tuple[torch.Tensor, torch.Tensor, int], speakers: int = 1) -> FrameSums:
    sums = FrameSums(INPUTS, MELS, speakers)
    for inputs, mel, speaker in clips:
        sums.add(inputs, mel, speaker)
    return sums


def test_it_agrees_with_least_squares_on_the_extended_rows():
    inputs, mel = (each.double().numpy() for each in frames(200))
    mean, spread = mel.mean(0), mel.std(0)
    centred = inputs - inputs.mean(0)
    penalty = 0.01 * np.mean(np.sum(centred**2, axis=0))
    rows = np.vstack([centred, np.sqrt(penalty) * np.eye(INPUTS)])
    wanted, *_ = np.linalg.lstsq(rows, np.vstack([(mel - mean) / spread, np.zeros((INPUTS, MELS))]), rcond=None)
    sums = summed((*frames(200), 0))
    solution = sums.solve(0.01)
    np.testing.assert_allclose(solution.weight, wanted.T, atol=1e-9)
    np.testing.assert_allclose(solution.bias, -wanted.T @ inputs.mean(0), atol=1e-9)
    np.testing.assert_allclose(sums.mean()[0], mean, atol=1e-9)
    np.testing.assert_allclose(sums.spread()[0], spread, atol=1e-9)


def test_how_the_frames_are_cut_into_clips_does_not_matter():
    inputs, mel = frames(90)
    whole = summed((inputs, mel, 0)).solve(0.01)
    parts = summed((inputs[:20], mel[:20], 0), (inputs[20:], mel[20:], 0)).solve(0.01)
    assert torch.allclose(whole.weight, parts.weight, atol=1e-12)


def test_the_same_frames_give_the_same_bits():
    first, second = (summed((*frames(300), 0)).solve(1e-3) for _ in range(2))
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(first.bias, second.bias)


def test_speakers_share_the_map_and_differ_in_mean_and_spread():
    inputs, mel = frames(400)
    other_inputs, other = frames(400, seed=1)
    sums = summed((inputs, mel, 0), (other_inputs, 3.0 * other + 7.0, 1), speakers=2)
    mean, spread = sums.mean(), sums.spread()
    assert torch.allclose(mean[1], 3.0 * other.double().mean(0) + 7.0)
    assert torch.allclose(spread[1], 3.0 * other.double().std(0, unbiased=False))
    alone = summed((inputs, mel, 0), (other_inputs, other, 1), speakers=2).solve(1e-3)
    assert torch.allclose(sums.solve(1e-3).weight, alone.weight, atol=1e-9)


def test_a_speaker_without_frames_takes_the_mean_of_all_and_a_constant_bin_is_no_division_by_zero():
    inputs, mel = frames(50)
    mel[:, 0] = -11.5
    sums = summed((inputs, mel, 0), speakers=2)
    assert torch.equal(sums.mean()[1], sums.mean()[0])
    assert sums.spread()[0, 0] == pytest.approx(1e-3)
    assert torch.isfinite(sums.solve(1e-3).weight).all()


def test_the_explained_share_is_that_of_the_residual():
    inputs, mel = frames(500)
    sums = summed((inputs, mel, 0))
    solution = sums.solve(1e-6)
    normalised = (mel.double() - sums.mean()) / sums.spread()
    residual = normalised - inputs.double() @ solution.weight.T - solution.bias
    assert sums.explained(solution) == pytest.approx(float(1 - residual.square().mean()), abs=1e-9)
    assert sums.explained(solution) > 0.95
    nothing = Solution(torch.zeros(MELS, INPUTS).double(), torch.zeros(MELS).double())
    assert sums.explained(nothing) == pytest.approx(0.0, abs=1e-12)
    assert sums.explained(Solution(nothing.weight, nothing.bias + 1.0)) == pytest.approx(-1.0)


def test_the_network_applies_the_map_to_the_rows_of_the_regression():
    torch.manual_seed(0)
    network = LinearAcoustic(4, MELS, 5, num_speakers=2)
    for tensor in (network.shared.weight, network.shared.bias, network.mel_mean, network.mel_spread):
        torch.nn.init.normal_(tensor)
    content = torch.randn(11, 4)
    rows = in_context(content, 5)
    mapped = rows @ network.shared.weight.flatten(1).T + network.shared.bias
    wanted = mapped * network.mel_spread[1] + network.mel_mean[1]
    torch.testing.assert_close(network(content[None], torch.tensor([1]))[0].T, wanted)
    middle = functional.pad(content.T, (2, 2), mode="replicate")[:, 5 : 5 + 5]
    assert torch.equal(rows[5], middle.flatten())


def test_a_single_frame_has_a_context():
    assert torch.equal(in_context(torch.tensor([[1.0, 2.0]]), 3), torch.tensor([[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]]))
