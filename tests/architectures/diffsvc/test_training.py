"""Diff-SVC trains: on masked crops, with its own range of the mel, and a vocoder that stays as it is."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from duetto.architectures.diffsvc.config import DenoiserConfig, DiffSVCConfig
from duetto.architectures.diffsvc.renderer import DiffSVCRenderer, build_diffsvc, mel_for
from duetto.architectures.diffsvc.training import DiffSVCModule
from duetto.architectures.vocoder.find import find_vocoder
from duetto.architectures.vocoder.load import load_vocoder_into
from duetto.architectures.vocoder.renderer import build_vocoder
from duetto.architectures.vocoder.weights import export_weights
from duetto.conversion.converter import ConversionRequest, Converter, Tools
from duetto.data.dataset import whole_clip
from duetto.errors import CheckpointError, ConfigError
from duetto.features.cache import ClipFeatures
from duetto.settings.config import DiffusionConfig, RetrievalConfig
from duetto.settings.model_config import GeneratorConfig, OptimizerConfig
from duetto.storage.files import write_json
from duetto.voices.voice import TrainedVoice, load_voice, save_voice
from tests.architectures.vocoder.test_training import tiny_vocoder
from tests.training.tiny import HOP, RATE, WIDTH, tiny_config, tiny_fit

FRAMES = 32


def write_tiny_vocoder(folder: Path) -> Path:
    config = tiny_config(1)
    torch.manual_seed(0)
    network = build_vocoder(tiny_vocoder(), config.features)
    save_voice(TrainedVoice(network, tiny_vocoder(), config.features, {}), folder)
    return folder


def tiny_diffsvc(vocoder: Path, **settings: object) -> DiffSVCConfig:
    return DiffSVCConfig(
        name="diffsvc",
        size="tiny",
        content_dimension=WIDTH,
        n_mels=10,
        crop_frames=FRAMES,
        condition_channels=8,
        denoiser=DenoiserConfig(16, 3),
        num_timesteps=50,
        vocoder=str(vocoder),
        vocoder_generator=GeneratorConfig([4, 4], [8, 8], 16, [3], [[1]], num_harmonics=2),
        optimizer=OptimizerConfig(learning_rate=3e-3, beta_1=0.9, beta_2=0.98, weight_decay=0.0),
        **settings,  # type: ignore[arg-type]
    )


def some_clip(frames: int = FRAMES, level: float = 0.3) -> ClipFeatures:
    generator = np.random.default_rng(5)
    return ClipFeatures(
        generator.standard_normal((frames, WIDTH)).astype(np.float32),
        np.full(frames, 220.0, np.float32),
        generator.uniform(-level, level, frames * HOP).astype(np.float32),
    )


def test_training_learns_the_range_moves_the_acoustic_model_and_leaves_the_vocoder(
    tmp_path: Path, vocoder_folder: Path
):
    config = replace(tiny_config(60), model=tiny_diffsvc(vocoder_folder))
    before = DiffSVCModule(config.model, config.features, config.seed).network
    after = tiny_fit(60, tmp_path / "run", config=config).network
    for name, tensor in before.vocoder.state_dict().items():
        assert torch.equal(tensor, after.vocoder.state_dict()[name]), name
    moved = [n for n, p in before.acoustic.named_parameters() if not torch.equal(p, after.acoustic.get_parameter(n))]
    assert len(moved) == len(list(before.acoustic.parameters()))
    assert (after.acoustic.mel_max > after.acoustic.mel_min).all()
    assert not torch.equal(after.acoustic.mel_max, before.acoustic.mel_max)
    rows = (tmp_path / "run" / "losses.csv").read_text().splitlines()
    losses = [float(row.split(",")[rows[0].split(",").index("loss_noise")]) for row in rows[1:]]
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])


def test_padding_has_no_part_in_the_loss(vocoder_folder: Path):
    config = tiny_config(1)
    module = DiffSVCModule(tiny_diffsvc(vocoder_folder), config.features, 0)
    torch.nn.init.normal_(module.network.acoustic.denoiser.output_projection.weight)
    batch = whole_clip("a", some_clip())
    batch = replace(batch, lengths=torch.tensor([FRAMES // 2]))
    other = batch.waveform.clone()
    other[:, (FRAMES // 2 + 4) * HOP :] = 0.9  # beyond the window of the last real frame
    content = batch.content.clone()
    content[:, FRAMES // 2 :] = 7.0
    changed = replace(batch, waveform=other, content=content)
    assert module.validate_on(batch) == module.validate_on(changed)


def test_the_validation_loss_is_the_same_whenever_it_is_asked(vocoder_folder: Path):
    config = tiny_config(1)
    module = DiffSVCModule(tiny_diffsvc(vocoder_folder), config.features, 0)
    batch = whole_clip("a", some_clip())
    first = module.validate_on(batch)["val_noise_loss"]
    torch.rand(5)
    assert module.validate_on(batch)["val_noise_loss"] == first
    assert math.isfinite(first)


def test_augmentation_shifts_spectrum_and_melody_together(vocoder_folder: Path):
    config = tiny_config(1)
    module = DiffSVCModule(tiny_diffsvc(vocoder_folder, key_shift_semitones=12.0, gain_db=6.0), config.features, 0)
    batch = whole_clip("a", some_clip())
    torch.manual_seed(3)
    mel, inputs = module._augmented(batch)
    ratio = float(inputs.f0_hz[0, 0] / batch.f0_hz[0, 0])
    assert ratio != 1.0
    assert 0.5 <= ratio <= 2.0
    plain = mel_for(module.config, batch.waveform, config.features)
    assert mel.shape == plain.shape
    assert not torch.allclose(mel, plain)


def converter(vocoder_folder: Path, **settings: object) -> Converter:
    config = tiny_config(1)
    torch.manual_seed(0)
    model = tiny_diffsvc(vocoder_folder, **settings)
    network = build_diffsvc(model, config.features).eval()
    load_vocoder_into(network.vocoder, model.vocoder, config.features)

    class Encoder:
        dimension = WIDTH

        def encode(self, waveform, sample_rate, layer):
            count = max(1, len(waveform) // 100)
            return np.ones((count, WIDTH), np.float32), (np.arange(count) + 0.5) * 100 / sample_rate

    class Pitch:
        def extract_at(self, waveform, sample_rate, at_s):
            return np.full(len(at_s), 220.0, np.float32)

    return Converter(DiffSVCRenderer(network, model, config.features), config.features, Tools(Encoder(), Pitch(), None))


REQUEST = ConversionRequest(retrieval=RetrievalConfig(index_rate=0.0), diffusion=DiffusionConfig(steps=3), chunk_s=2.0)


@pytest.mark.parametrize("settings", [{}, {"has_log10_mel": True}, {"uses_energy": True}, {"num_speakers": 2}])
def test_every_kind_of_model_converts_to_the_sources_length(vocoder_folder: Path, settings: dict[str, object]):
    source = np.random.default_rng(0).uniform(-0.5, 0.5, 40_003).astype(np.float32)
    conversion = converter(vocoder_folder, **settings).convert(source, REQUEST)
    assert conversion.waveform.shape == source.shape
    assert np.isfinite(conversion.waveform).all()
    assert conversion.num_chunks > 1


def test_a_shallow_start_keeps_more_of_the_source_than_noise(vocoder_folder: Path):
    voice = converter(vocoder_folder)
    source = np.random.default_rng(0).uniform(-0.5, 0.5, RATE).astype(np.float32)
    outputs = [
        voice.convert(source, replace(REQUEST, diffusion=DiffusionConfig(steps=3, shallow_start=start))).waveform
        for start in (0, 25, 50)
    ]
    assert not np.array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[1], outputs[2])
    with pytest.raises(ConfigError, match="shallow_start=51"):
        voice.convert(source, replace(REQUEST, diffusion=DiffusionConfig(shallow_start=51)))


def test_notes_beyond_the_pitch_table_keep_its_end_and_stay_finite(vocoder_folder: Path):
    source = np.random.default_rng(0).uniform(-0.5, 0.5, 4000).astype(np.float32)
    high = converter(vocoder_folder).convert(source, replace(REQUEST, transpose_semitones=48.0))
    assert np.isfinite(high.waveform).all()


def test_a_voice_takes_its_vocoder_along(tmp_path: Path, vocoder_folder: Path):
    config = tiny_config(1)
    voice = converter(vocoder_folder)
    model = replace(tiny_diffsvc(vocoder_folder), vocoder="/nowhere")
    save_voice(TrainedVoice(voice.renderer.network, model, config.features, {}), tmp_path / "voice")
    loaded = load_voice(tmp_path / "voice")
    ours = voice.renderer.network.state_dict()
    theirs = loaded.network.state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def test_a_vocoder_of_the_field_is_loaded_with_its_config(tmp_path: Path):
    features = tiny_config(1).features
    torch.manual_seed(1)
    network = build_vocoder(tiny_vocoder(), features)
    torch.save({"generator": export_weights(network)}, tmp_path / "model")
    numbers = {
        "sampling_rate": RATE,
        "hop_size": HOP,
        "n_fft": features.n_fft,
        "num_mels": 10,
        "fmin": 0,
        "fmax": None,
        "upsample_rates": [4, 4],
        "upsample_kernel_sizes": [8, 8],
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1]],
        "harmonic_num": 2,
    }
    write_json(tmp_path / "config.json", numbers)
    loaded = build_vocoder(tiny_vocoder(), features)
    load_vocoder_into(loaded, str(tmp_path), features)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name])
    write_json(tmp_path / "config.json", {**numbers, "hop_size": 512})
    with pytest.raises(ConfigError, match="hop_length=512"):
        load_vocoder_into(loaded, str(tmp_path), features)
    (tmp_path / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"config\.json beside it"):
        load_vocoder_into(loaded, str(tmp_path), features)


def test_a_missing_vocoder_says_what_to_give(tmp_path: Path):
    features = tiny_config(1).features
    with pytest.raises(ConfigError, match="No vocoder ships for 8000 Hz"):
        find_vocoder("auto", features)
    with pytest.raises(ConfigError, match="no vocoder there"):
        find_vocoder(str(tmp_path / "nothing"), features)
