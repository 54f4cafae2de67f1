"""Our Diff-SVC and NSF-HiFiGAN against arrays that upstream produced from the same weights.

Upstream: prophesier/diff-svc 76154f0, openvpi/DiffSinger 753b7cc, svc-develop-team/so-vits-svc 730930d, on one CPU.
Gates: networks 2e-5 absolute; sampler runs 5e-6 of the array's maximum (filled weights do not denoise, values reach
1200); vocoder 1e-4, of which upstream's own float32 phase is 1.3e-5; mel 1e-4; whole numbers exactly.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from duetto.architectures.diffsvc.model import DiffSVC
from duetto.architectures.diffsvc.shapes import published_shape
from duetto.architectures.diffsvc.weights import export_weights, load_weights
from duetto.architectures.vocoder.shapes import OPENVPI_44K, OPENVPI_44K_PC
from tests.parity.older_shapes import with_legacy_encoder

from . import diffsvc
from .diffsvc_fill import filled_model, filled_vocoder, is_buffer
from .diffsvc_samplers import descendants
from .fill import normal

pytestmark = pytest.mark.parity

SHAPES = {
    "diffsvc_44k_nsf": published_shape("44k"),
    "diffsvc_24k": published_shape("24k"),
    "diffsvc_44k_nsf_fs2_legacy": with_legacy_encoder(published_shape("44k")),
    "diffsvc_24k_fs2_legacy": with_legacy_encoder(published_shape("24k")),
}
SAMPLER_GATE = 5e-6  # of the largest value
LAST_PLACES = 4  # units in the last place of the largest float32: an FFT rounds differently on another processor
GATES = {"nsf_hifigan_44k": 1e-4, "mel_44k": 1e-4}  # absolute; others:
NETWORK_GATE = 2e-5
GATE_OF = {"f0_denorm": 1e-4}  # Hz


def stored_json(name: str) -> dict:
    return json.loads((diffsvc.REFERENCE / f"{name}.json").read_text())


def assert_agrees(run: str, found: diffsvc.Arrays) -> None:
    reference = diffsvc.stored(run)
    assert set(reference) <= set(found)
    for name, expected in reference.items():
        assert found[name].shape == expected.shape, name
        if expected.dtype.kind in "iu":
            np.testing.assert_array_equal(found[name], expected, err_msg=name)
            continue
        gate = GATE_OF.get(name, GATES.get(run, NETWORK_GATE))
        if run in ("pndm", "samplers_descendants"):
            gate = SAMPLER_GATE * float(np.abs(expected).max())
        if run == "mel_44k":
            assert_same_mel(f"{run}/{name}", found[name], expected, gate)
            continue
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=gate, err_msg=f"{run}/{name}")


def assert_same_mel(name: str, found: np.ndarray, expected: np.ndarray, gate: float) -> None:
    """Log mels agree to the gate, but for the last places of a float32 FFT, which processors round differently."""
    base = 10.0 if name.endswith("log10") else np.e
    amplitude, wanted = base ** found.astype(np.float64), base ** expected.astype(np.float64)
    rounding = LAST_PLACES * np.finfo(np.float32).eps * float(wanted.max())
    np.testing.assert_allclose(amplitude, wanted, rtol=gate, atol=rounding, err_msg=name)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("run", ["schedule", "mel_44k", "encoder", "denoiser", "ddpm", "nsf_hifigan_44k"])
def test_networks_and_features_give_the_upstream_arrays(run):
    assert_agrees(run, diffsvc.compute(run))


@pytest.mark.slow
def test_three_training_steps_give_the_upstream_losses_and_gradients():
    assert_agrees("train_step", diffsvc.compute("train_step"))


@pytest.mark.slow
def test_upstreams_pndm_passes_through_the_same_states():
    assert_agrees("pndm", diffsvc.compute("pndm"))


@pytest.mark.slow
def test_the_descendants_samplers_end_where_theirs_do_after_the_same_calls():
    called = {}
    found = descendants(diffsvc.stored("samplers_descendants"), called.__setitem__)
    assert_agrees("samplers_descendants", found)
    for run, timesteps in stored_json("samplers_descendants").items():
        np.testing.assert_allclose(called[run], timesteps, rtol=1e-6, err_msg=run)


@pytest.mark.parametrize("file", SHAPES)
def test_an_export_holds_exactly_upstreams_names_and_shapes(file):
    exported = {name: list(tensor.shape) for name, tensor in export_weights(DiffSVC(SHAPES[file])).items()}
    assert exported == stored_json("keys")[file]


@pytest.mark.parametrize(
    ("filled", "check"),
    [
        (lambda: filled_model(published_shape("44k"))[1], "acoustic_44k"),
        (lambda: filled_model(with_legacy_encoder(published_shape("24k")))[1], "24k_fs2"),
        (lambda: filled_vocoder(OPENVPI_44K)[1], "nsf_hifigan"),
        (lambda: filled_vocoder(OPENVPI_44K_PC)[1], "pc_nsf_hifigan"),
    ],
    ids=["44k", "24k_legacy", "vocoder", "pc_vocoder"],
)
def test_filled_weights_are_the_reference_runs(filled, check):
    weights = {name: tensor for name, tensor in filled().items() if "hifigan" in check or not is_buffer(name)}
    expected = stored_json("fill_check")[check]
    if check.endswith("hifigan"):
        assert {name: list(tensor.shape) for name, tensor in weights.items()} == stored_json("keys")[
            "nsf_hifigan_44k" if check == "nsf_hifigan" else "pc_nsf_hifigan_44k_2025_02"
        ]
    assert set(weights) == set(expected)
    for name, (*first, total) in expected.items():
        np.testing.assert_allclose(weights[name].flatten()[:3].numpy(), first, rtol=1e-6, err_msg=name)
        assert float(weights[name].double().sum()) == pytest.approx(total, rel=1e-6, abs=1e-6), name


def test_a_filled_checkpoint_comes_back_bit_by_bit():
    model, weights = filled_model(published_shape("44k"))
    other = DiffSVC(published_shape("44k"))
    again = export_weights(other, load_weights(other, weights))
    assert all(torch.equal(again[name], weights[name]) for name in weights)
    assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(
    ("run", "arrays"),
    [
        ("encoder_energy", {"energy", "decoder_inp"}),
        ("encoder_fs2_legacy_24k", {"encoder_out", "decoder_inp", "spec", "cond", "out_t250"}),
        ("pc_nsf_hifigan_44k_2025_02", {"har_source", "wav", "wav_f64"}),
        ("mel_24k", {"mel_log10"}),
        ("mel_44k_keyshift_descendants", {"mel_ln_keyshift3", "mel_ln_speed1.1"}),
    ],
)
def test_runs_without_supplied_outputs_give_finite_arrays(run, arrays):
    found = diffsvc.compute(
        run,
        {
            "energy": np.linspace(0, 5, 240, dtype=np.float32).reshape(2, 120),
            "spec": normal("spec", (2, 1, 80, 40)).astype(np.float32),
            "cond": normal("cond", (2, 256, 40)).astype(np.float32),
        },
    )
    assert arrays <= set(found)
    assert all(np.isfinite(array).all() for array in found.values())


@pytest.mark.slow
def test_the_dump_takes_inputs_from_a_file(tmp_path):
    given, written = str(tmp_path / "in.npz"), str(tmp_path / "out.npz")
    np.savez(given, energy=np.ones((2, 120), np.float32))
    command = [sys.executable, "-m", "tests.parity.dump", "diffsvc", "encoder_energy", written]
    root = diffsvc.REFERENCE.parents[3]
    without = subprocess.run(command, cwd=root, env=dict(os.environ), capture_output=True, text=True)
    assert without.returncode == 2
    assert "needs --inputs FILE.npz with energy" in without.stderr
    subprocess.run([*command, "--inputs", given], check=True, cwd=root, env=dict(os.environ))
    with np.load(written) as found:
        assert found["decoder_inp"].shape == (2, 120, 256)
