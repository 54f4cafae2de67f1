"""Diff-SVC beside a linear part: what is diffused is what the linear baseline leaves over."""

from dataclasses import replace

import pytest
import torch

from duetto.architectures.diffsvc.residual import ResidualDiffSVC
from duetto.architectures.diffsvc.sampling import SamplerSettings
from duetto.architectures.diffsvc.training import DiffSVCModule
from duetto.data.dataset import CropPlan, TrainingClip
from duetto.errors import ConfigError
from duetto.features.cache import save_features
from duetto.training.module import Start
from tests.architectures.diffsvc.test_training import some_clip, tiny_diffsvc, write_tiny_vocoder
from tests.architectures.diffsvc.tiny import FRAMES, SHAPE, tiny_inputs
from tests.training.tiny import HOP, tiny_config

SPEAKERS = 2


@pytest.fixture
def model() -> ResidualDiffSVC:
    torch.manual_seed(0)
    model = ResidualDiffSVC(SHAPE, SPEAKERS).eval()
    torch.nn.init.normal_(model.linear.shared.weight, std=0.3)
    model.linear.mel_mean.normal_(-4.0, 1.0)
    model.linear.mel_spread.uniform_(0.5, 2.0)
    return model


def test_what_is_diffused_and_the_linear_part_make_the_mel(model):
    inputs, mel = tiny_inputs(), torch.randn(2, 6, FRAMES)
    torch.testing.assert_close(model.restored(model.deviation(mel, inputs), inputs), mel)
    assert not model.deviation(model.linear(inputs.content, inputs.speaker_id), inputs).abs().gt(1e-5).any()


def test_a_voice_of_one_speaker_needs_no_number(model):
    inputs = tiny_inputs()
    first = replace(inputs, speaker_id=torch.zeros(2, dtype=torch.int64))
    mel = torch.randn(2, 6, FRAMES)
    assert torch.equal(model.deviation(mel, replace(inputs, speaker_id=None)), model.deviation(mel, first))


def test_a_conversion_lies_within_the_range_around_the_linear_prediction(model):
    model.set_mel_range(torch.tensor([-0.25]), torch.tensor([0.25]))
    inputs = tiny_inputs()
    mel = model.convert(inputs, SamplerSettings("ddim", 4), generator=torch.Generator().manual_seed(0), is_clamped=True)
    allowed = 0.26 * model.linear.spread_of(inputs.speaker_id)
    assert ((mel - model.linear(inputs.content, inputs.speaker_id)).abs() <= allowed).all()


def test_training_fits_the_map_once_and_the_means_of_every_voice(tmp_path):
    config = replace(tiny_diffsvc(write_tiny_vocoder(tmp_path / "vocoder")), has_linear_part=True)
    path = tmp_path / "clip.npz"
    save_features(some_clip(frames=64), path)
    plan = CropPlan((TrainingClip("clip", path, 64),), 32, HOP, 2, 0)
    module = DiffSVCModule(config, tiny_config(1).features, 0)
    assert "fitted to these recordings alone" in str(module.learn_statistics(plan))
    linear = module.network.acoustic.linear
    assert linear.shared.weight.any()
    fitted = linear.shared.weight.clone()
    module.start = Start(from_base=True)
    linear.mel_mean.zero_()
    said = str(module.learn_statistics(plan))
    assert "map is the pretrained one" in said
    assert "lies outside" in said
    assert torch.equal(linear.shared.weight, fitted)
    assert linear.mel_mean.any()


def test_a_mel_of_base_ten_is_refused():
    config = tiny_config(1)
    model = replace(tiny_diffsvc("auto"), has_linear_part=True, has_log10_mel=True)
    with pytest.raises(ConfigError, match="natural logarithms"):
        model.validate(config.features)
