"""recipe=ecosystem: one word, and what does not fit is told before any recording is read."""

from dataclasses import replace

import pytest
import torch

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.shapes import discriminator_periods, ecosystem_shape
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.errors import CheckpointError, ConfigError
from duetto.hub import cache
from duetto.runs.choices import RECIPES, timing
from duetto.runs.compose import compose_runs
from duetto.runs.train import count_epochs
from duetto.settings.conf_files import conf_folder
from duetto.storage.files import sha256_file, write_json
from duetto.storage.run_folder import VOICE_CARD_NAME, VOICE_FOLDER
from duetto.voices.interchange.training_checkpoint import load_training_checkpoint
from duetto.voices.start import check_start
from tests.hub.conftest import ROW
from tests.training.tiny import tiny_config, tiny_data
from tests.voices.interchange.files import filled, save


def composed(*overrides):
    [config] = compose_runs(conf_folder(), [["data=case_b", *overrides]])
    return config


@pytest.mark.parametrize("size", RECIPES["rvc"].features)
def test_one_word_composes_every_public_size_with_its_content_and_rate(size):
    config = composed("model=rvc", "recipe=ecosystem", f"model/size={size}")
    version, rate = size.split("_")
    assert (config.model.size, config.features.sample_rate) == (size, int(rate[:-1]) * 1000)
    assert config.features.content.dimension == {"v1": 256, "v2": 768}[version]
    assert (config.base, config.features.content.path, config.features.timing) == ("hub", "hub", "upstream")


def test_without_the_word_nothing_changes_and_with_it_ones_own_settings_go_first():
    plain = composed("model=rvc")
    assert (plain.model.size, plain.features.timing, plain.trainer.max_epochs) == ("compact", "centred", 0)
    config = composed("recipe=ecosystem", "trainer.max_epochs=200", "features.timing=centred", "base=none")
    assert config.trainer.max_epochs == 200
    assert (config.features.timing, config.model.base) == ("centred", "none")


def test_a_public_pair_takes_upstreams_timing_by_itself_and_a_voice_that_of_its_card(tmp_path):
    size = ("model/size=v2_40k", "features=contentvec_768")
    assert composed(*size, "base=f0G40k.pth").features.timing == "upstream"
    assert composed(*size, "base=f0G40k.pth", "features.timing=centred").features.timing == "centred"
    assert composed(*size, "base=none").features.timing == "centred"
    write_json(tmp_path / VOICE_FOLDER / VOICE_CARD_NAME, {"features": {"timing": "upstream"}})
    assert timing("rvc", str(tmp_path)) == timing("rvc", str(tmp_path / VOICE_FOLDER)) == "upstream"
    assert timing("rvc", str(tmp_path / "other")) == timing("diffsvc", "hub") == "centred"


def test_epochs_become_steps_of_these_recordings_once_and_for_all(tmp_path):
    config, data = tiny_config(1000), tiny_data(tmp_path)
    config.trainer.max_epochs, config.trainer.decay_per_epoch = 10, 0.5
    for _ in range(2):  # a sweep's preparation does it, and the run again
        count_epochs(config, data)
    crops = sum(-(-frames // config.model.crop_frames) for frames in data.features.num_frames.values())
    per_epoch = -(-crops // config.trainer.batch_size)
    assert config.trainer.max_steps == 10 * per_epoch
    assert config.model.optimizer.decay_per_1000_steps ** (per_epoch / 1000) == pytest.approx(0.5)


def checkpoint(path, weights):
    return save({"model": weights, "iteration": 200, "optimizer": {}, "learning_rate": 1e-4}, path)


def on_meta(make):
    with torch.device("meta"):
        return make()


@pytest.mark.slow
def test_a_generator_of_another_rate_is_named_with_the_size_that_it_fits(tmp_path):
    path = checkpoint(tmp_path / "f0G48k.pth", filled("v2_48k_f0"))
    network = on_meta(lambda: Synthesizer(ecosystem_shape("v2_40k_f0")))
    with pytest.raises(CheckpointError, match=r"generator of v2_48k_f0, but the model is v2_40k_f0.*size=v2_48k,"):
        load_training_checkpoint(network, path, "generator")


def test_a_pair_for_an_encoder_of_another_width_is_told(tmp_path):
    path = checkpoint(tmp_path / "f0G40k.pth", {"enc_p.emb_phone.weight": torch.zeros(192, 256)})
    network = on_meta(lambda: Synthesizer(ecosystem_shape("v2_40k_f0")))
    with pytest.raises(CheckpointError, match=r"reads content 256 wide.*gives 768.*features=contentvec_256"):
        load_training_checkpoint(network, path, "generator")


def test_a_discriminator_of_another_version_is_told(tmp_path):
    weights = {f"discriminators.{number}.conv_post.bias": torch.zeros(1) for number in range(7)}
    path = checkpoint(tmp_path / "f0D40k.pth", weights)
    network = on_meta(lambda: MultiPeriodDiscriminator(discriminator_periods("v2")))
    with pytest.raises(CheckpointError, match="is a discriminator of v1, but the model has that of v2"):
        load_training_checkpoint(network, path, "discriminator")


def starting(folder, **values):
    generator, discriminator = folder / "G.pth", folder / "D.pth"
    generator.write_bytes(b"g")
    discriminator.write_bytes(b"d")
    config = tiny_config(1)
    return replace(config.model, base=str(generator), **values), config.features


def test_a_generator_without_its_discriminator_is_told(tmp_path):
    with pytest.raises(CheckpointError, match=r"is the generator of a pair\. Add model\.base_discriminator=D_FILE"):
        check_start(*starting(tmp_path))


def test_a_discriminator_of_another_rate_is_known_by_its_digest(tmp_path, monkeypatch):
    given = starting(tmp_path, base_discriminator=str(tmp_path / "D.pth"))
    names = {"rvc_v2_40k_generator": "G.pth", "rvc_v2_48k_discriminator": "D.pth"}
    known = [replace(ROW, name=name, sha256=sha256_file(tmp_path / file)) for name, file in names.items()]
    monkeypatch.setattr(cache, "public_weights", lambda: known)
    with pytest.raises(CheckpointError, match=r"generator of rvc_v2_40k, .* the discriminator of rvc_v2_48k"):
        check_start(*given)


def test_what_the_hub_has_no_pair_for_is_told():
    config = composed("model=rvc", "base=hub")
    with pytest.raises(ConfigError, match="there is no public pair for model/size=compact"):
        check_start(config.model, config.features)
    narrow = composed("recipe=ecosystem", "features=rvc")
    with pytest.raises(ConfigError, match=r"reads content 768 wide.*gives 288.*features=contentvec_768"):
        check_start(narrow.model, narrow.features)
    with pytest.raises(ConfigError, match="no public weights to start linear from"):
        check_start(replace(composed("model=linear").model, base="hub"), config.features)
