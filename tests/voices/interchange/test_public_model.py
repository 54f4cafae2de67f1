"""Inference files of both ecosystems, and what is refused of them."""

import re

import pytest
import torch

from duetto.architectures.rvc.shapes import SHAPE_NAMES, SynthesizerConfig, ecosystem_shape
from duetto.errors import CheckpointError
from duetto.voices.interchange.opening import open_voice
from duetto.voices.interchange.public_model import notes, parse_public_model, problems
from duetto.voices.interchange.settings import features_config, model_config, public_config, shape_name
from tests.voices.interchange.files import (
    VARIANTS,
    applio_content,
    blank,
    filled,
    key_lists,
    rvc_content,
    save,
)


def parsed(tmp_path, content):
    return parse_public_model(content, tmp_path / "x.pth")


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_config_list_is_upstreams(variant):
    assert public_config(ecosystem_shape(variant)) == key_lists()[variant]["config"]


@pytest.mark.parametrize("name", SHAPE_NAMES)
def test_every_shape_survives_our_settings(name):
    features = features_config(name, None)
    model = model_config(name, 3, has_posterior=False)
    model.validate(features)
    features.validate()
    shape = SynthesizerConfig.from_model_config(model, features)
    assert shape == ecosystem_shape(name, 3, has_posterior=False)
    assert shape_name(shape) == name


def test_both_flavours_say_what_they_are(tmp_path):
    rvc = parsed(tmp_path, rvc_content("v2_40k_f0", blank("v2_40k_f0")))
    applio = parsed(tmp_path, applio_content("v2_40k_f0", blank("v2_40k_f0", num_speakers=2)))
    assert (rvc.flavour, rvc.shape_name, rvc.num_speakers) == ("RVC", "v2_40k_f0", 109)
    assert (applio.flavour, applio.shape_name, applio.num_speakers) == ("Applio", "v2_40k_f0", 2)
    assert problems(rvc) == problems(applio) == []
    assert applio.details["dataset_length"] == "00:10:00"


@pytest.mark.parametrize(("key", "values"), [("sr", ("40k", 40000, "40000")), ("f0", (1, True))])
def test_marks_come_in_several_types(tmp_path, key, values):
    for value in values:
        content = rvc_content("v2_40k_f0", blank("v2_40k_f0")) | {key: value}
        model = parsed(tmp_path, content)
        assert problems(model) == notes(model) == []


def test_names_in_applios_memory_are_weight_norm_pairs(tmp_path):
    weights = {
        name.replace(".weight_g", ".parametrizations.weight.original0").replace(
            ".weight_v", ".parametrizations.weight.original1"
        ): tensor
        for name, tensor in blank("v2_40k_f0").items()
    }
    assert set(parsed(tmp_path, applio_content("v2_40k_f0", weights)).weights) == set(blank("v2_40k_f0"))


def test_a_model_without_a_version_is_judged_by_its_tensors(tmp_path):
    first = rvc_content("v1_40k_f0", blank("v1_40k_f0"))
    second = rvc_content("v2_40k_f0", blank("v2_40k_f0"))
    del first["version"], second["version"]
    assert problems(parsed(tmp_path, first)) == []
    assert "of width 256, but its tensors read 768" in problems(parsed(tmp_path, second))[0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": "v3"}, "version is 'v3'; known versions are v1 and v2"),
        ({"version": "v1"}, "of width 256, but its tensors read 768"),
        ({"vocoder": "RefineGAN"}, "vocoder is RefineGAN, which Applio alone plays; duetto has HiFi-GAN"),
        ({"vocoder": "MRF HiFi-GAN"}, "vocoder is MRF HiFi-GAN"),
        (
            {"embedder_model": "my-own"},
            "content encoder my-own; known are contentvec and, for v2, spin, spin-v2",
        ),
        ({"f0": 0}, "has f0=0, but its tensors include pitch"),
    ],
)
def test_a_model_that_we_could_only_guess_at_is_refused(tmp_path, change, sentence):
    content = rvc_content("v2_40k_f0", blank("v2_40k_f0")) | change
    assert re.search(sentence, " ".join(problems(parsed(tmp_path, content))))


def test_an_embedder_of_applio_is_read_by_our_name_in_v2_alone(tmp_path):
    content = applio_content("v2_40k_f0", blank("v2_40k_f0")) | {"embedder_model": "japanese-hubert-base"}
    assert problems(parsed(tmp_path, content)) == []
    assert parsed(tmp_path, content).encoder == "japanese_hubert"
    old = applio_content("v1_40k_f0", blank("v1_40k_f0")) | {"embedder_model": "spin"}
    assert "content encoder spin; known are" in problems(parsed(tmp_path, old))[0]


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (2, 256, "inter_channels=256; v2_40k_f0 models have 192"),
        (9, "2", "resblock='2'"),
        (12, [10, 8, 2, 2], "upsample_rates="),
        (17, 44100, "sample rate is 44100 Hz"),
        (17, [1], "sample rate is .1. Hz"),
    ],
)
def test_a_config_of_another_network_is_refused_by_its_entry(tmp_path, place, value, sentence):
    content = rvc_content("v2_40k_f0", blank("v2_40k_f0"))
    content["config"][place] = value
    assert any(re.search(sentence, found) for found in problems(parsed(tmp_path, content)))


def test_segment_and_speaker_entries_do_not_matter(tmp_path):
    content = rvc_content("v2_40k_f0", blank("v2_40k_f0", num_speakers=1))
    content["config"][1], content["config"][15] = 12800, 109
    assert problems(parsed(tmp_path, content)) == []


def test_a_label_that_contradicts_the_config_is_noted(tmp_path):
    content = rvc_content("v2_40k_f0", blank("v2_40k_f0")) | {"sr": "48k"}
    assert "sr=48k" in notes(parsed(tmp_path, content))[0]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda weights: weights.pop("dec.conv_post.weight"), "lacks 1 tensors: dec.conv_post.weight"),
        (lambda weights: weights.update(alien=torch.zeros(1)), "unknown 1 tensors: alien"),
        (lambda weights: weights.update({"dec.conv_pre.bias": torch.zeros(3)}), r"conv_pre.bias \(3,\) instead of"),
        (
            lambda weights: weights.update({"dec.conv_pre.bias": torch.full((512,), torch.nan)}),
            "undefined values in 1 tensors",
        ),
        (lambda weights: weights.update({"dec.conv_pre.bias": "text"}), "something else under dec.conv_pre.bias"),
    ],
)
def test_no_tensor_may_be_missing_extra_misshapen_or_undefined(tmp_path, spoil, sentence):
    weights = blank("v2_40k_f0", num_speakers=1)
    spoil(weights)
    with pytest.raises(CheckpointError, match=sentence):
        open_voice(save(rvc_content("v2_40k_f0", weights), tmp_path / "x.pth"), None)


@pytest.mark.parametrize("content", [{}, {"weight": {}, "config": []}, {"weight": 3, "config": []}, [1], "text"])
def test_what_is_no_model_is_refused(tmp_path, content):
    with pytest.raises(CheckpointError, match="Give an inference model"):
        open_voice(save(content, tmp_path / "x.pth"), None)


@pytest.mark.slow
@pytest.mark.parametrize("flavour", [rvc_content, applio_content])
def test_a_model_in_full_precision_keeps_its_numbers(tmp_path, flavour):
    weights = filled("v2_40k_f0", with_posterior=False, num_speakers=4)
    voice = open_voice(save(flavour("v2_40k_f0", weights), tmp_path / "x.pth"), "contentvec.pt")
    assert voice.model.num_speakers == 4
    assert (voice.features.content.layer, voice.features.content.path) == (12, "contentvec.pt")
    assert torch.equal(voice.network.speaker_embedding.weight, weights["emb_g.weight"])
    assert torch.equal(voice.network.generator.output_convolution.weight, weights["dec.conv_post.weight"])
