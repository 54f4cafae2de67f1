"""Training pairs as the base of a training."""

import pytest
import torch
from safetensors.torch import load_file

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.shapes import SHAPE_NAMES, discriminator_periods
from duetto.architectures.rvc.weights import export_weights, foreign_name
from duetto.errors import CheckpointError
from duetto.voices.interchange.importing import DISCRIMINATOR_NAME, ImportFiles, import_files
from duetto.voices.interchange.opening import open_voice
from duetto.voices.interchange.training_checkpoint import (
    expected_tensors,
    find_shape,
    parse_training_checkpoint,
    read_training_checkpoint,
)
from duetto.voices.voice import load_voice
from tests.voices.interchange.files import VARIANTS, filled, key_lists, save


def content(weights):
    state = {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 1e-4}]}
    return {"model": weights, "iteration": 200, "optimizer": state, "learning_rate": 1e-4}


def shapes_only(tensors):
    return {name: torch.zeros(1).expand(tuple(shape)) for name, shape in tensors.items()}


@pytest.mark.parametrize("variant", ["v2_40k_f0", *(pytest.param(name, marks=pytest.mark.slow) for name in VARIANTS)])
def test_the_expected_tensors_are_upstreams(variant):
    upstream = {name: tuple(shape) for name, shape in key_lists()[variant]["tensors"].items()}
    assert expected_tensors(variant, 109, with_posterior=True) == upstream


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_discriminators_tensors_are_upstreams(version):
    with torch.device("meta"):
        network = MultiPeriodDiscriminator(discriminator_periods(version))
    ours = {foreign_name(name): list(tensor.shape) for name, tensor in network.state_dict().items()}
    assert ours == key_lists()[f"disc_{version}"]["tensors"]


@pytest.mark.parametrize(
    "name", ["v1_48k_nof0", "v2_40k_f0", *(pytest.param(name, marks=pytest.mark.slow) for name in SHAPE_NAMES)]
)
@pytest.mark.slow
def test_the_shape_is_told_by_the_tensors_alone(tmp_path, name):
    weights = shapes_only(expected_tensors(name, 7, with_posterior=True))
    assert find_shape(parse_training_checkpoint(content(weights), tmp_path), tmp_path) == name


@pytest.mark.slow
def test_a_generator_of_no_known_shape_names_what_differs(tmp_path):
    weights = shapes_only(expected_tensors("v2_40k_f0", 7, with_posterior=True)) | {"dec.conv_pre.bias": torch.zeros(3)}
    with pytest.raises(CheckpointError, match=r"nearest is v2_40k_f0, but 1 tensors differ: dec\.conv_pre\.bias"):
        find_shape(parse_training_checkpoint(content(weights), tmp_path), tmp_path)


def test_the_two_halves_are_not_mistaken_for_each_other(tmp_path):
    path = save(content({"enc_p.proj.bias": torch.zeros(1)}), tmp_path / "G.pth")
    with pytest.raises(CheckpointError, match=r"G\.pth holds a generator; expected a discriminator"):
        read_training_checkpoint(path, "discriminator")


def test_a_file_of_something_else_is_no_training_checkpoint(tmp_path):
    path = save({"model": {"encoder.weight": torch.zeros(1)}}, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match="neither an inference model nor a training checkpoint"):
        open_voice(path, None)


@pytest.mark.slow
def test_a_training_pair_is_imported_bit_equal(tmp_path):
    generator, discriminator = filled("v1_40k_f0"), filled("disc_v1")
    files = ImportFiles(
        save(content(generator), tmp_path / "G_2333333.pth"),
        discriminator=save(content(discriminator), tmp_path / "D_2333333.pth"),
    )
    import_files(files, tmp_path / "base")
    voice = load_voice(tmp_path / "base" / "voice")
    assert voice.model.has_posterior
    assert (voice.model.size, voice.card["origin"]["epoch"]) == ("v1_40k", 200)
    theirs = export_weights(voice.network)
    assert theirs.keys() == generator.keys()
    assert all(torch.equal(theirs[name], tensor) for name, tensor in generator.items())
    network = MultiPeriodDiscriminator(discriminator_periods("v1"))
    network.load_state_dict(load_file(tmp_path / "base" / "voice" / DISCRIMINATOR_NAME))
    theirs = export_weights(network)
    assert theirs.keys() == discriminator.keys()
    assert all(torch.equal(theirs[name], tensor) for name, tensor in discriminator.items())


@pytest.mark.slow
def test_a_discriminator_of_the_other_version_is_refused(tmp_path):
    generator = save(content(filled("v2_40k_f0", num_speakers=1)), tmp_path / "G.pth")
    discriminator = save(content(filled("disc_v1")), tmp_path / "D.pth")
    with pytest.raises(CheckpointError, match=r"lacks [0-9]+ tensors: discriminators"):
        import_files(ImportFiles(generator, discriminator=discriminator), tmp_path / "base")
    assert not (tmp_path / "base").exists()
