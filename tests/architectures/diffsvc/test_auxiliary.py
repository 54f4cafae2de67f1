"""Diff-SVC with an auxiliary decoder: what it predicts, what the denoiser sees of it, and when it learns."""

from dataclasses import replace

import pytest
import torch

from duetto.architectures.diffsvc.auxiliary import AuxiliaryDiffSVC
from duetto.architectures.diffsvc.sampling import SamplerSettings
from duetto.architectures.diffsvc.training import DiffSVCModule
from duetto.data.batch import Batch
from duetto.data.dataset import CropPlan, TrainingClip, collate
from duetto.errors import ConfigError
from duetto.features.cache import save_features
from duetto.layers.auxiliary_decoder import AuxiliaryShape
from duetto.settings.model_config import AuxiliaryConfig
from duetto.training.module import Start
from tests.architectures.diffsvc.test_training import some_clip, tiny_diffsvc, write_tiny_vocoder
from tests.architectures.diffsvc.tiny import FRAMES, SHAPE, tiny_inputs, tiny_model
from tests.training.tiny import HOP, tiny_config

SMALL = AuxiliaryConfig(num_layers=2, channels=8)


@pytest.fixture
def model() -> AuxiliaryDiffSVC:
    torch.manual_seed(0)
    model = AuxiliaryDiffSVC(SHAPE, AuxiliaryShape(8, 2, num_speakers=2)).eval()
    torch.nn.init.normal_(model.auxiliary.linear.shared.weight, std=0.3)
    torch.nn.init.normal_(model.auxiliary.out.weight, std=0.3)
    model.auxiliary.linear.mel_mean.normal_(-4.0, 1.0)
    model.auxiliary.linear.mel_spread.uniform_(0.5, 2.0)
    torch.nn.init.normal_(model.denoiser.output_projection.weight, std=0.3)
    return model


@pytest.fixture
def plan(tmp_path) -> CropPlan:
    path = tmp_path / "clip.npz"
    save_features(some_clip(frames=64), path)
    return CropPlan((TrainingClip("clip", path, 64),), 32, HOP, 2, 0)


def tiny_module(folder, **settings) -> DiffSVCModule:
    config = replace(tiny_diffsvc(write_tiny_vocoder(folder / "vocoder")), auxiliary=SMALL, **settings)
    return DiffSVCModule(config, tiny_config(1).features, 0)


def whole(plan: CropPlan) -> Batch:
    return collate([(plan.clips[0], 0)], plan.clips[0].num_frames, HOP)


def test_before_training_the_model_is_the_one_without_a_decoder():
    torch.manual_seed(3)
    model = AuxiliaryDiffSVC(SHAPE, AuxiliaryShape(8, 2, num_speakers=2)).eval()
    plain = tiny_model()
    model.load_state_dict(plain.state_dict(), strict=False)
    inputs = tiny_inputs()
    assert torch.equal(model.encode(inputs), plain.encode(inputs))
    assert torch.equal(model.predict(inputs), model.auxiliary.linear(inputs.content, inputs.speaker_id))


def test_the_denoiser_sees_the_predicted_mel_or_the_one_that_it_is_given(model):
    torch.nn.init.normal_(model.seen.weight, std=0.3)
    inputs, other = tiny_inputs(), torch.randn(2, 6, FRAMES)
    predicted = model.predict(inputs)
    assert torch.equal(model.encode(inputs), model.encode(replace(inputs, predicted=predicted)))
    assert not torch.equal(model.encode(inputs), model.encode(replace(inputs, predicted=other)))
    sampler, drawn = SamplerSettings("ddim", 4), torch.Generator()
    mels = [
        model.convert(each, sampler, None, drawn.manual_seed(0)) for each in (inputs, replace(inputs, predicted=other))
    ]
    assert not torch.allclose(*mels)


def test_a_prediction_depends_on_neighbours_pitch_and_on_the_voice_only_by_mean_and_spread(model):
    inputs = tiny_inputs()
    mel = model.predict(inputs)
    one = replace(inputs, speaker_id=torch.zeros(2, dtype=torch.int64))
    assert torch.equal(model.predict(replace(inputs, speaker_id=None)), model.predict(one))
    linear, swapped = model.auxiliary.linear, replace(inputs, speaker_id=1 - inputs.speaker_id)
    standardised = [
        (mel_ - linear.mean_of(each.speaker_id)) / linear.spread_of(each.speaker_id)
        for mel_, each in ((mel, inputs), (model.predict(swapped), swapped))
    ]
    torch.testing.assert_close(*standardised, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(model.predict(replace(inputs, f0_hz=2 * inputs.f0_hz)), mel)


def test_the_distance_is_in_spreads_and_leaves_padding_out(model):
    inputs = tiny_inputs(lengths=(FRAMES, 5))
    mel = model.predict(inputs)
    off = mel + 0.5 * model.auxiliary.linear.spread_of(inputs.speaker_id)
    off[1, :, 5:] = 1e6
    assert model.distance(off, mel, inputs).item() == pytest.approx(0.5, rel=1e-5)


def test_a_training_from_nothing_fits_the_map_and_learns_the_decoder(tmp_path, plan):
    module = tiny_module(tmp_path)
    said = str(module.learn_statistics(plan))
    assert "fitted to these recordings alone" in said
    auxiliary = module.network.acoustic.auxiliary
    assert auxiliary.linear.shared.weight.any()
    inputs, losses = module._with_prediction(*module._inputs(whole(plan), whole(plan).waveform, whole(plan).f0_hz, 0.0))
    losses["auxiliary"].backward()
    assert auxiliary.out.weight.grad is not None
    assert not inputs.predicted.requires_grad


@pytest.mark.parametrize("trains", [False, True])
def test_a_voice_from_pretrained_weights_measures_mean_and_spread_and_keeps_the_decoder(tmp_path, plan, trains):
    module = tiny_module(tmp_path, trains_auxiliary=trains)
    module.learn_statistics(plan)
    module.start = Start(from_base=True)
    auxiliary = module.network.acoustic.auxiliary
    fitted = auxiliary.linear.shared.weight.clone()
    auxiliary.linear.mel_mean.zero_()
    assert "map is the pretrained one" in str(module.learn_statistics(plan))
    assert torch.equal(auxiliary.linear.shared.weight, fitted)
    assert auxiliary.linear.mel_mean.any()
    assert module._learns_auxiliary is trains
    losses = module.validate_on(whole(plan))
    assert set(losses) == {"val_noise_loss", "val_auxiliary_loss"}


def test_a_mel_of_base_ten_is_refused():
    config = tiny_config(1)
    model = replace(tiny_diffsvc("auto"), auxiliary=SMALL, has_log10_mel=True)
    with pytest.raises(ConfigError, match="natural logarithms"):
        model.validate(config.features)
