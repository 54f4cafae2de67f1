"""How Diff-SVC's vocoder goes on from the one that `model.vocoder` names."""

from dataclasses import replace
from pathlib import Path

import pytest

from duetto.architectures.diffsvc.vocoder_finetuning import vocoder_digests, vocoder_settings
from duetto.architectures.vocoder.foreign import save_foreign_vocoder
from duetto.errors import ConfigError
from duetto.storage.files import read_json, write_json
from duetto.voices.voice import load_voice
from tests.architectures.diffsvc.test_training import tiny_diffsvc, write_tiny_vocoder
from tests.training.tiny import tiny_config


def diffsvc_config(base: Path, steps: int):
    config = tiny_config(1)
    model = tiny_diffsvc(base, vocoder_steps=steps)
    return replace(config, model=model)


def test_going_on_takes_the_discriminator_that_lies_beside_the_base(tmp_path):
    base = write_tiny_vocoder(tmp_path / "base")
    config = diffsvc_config(base, 1)
    assert vocoder_settings(config.model, config.features).base_discriminator is None
    (base / "generator_discriminator.safetensors").write_bytes(b"")
    settings = vocoder_settings(config.model, config.features)
    assert settings.base == str(base / "generator.safetensors")
    assert settings.base_discriminator == str(base / "generator_discriminator.safetensors")


def test_another_discriminator_or_other_settings_make_another_run(tmp_path):
    base = write_tiny_vocoder(tmp_path / "base")
    config = diffsvc_config(base, 1)
    found = [vocoder_digests(config.model, config.features)]
    for content in (b"one", b"two"):
        (base / "generator_discriminator.safetensors").write_bytes(content)
        found.append(vocoder_digests(config.model, config.features))
    card = read_json(base / "card.json")
    card["model"]["optimizer"]["learning_rate"] *= 2
    write_json(base / "card.json", card)
    found.append(vocoder_digests(config.model, config.features))
    assert len({str(digests) for digests in found}) == 4
    untouched = diffsvc_config(base, 0)
    assert set(vocoder_digests(untouched.model, untouched.features)) == {"vocoder"}


def test_one_voice_is_learned_as_it_sounds_though_the_base_heard_variations(tmp_path):
    base = write_tiny_vocoder(tmp_path / "base")
    card = read_json(base / "card.json")
    card["model"] |= {"gain_db": 12.0, "equaliser_db": 6.0}
    write_json(base / "card.json", card)
    config = diffsvc_config(base, 5)
    settings = vocoder_settings(config.model, config.features)
    assert (settings.gain_db, settings.equaliser_db) == (0.0, 0.0)


def test_a_vocoder_of_the_field_cannot_be_trained_on(tmp_path):
    voice = load_voice(write_tiny_vocoder(tmp_path / "base"))
    save_foreign_vocoder(voice.network, voice.features, tmp_path / "field")
    config = diffsvc_config(tmp_path / "field", 5)
    with pytest.raises(ConfigError, match=r"model\.vocoder_steps=0"):
        vocoder_settings(config.model, config.features)
