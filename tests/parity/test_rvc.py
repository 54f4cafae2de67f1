"""The networks against arrays that upstream RVC (WebUI, branch 20240604, d60cd3d) produced from the same weights.

Gates: networks 5e-6 absolute; losses before the first update 1e-5 relative; gradient norms 1e-4; everything in
the second iteration 5e-4. Losses of iteration 1 that already see the updated discriminator get 2e-5: AdamW's
first step is the learning rate times the sign of each gradient, so gradients that are zero up to rounding move their
weight either way. Between AVX2 and AVX-512 kernels on one machine these losses differ by as much.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from .rvc import Arrays, ReferenceRun

pytestmark = pytest.mark.parity

REFERENCE = Path(__file__).parent / "reference"
VARIANTS = ("v2_40k_f0", "v2_32k_f0", "v2_40k_nof0")
NETWORK_GATE = 5e-6  # absolute
SUM_GATE = 4e-6  # relative, of norms and sums over many values, each of which an FFT may round differently
LOG_MEL_GATE = 2e-5  # absolute; the logarithm magnifies where the segment is quiet
LAST_PLACES = (
    16  # units in the last place of the largest float32: FFT and convolutions round differently on another CPU
)
FRESH_LOSSES = {"loss_disc", "loss_mel", "loss_kl"}  # of networks that nobody has updated yet


def load_reference(variant: str) -> Arrays:
    with np.load(REFERENCE / f"vectors_{variant}.npz") as stored:
        return dict(stored)


def gate_of_loss(name: str) -> float:
    iteration, quantity = name.split(".")
    if iteration == "iter2":
        return 5e-4
    if quantity.startswith("grad_norm"):
        return 1e-4
    return 1e-5 if quantity in FRESH_LOSSES else 2e-5


def assert_close(name: str, expected: np.ndarray, found: np.ndarray) -> None:
    assert found.shape == expected.shape, name
    if expected.dtype.kind in "USi":
        np.testing.assert_array_equal(found, expected, err_msg=name)
    elif name.startswith("train.l2.") or name.endswith(("_l2", "_sum_over_time")):
        np.testing.assert_allclose(found, expected, rtol=SUM_GATE, atol=NETWORK_GATE, err_msg=name)
    else:
        gate = LOG_MEL_GATE if "mel" in name else NETWORK_GATE
        rounding = LAST_PLACES * np.finfo(np.float32).eps * float(np.abs(expected).max())
        np.testing.assert_allclose(found, expected, rtol=0, atol=max(gate, rounding), err_msg=name)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_conversion_gives_the_upstream_arrays(variant):
    reference, run = load_reference(variant), ReferenceRun(variant)
    found = run.digests | run.conversion()
    assert {name for name in reference if name.startswith(("enc_p.", "dec.", "infer.", "fill."))} <= set(found)
    for name, array in found.items():
        assert_close(name, reference[name], array)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_two_training_updates_give_the_upstream_losses(variant):
    reference, run = load_reference(variant), ReferenceRun(variant)
    found = run.training(num_updates=2)
    values = found.pop("loss.values")
    for name, array in found.items():
        assert_close(name, reference[name], array)
    for name, expected, value in zip(reference["loss.names"], reference["loss.values"], values, strict=True):
        assert value == pytest.approx(expected, rel=gate_of_loss(str(name))), name


@pytest.mark.slow
def test_the_dump_holds_every_array_of_the_reference(tmp_path):
    command = [
        sys.executable,
        "-m",
        "tests.parity.dump",
        "rvc",
        "v2_40k_f0",
        str(tmp_path / "ours.npz"),
        "--updates",
        "0",
    ]
    subprocess.run(command, check=True, cwd=REFERENCE.parents[2], env=os.environ | {"OMP_NUM_THREADS": "1"})
    with np.load(tmp_path / "ours.npz") as ours:
        assert set(ours.files) == set(load_reference("v2_40k_f0"))
