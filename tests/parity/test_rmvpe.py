"""RMVPE against arrays that RVC WebUI (main, 4338f12) produced from the same weights.

Gates: mel 2e-5 and salience 2e-5 absolute, decoding 1e-6 relative. The reference's salience lies 3.0e-5 from that of
the same network in float64, so only the same order of sums, on two threads, can hold the gate.
"""

import copy

import numpy as np
import pytest
import torch

from duetto.features.rmvpe.network import fold_batch_norms
from duetto.features.rmvpe.salience import find_salience

from . import rmvpe

pytestmark = [pytest.mark.parity, pytest.mark.slow]

FILL_SHA256 = "d30463b52ebba515475e91e9a52c02086fcf9b6163f59317090588f2c6958409"  # over 741 names and their tensors


@pytest.fixture(scope="module")
def filled():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield rmvpe.filled_network()
    torch.set_num_threads(before)


def test_the_filled_tensors_are_those_of_the_reference(filled):
    network, digest = filled
    assert digest == FILL_SHA256
    assert sum(parameter.numel() for parameter in network.parameters()) == 90_423_165


def test_mel_salience_and_decoding_are_upstreams(filled):
    expected, found = rmvpe.reference(), rmvpe.compute(filled[0])
    assert set(found) == set(expected)
    np.testing.assert_allclose(found["mel"], expected["mel"], rtol=0, atol=2e-5)
    np.testing.assert_allclose(found["salience"], expected["salience"], rtol=0, atol=2e-5)
    np.testing.assert_allclose(found["decode_f0_hz"], expected["decode_f0_hz"], rtol=1e-6, atol=0)
    first, second = np.sort(expected["salience"], axis=1)[:, -2:].T[::-1]
    is_clear = first - second > 1e-4
    assert is_clear.mean() > 0.9
    for threshold in rmvpe.THRESHOLDS:
        name = f"f0_hz_{threshold}"
        np.testing.assert_allclose(found[name][is_clear], expected[name][is_clear], rtol=1e-3, atol=0)


def test_folding_the_batch_norms_moves_the_salience_by_rounding_only(filled):
    mel = torch.from_numpy(rmvpe.reference()["mel"])
    exact = find_salience(copy.deepcopy(filled[0]).double(), mel.double())
    folded = find_salience(fold_batch_norms(copy.deepcopy(filled[0])), mel)
    assert (folded - exact).abs().max() < 6e-5  # upstream's own: 3.0e-5
    assert (folded - exact).abs().mean() < 5e-6


def test_a_long_mel_in_pieces_gives_what_one_pass_gives(filled):
    network = copy.deepcopy(filled[0])
    with torch.no_grad():  # as filled, inputs of 100 saturate the recurrent layer, and it remembers for ever
        for parameter in (*network.head.parameters(), *network.recurrent.parameters()):
            parameter.mul_(0.1)
        network.head.weight.mul_(0.1)
    mel = torch.from_numpy(np.tile(rmvpe.reference()["mel"], (1, 30)))[:, :5930]
    whole, pieces = find_salience(network, mel), find_salience(network, mel, whole_frames=4800)
    assert pieces.shape == whole.shape
    assert (whole - pieces).abs().max() < 1e-4
