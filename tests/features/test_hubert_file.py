"""Weights files of HuBERT networks: every layout loads, everything else is refused by name."""

import os
import re
import sys
import types

import numpy as np
import omegaconf
import pytest
import torch

from duetto.errors import CheckpointError
from duetto.features import hubert_file
from duetto.features.hubert import HubertEncoder
from tests.features.hubert_networks import (
    DEEP,
    PROJECTED,
    SMALL,
    SOFT,
    in_layout,
    noise,
    random_network,
    reference_units,
    write,
)


@pytest.fixture(scope="module")
def network():
    return random_network()


def test_safetensors_older_pickles_wrapped_names_and_half_precision_load(tmp_path, network):
    audio = noise(4000)
    expected = reference_units(network, audio, 3, False)
    files = [
        write(tmp_path, network, "transformers", suffix=".safetensors"),
        write(tmp_path, network, "fairseq", suffix=".old", zipped=False),
    ]
    weights = in_layout(network, "transformers")
    wrapped = {name if name.startswith("final_proj") else f"hubert.{name}": t for name, t in weights.items()}
    torch.save(wrapped, tmp_path / "wrapped.bin")
    # newer spelling of weight normalisation, no projection
    spelt = {re.sub(r"weight_([gv])$", lambda m: f"parametrizations.weight.original{'gv'.index(m[1])}", n): t
             for n, t in weights.items() if not n.startswith("final_proj")}  # fmt: skip
    torch.save(spelt, tmp_path / "spelt.bin")
    for path in (*files, tmp_path / "wrapped.bin", tmp_path / "spelt.bin"):
        np.testing.assert_allclose(HubertEncoder(path, DEEP, SMALL).raw_units(audio), expected, atol=2e-6)
    torch.save({"model": {n: t.half() for n, t in in_layout(network, "fairseq").items()}}, tmp_path / "half.pt")
    half = HubertEncoder(tmp_path / "half.pt", DEEP, SMALL).raw_units(audio)
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, expected, atol=0.02)


def test_objects_of_a_fairseq_configuration_are_passed_over_not_run(tmp_path, network, monkeypatch):
    package, module = types.ModuleType("fairseq"), types.ModuleType("fairseq.tasks")
    setups = []

    class Task:
        def __setstate__(self, state):
            setups.append(state)

    Task.__module__, Task.__qualname__ = "fairseq.tasks", "Task"
    module.Task = Task
    monkeypatch.setitem(sys.modules, "fairseq", package)
    monkeypatch.setitem(sys.modules, "fairseq.tasks", module)
    task = Task()
    task.dictionary = ["a"]
    path = tmp_path / "a.pt"
    settings = omegaconf.OmegaConf.create({"layers": [12, "a", None, True], "rate": 1.5})
    extra = {"task_state": {"task": task}, "cfg": settings, "best_loss": np.float64(1.0)}
    torch.save({**extra, "model": in_layout(network, "fairseq")}, path)
    assert HubertEncoder(path, DEEP, SMALL).dimension == 32
    assert setups == []


class Hostile:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_pickle_is_refused_and_not_run(tmp_path, zipped):
    mark = tmp_path / "mark"
    torch.save({"model": Hostile(mark)}, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match=r"more than tensors \(\w+\.mkdir\), which is refused"):
        HubertEncoder(tmp_path / "a.pt", DEEP, SMALL)
    assert not mark.exists()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_file_is_refused(tmp_path, network, suffix, share):
    path = write(tmp_path, network, "transformers", suffix=suffix)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CheckpointError, match="cannot be read: it is truncated"):
        HubertEncoder(path, DEEP, SMALL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("encoder.layers.1.fc1.bias"), r"lacks 1 tensors: encoder\.layers\.1\.fc1\.bias"),
        (lambda w: w.update({"encoder.layers.3.fc1.bias": torch.zeros(48)}), r"unknown 1 tensors: encoder\.layers\.3"),
        (
            lambda w: w.update({"post_extract_proj.weight": torch.zeros(32, 17)}),
            r"misshapen 1 tensors: post_extract_proj\.weight \(32, 17\) instead of \(32, 16\)",
        ),
        (lambda w: w["layer_norm.bias"].fill_(torch.nan), r"undefined values in 1 tensors: layer_norm\.bias"),
        (lambda w: w.pop("final_proj.bias"), r"lacks 1 tensors: final_proj\.bias"),
        (lambda w: w.update({"module.layer_norm.bias": w["layer_norm.bias"]}), r"layer_norm\.bias twice"),
        (lambda w: w.pop("post_extract_proj.weight"), "is no HuBERT file"),
        (lambda w: w.clear(), "holds nothing"),
        (lambda w: w.update({"step": 3}), "holds the entries step"),
    ],
)
def test_a_file_that_is_not_exactly_the_network_is_refused_by_name(tmp_path, change, message):
    weights = in_layout(random_network(), "fairseq")
    change(weights)
    torch.save({"model": weights}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=message):
        HubertEncoder(tmp_path / "a.pt", PROJECTED, SMALL)


def test_a_bare_tensor_and_a_missing_file_are_refused(tmp_path):
    torch.save(torch.zeros(3), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="holds a Tensor"):
        hubert_file.read_tensors(tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="There is no weights file"):
        hubert_file.read_tensors(tmp_path / "b.pt")


def test_a_soft_file_is_not_read_as_contentvec_nor_the_reverse(tmp_path, network):
    with pytest.raises(CheckpointError, match="layout of hubert-soft"):
        HubertEncoder(write(tmp_path, network, "hubert-soft"), PROJECTED, SMALL)
    with pytest.raises(CheckpointError, match="layout of fairseq"):
        HubertEncoder(write(tmp_path, network, "fairseq"), SOFT, SMALL)


def test_loading_draws_no_random_numbers(tmp_path, network):
    path = write(tmp_path, network, "fairseq")
    before = torch.random.get_rng_state()
    HubertEncoder(path, DEEP, SMALL)
    assert torch.equal(before, torch.random.get_rng_state())
