"""A voice and a vocoder as ONNX: the same samples at any length, with the record of whose voice it is."""

import dataclasses
import json
from datetime import date
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
import torch

from duetto.architectures.rvc.graph import rvc_graph
from duetto.architectures.vocoder.graph import vocoder_graph
from duetto.bases import BASES
from duetto.errors import CheckpointError, ConfigError, CorpusError
from duetto.layers.weight_norm import fold_weight_norm
from duetto.voices.interchange import onnx_file
from duetto.voices.interchange.exporting import ONNX, Export, export_voice
from duetto.voices.interchange.settings import features_config, model_config
from duetto.voices.voice import TrainedVoice, build_network, load_voice, read_voice, save_voice

TODAY = date(2026, 6, 1)
NOBODY = {"subject": "none", "controller": "duetto", "scopes": ["train", "infer", "publish_weights"]}
PERSON = {"subject": "singer-01", "controller": "x", "scopes": ["train", "infer"], "expires": "2030-12-31"}
GATE = 1e-4  # absolute, of samples within -1 to 1


def saved(folder, voice, consent=NOBODY):
    folder.mkdir()
    save_voice(dataclasses.replace(voice, card={**voice.card, "consent": consent, "made_from": []}), folder)
    return folder


def base(name):
    return read_voice(BASES / f"{name}.safetensors", BASES / f"{name}.json")


def public_voice(variant):
    """An untrained voice of the ecosystem's shape."""
    torch.manual_seed(0)
    model, features = model_config(variant, 1, has_posterior=False), features_config(variant, None)
    return TrainedVoice(build_network(model, features).eval(), model, features, {"case": "none"})


def drawn(graph, count):
    """Inputs of `count` frames: the noise drawn, the pitch with a gap."""
    random, inputs = np.random.default_rng(count), {}
    for name, example in graph.inputs.items():
        shape = [count * graph.moving[name].get(axis, 0) or size for axis, size in enumerate(example.shape)]
        if name == "f0_hz":
            values = 220 * 2 ** random.random(shape)
            values[:, count // 3 : count // 2] = 0.0
        elif name == "pitch":
            values = random.integers(1, 256, shape)
        else:
            values = np.zeros(shape) if name == "speaker" else random.standard_normal(shape)
        inputs[name] = values.astype(np.int64 if example.dtype == torch.int64 else np.float32)
    return inputs


def compare(graph, path, counts):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == list(graph.inputs)
    for count in counts:
        inputs = drawn(graph, count)
        (found,) = session.run(["waveform"], inputs)
        with torch.no_grad():
            expected = graph.module(*(torch.from_numpy(value) for value in inputs.values())).numpy()
        assert found.shape == expected.shape == (1, 1, count * graph.settings["hop_length"])
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(found, expected, rtol=0, atol=GATE)
    return session.get_modelmeta().custom_metadata_map


@pytest.mark.slow
@pytest.mark.parametrize(("name", "build"), [("rvc_compact", rvc_graph), ("vocoder_24000_240_80", vocoder_graph)])
def test_a_compact_voice_and_its_vocoder_sound_the_same_at_any_length(tmp_path, name, build):
    pytest.importorskip("onnxscript")
    folder = saved(tmp_path / "voice", base(name))
    exported = export_voice(folder, tmp_path / "out", "miku", TODAY, ONNX)
    voice = load_voice(folder)
    graph = build(fold_weight_norm(voice.network), voice.model, voice.features)
    metadata = compare(graph, exported.model, (2, 37, 150))
    assert json.loads(metadata["duetto.voice"]) == {"name": "miku", **graph.settings}
    assert json.loads(metadata["duetto"])["consent"] == NOBODY
    assert json.loads((tmp_path / "out" / "miku.onnx.json").read_text())["consent"] == NOBODY


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["v2_40k_f0", "v2_40k_nof0"])
def test_a_voice_of_the_ecosystems_shape_sounds_the_same(tmp_path, variant):
    pytest.importorskip("onnxscript")
    folder = saved(tmp_path / "voice", public_voice(variant))
    exported = export_voice(folder, tmp_path / "out", "miku", TODAY, ONNX)
    voice = load_voice(folder)
    graph = rvc_graph(fold_weight_norm(voice.network), voice.model, voice.features)
    compare(graph, exported.model, (20, 61))


def test_a_person_who_does_not_allow_it_is_not_exported(tmp_path):
    folder = saved(tmp_path / "voice", base("rvc_compact"), PERSON)
    with pytest.raises(CorpusError, match="publish_weights"):
        export_voice(folder, tmp_path / "out", "ann", TODAY, ONNX)
    assert not (tmp_path / "out").exists()


def test_an_architecture_without_a_graph_is_told(tmp_path):
    voice = SimpleNamespace(model=SimpleNamespace(name="diffsvc"))
    with pytest.raises(CheckpointError, match="duetto exports RVC voices and vocoders"):
        onnx_file.export_onnx(voice, Export(tmp_path, tmp_path / "out", "miku"))


def test_missing_packages_are_told_with_the_command_that_installs_them(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"onnx and onnxscript: pip install '\.\[onnx\]'"):
        export_voice(saved(tmp_path / "voice", base("rvc_compact")), tmp_path / "out", "miku", TODAY, ONNX)
