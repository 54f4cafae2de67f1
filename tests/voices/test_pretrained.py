"""Which base a training starts from, and where a new voice begins between the base's."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from duetto.bases import BASES
from duetto.runs.compose import compose_runs
from duetto.runs.prepare import make_crop_plan
from duetto.settings.conf_files import conf_folder
from duetto.settings.model_config import AuxiliaryConfig, has_shape, shape_of
from duetto.storage.files import read_object, write_json
from duetto.voices.pretrained import choose_base, explain_start, fit_speakers, make_module
from tests.architectures.diffsvc.test_training import tiny_diffsvc
from tests.training.tiny import tiny_config, tiny_data


def asking_for_auto(**values):
    config = tiny_config(1)
    config.model = replace(config.model, base="auto", **values)
    return config


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    config = tiny_config(1)
    module = make_module(replace(config.model, num_speakers=5), config.features, seed=3)
    save_file(module.synthesizer.state_dict(), tmp_path / "rvc_tiny.safetensors")
    save_file(module.discriminator.state_dict(), tmp_path / "rvc_tiny_discriminator.safetensors")
    card = {"shape": shape_of(config.model), "features": asdict(tiny_config(1).features)}
    write_json(tmp_path / "rvc_tiny.json", card)
    return tmp_path


def test_auto_takes_the_base_of_the_same_shape_and_features(shipped: Path):
    config = asking_for_auto(num_speakers=2, crop_frames=40)
    base = choose_base(config.model, config.features, shipped)
    assert base is not None
    assert base.generator == shipped / "rvc_tiny.safetensors"
    assert base.discriminator == shipped / "rvc_tiny_discriminator.safetensors"
    assert str(base.generator) in explain_start(config.model, base)


@pytest.mark.parametrize("name", ["rvc", "diffsvc", "linear"])
def test_a_run_as_it_comes_starts_from_the_weights_that_ship(name: str):
    (config,) = compose_runs(conf_folder(), [[f"model={name}", "data=case_b"]])
    base = choose_base(config.model, config.features)
    assert base is not None
    assert base.generator == BASES / f"{name}_compact.safetensors"


def test_a_setting_that_is_younger_than_a_base_has_its_default_in_it(shipped: Path):
    card = read_object(shipped / "rvc_tiny.json")
    del card["shape"]["has_mel_latent"]
    write_json(shipped / "rvc_tiny.json", card)
    config = asking_for_auto()
    assert choose_base(config.model, config.features, shipped) is not None
    assert not has_shape(replace(config.model, has_mel_latent=True), card["shape"])


def test_a_group_of_settings_that_is_younger_has_its_defaults():
    (config,) = compose_runs(conf_folder(), [["model=diffsvc", "data=case_b", "model.auxiliary.num_layers=0"]])
    recorded = shape_of(config.model)
    del recorded["auxiliary"]
    assert has_shape(config.model, recorded)
    assert not has_shape(replace(config.model, auxiliary=AuxiliaryConfig(num_layers=5)), recorded)


def test_auto_takes_none_where_shape_or_features_differ_and_says_so(shipped: Path):
    wider = asking_for_auto(filter_channels=32)
    assert choose_base(wider.model, wider.features, shipped) is None
    assert "No pretrained weights ship for rvc tiny in this shape" in explain_start(wider.model, None)
    other = asking_for_auto()
    other.features.content.layer = 9
    assert choose_base(other.model, other.features, shipped) is None
    assert choose_base(asking_for_auto().model, tiny_config(1).features, shipped / "empty") is None


def test_none_means_random_weights(shipped: Path):
    config = asking_for_auto()
    config.model = replace(config.model, base="none")
    assert choose_base(config.model, config.features, shipped) is None
    assert "random weights (base=none)" in explain_start(config.model, None)


def test_new_voices_of_rvc_start_at_the_mean_of_the_bases(shipped: Path):
    config = tiny_config(1)
    config.model = replace(config.model, base=str(shipped / "rvc_tiny.safetensors"), num_speakers=2)
    module = make_module(config.model, config.features, seed=0)
    table = make_module(replace(tiny_config(1).model, num_speakers=5), config.features, seed=3).synthesizer
    expected = table.speaker_embedding.weight.mean(dim=0)
    torch.testing.assert_close(module.synthesizer.speaker_embedding.weight, expected.expand(2, -1))


def test_with_the_bases_discriminator_both_networks_train_from_the_first_step(shipped: Path):
    config = tiny_config(1)
    discriminator = str(shipped / "rvc_tiny_discriminator.safetensors")
    model = replace(config.model, base=str(shipped / "rvc_tiny.safetensors"), base_discriminator=discriminator)
    module = make_module(model, config.features, seed=0)
    assert module.start.from_base
    assert module.start.has_discriminator
    assert not make_module(config.model, config.features, seed=0).start.from_base


def test_one_voice_of_diffsvc_takes_the_mean_speaker_into_its_bias(vocoder_folder: Path):
    config = replace(tiny_config(1), model=tiny_diffsvc(vocoder_folder, num_speakers=4))
    many = make_module(config.model, config.features, seed=1)
    encoder = many.acquired(many.exported_network()).condition_encoder
    with torch.no_grad():
        encoder.speaker.weight.copy_(encoder.speaker.weight.mean(dim=0).expand(4, -1))
    one = make_module(replace(config.model, num_speakers=1), config.features, seed=0)
    acoustic = one.acquired(one.exported_network())
    acoustic.load_state_dict(fit_speakers(acoustic, many.acquired(many.exported_network()).state_dict()))
    content = torch.randn(1, 9, config.model.content_dimension)
    f0_hz, mask = torch.full((1, 9), 220.0), torch.ones(1, 1, 9)
    expected = encoder(content, f0_hz, mask, torch.tensor([2]))
    torch.testing.assert_close(acoustic.condition_encoder(content, f0_hz, mask), expected)


def test_weights_of_before_the_auxiliary_decoder_gain_an_untrained_one(vocoder_folder: Path, tmp_path: Path):
    config = replace(tiny_config(1), model=tiny_diffsvc(vocoder_folder))
    before = make_module(config.model, config.features, seed=1).network.acoustic.state_dict()
    save_file(before, tmp_path / "before.safetensors")
    config.model.auxiliary = AuxiliaryConfig(num_layers=2, channels=8)
    config.model.base = str(tmp_path / "before.safetensors")
    module = make_module(config.model, config.features, seed=0)
    after = module.network.acoustic.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not module.network.acoustic.seen.weight.any()
    plan = make_crop_plan(config, tiny_data(tmp_path / "data"))
    assert "fitted to these recordings alone" in str(module.learn_statistics(plan))


def test_a_base_keeps_the_range_of_the_mel_that_it_knows_and_tells_what_lies_outside(
    vocoder_folder: Path, tmp_path: Path
):
    config = replace(tiny_config(1), model=tiny_diffsvc(vocoder_folder))
    plan = make_crop_plan(config, tiny_data(tmp_path))
    learned = make_module(config.model, config.features, seed=1)
    assert learned.learn_statistics(plan) is None
    acoustic = learned.acquired(learned.exported_network())
    learned.start = replace(learned.start, from_base=True)
    assert learned.learn_statistics(plan).startswith("0.00 % of the training set's mel")
    middle = (acoustic.mel_min + acoustic.mel_max) / 2
    acoustic.set_mel_range(middle, acoustic.mel_max)
    before = {name: tensor.clone() for name, tensor in learned.state_dict().items()}
    share = float(learned.learn_statistics(plan).split(" %")[0])
    assert 1.0 < share < 99.0
    assert all(torch.equal(tensor, before[name]) for name, tensor in learned.state_dict().items())


def test_a_base_takes_the_range_of_the_training_set_if_it_is_asked_to(vocoder_folder: Path, tmp_path: Path):
    config = replace(tiny_config(1), model=tiny_diffsvc(vocoder_folder))
    plan = make_crop_plan(config, tiny_data(tmp_path))
    measured = make_module(config.model, config.features, seed=1)
    measured.learn_statistics(plan)
    further = make_module(replace(config.model, measures_range=True), config.features, seed=1)
    further.start = replace(further.start, from_base=True)
    assert further.learn_statistics(plan) is None
    ranges = [module.acquired(module.exported_network()).mel_max for module in (measured, further)]
    assert torch.equal(*ranges)
