from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from duetto.architectures.vocoder import training as vocoder_module
from duetto.architectures.vocoder.config import VocoderConfig
from duetto.architectures.vocoder.renderer import VocoderRenderer, build_vocoder
from duetto.architectures.vocoder.training import VocoderModule
from duetto.conversion.converter import ConversionRequest, Converter, Tools
from duetto.errors import ConfigError
from duetto.layers.phase_balance import balance_phases
from duetto.settings.model_config import DiscriminatorConfig, GeneratorConfig
from duetto.training import adversarial
from duetto.training.hardware import Hardware
from tests.training.tiny import HOP, RATE, WIDTH, tiny_config, tiny_fit

SEGMENT = 32


def tiny_vocoder(adversarial_from_step: int = 0) -> VocoderConfig:
    model = VocoderConfig(
        name="vocoder",
        size="tiny",
        content_dimension=WIDTH,
        n_mels=10,
        segment_frames=SEGMENT,
        crop_frames=SEGMENT,
        mel_scales=[32, 64],
        generator=GeneratorConfig([4, 4], [8, 8], 16, [3], [[1]], num_harmonics=2),
        discriminator=DiscriminatorConfig([2], 0.05),
    )
    model.loss.adversarial_from_step = adversarial_from_step
    model.optimizer.learning_rate = 3e-3
    return model


def test_training_moves_generator_and_discriminator(tmp_path: Path):
    config = replace(tiny_config(3), model=tiny_vocoder())
    torch.manual_seed(config.seed)
    before = VocoderModule(config.model, config.features, config.seed).exported_network().state_dict()
    after = tiny_fit(3, tmp_path / "run", config=config).network.state_dict()
    changed = [name for name, tensor in before.items() if not torch.equal(tensor, after[name])]
    assert len(changed) > 0.9 * len(before)


@pytest.mark.slow
def test_a_segment_is_learned_by_heart(tmp_path: Path):
    config = replace(tiny_config(60), model=tiny_vocoder(adversarial_from_step=10_000))
    tiny_fit(60, tmp_path / "run", config=config)
    rows = (tmp_path / "run" / "losses.csv").read_text().splitlines()
    column = rows[0].split(",").index("loss_mel")
    losses = [float(row.split(",")[column]) for row in rows[1:]]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_balanced_upsampling_stays_balanced_while_it_learns(tmp_path: Path):
    for is_balanced in (True, False):
        model = replace(tiny_vocoder(), balances_upsampling=is_balanced)
        network = tiny_fit(3, tmp_path / str(is_balanced), config=replace(tiny_config(3), model=model)).network
        for upsampler in network.generator.upsamplers:
            balanced = balance_phases(upsampler.weight, upsampler.stride[0])
            assert torch.allclose(upsampler.weight, balanced, atol=1e-6) is is_balanced


def test_mels_are_computed_in_float32_under_autocast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    is_cast = []
    places = {
        "waveform_to_mel": vocoder_module,
        "mel_from_linear": vocoder_module,
        "discriminator_loss": adversarial,
        "feature_matching_loss": adversarial,
    }
    for name, place in places.items():
        original = getattr(place, name)

        def watched(*inputs, name=name, original=original):
            is_cast.append((name, torch.is_autocast_enabled("cpu")))
            return original(*inputs)

        monkeypatch.setattr(place, name, watched)
    config = replace(tiny_config(1), model=tiny_vocoder())
    tiny_fit(1, tmp_path / "run", config=config, hardware=Hardware("cpu", "CPU", "bf16-mixed", 1))
    assert {name for name, _ in is_cast} == {
        "waveform_to_mel",
        "mel_from_linear",
        "discriminator_loss",
        "feature_matching_loss",
    }
    assert not [name for name, was_cast in is_cast if was_cast]


def test_recordings_and_generated_segments_are_judged_in_one_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sizes = []
    discriminator = adversarial.MultiPeriodDiscriminator.forward

    def watched(self, waveform):
        sizes.append(len(waveform))
        return discriminator(self, waveform)

    monkeypatch.setattr(adversarial.MultiPeriodDiscriminator, "forward", watched)
    tiny_fit(1, tmp_path / "run", config=replace(tiny_config(1), model=tiny_vocoder()))
    together, real, generated = sizes
    assert real == generated
    assert together == real + generated


class HighPitch:
    def extract_at(self, waveform, sample_rate, at_s):
        return np.full(len(at_s), 220.0, np.float32)


@pytest.mark.parametrize("num_samples", [1, 100, HOP * 64, HOP * 64 + 1, HOP * 4500 + 3])
def test_what_is_rebuilt_is_as_long_as_what_was_heard(num_samples: int):
    config = tiny_config(1)
    model = tiny_vocoder()
    renderer = VocoderRenderer(build_vocoder(model, config.features).eval(), model, config.features)
    converter = Converter(renderer, config.features, Tools(None, HighPitch(), None))
    waveform = np.random.default_rng(0).uniform(-0.3, 0.3, num_samples).astype(np.float32)
    rebuilt = converter.convert(waveform, ConversionRequest())
    assert rebuilt.waveform.shape == (num_samples,)
    assert np.isfinite(rebuilt.waveform).all()
    assert converter.sample_rate == RATE


def test_examples_are_varied_when_asked_and_the_mel_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    levels = []
    original = vocoder_module.waveform_to_mel

    def watched(waveform, features):
        levels.append(float(waveform.square().mean()))
        return original(waveform, features)

    monkeypatch.setattr(vocoder_module, "waveform_to_mel", watched)
    for gain_db in (0.0, 30.0):
        config = replace(tiny_config(4), model=replace(tiny_vocoder(), gain_db=gain_db))
        tiny_fit(4, tmp_path / f"run_{gain_db:g}", config=config)
    assert not np.allclose(levels[:4], levels[4:], rtol=0.05)
    with pytest.raises(ConfigError, match=r"equaliser_db=-1 must be 0"):
        replace(tiny_vocoder(), equaliser_db=-1.0).validate(tiny_config(1).features)
