import dataclasses

import pytest
import torch

from duetto.architectures.diffsvc.model import Shallow
from duetto.architectures.diffsvc.sampling import SAMPLER_NAMES, SamplerSettings
from duetto.architectures.diffsvc.schedule import noise_loss
from duetto.errors import ConfigError

from .tiny import FRAMES, SHAPE, tiny_inputs, tiny_model


def test_a_conversion_has_the_shape_of_its_source_and_silent_padding():
    mel = tiny_model().convert(tiny_inputs(lengths=(12, 5)), SamplerSettings("unipc", 4))
    assert mel.shape == (2, 6, FRAMES)
    assert mel[1, :, 5:].abs().max() == 0


@pytest.mark.parametrize("name", SAMPLER_NAMES)
def test_one_seed_gives_one_conversion_with_every_sampler(name):
    model, inputs = tiny_model(), tiny_inputs()
    first, second = (
        model.convert(inputs, SamplerSettings(name, 4), generator=torch.Generator().manual_seed(7)) for _ in range(2)
    )
    assert torch.equal(first, second)
    assert torch.isfinite(first).all()


def test_the_shallower_the_start_the_more_of_the_given_mel_remains():
    model, inputs = tiny_model(), tiny_inputs()
    given = -5 * torch.rand(2, 6, FRAMES)
    distances = []
    for start in (2, 20):
        seeded = torch.Generator().manual_seed(0)
        mel = model.convert(inputs, SamplerSettings("unipc", 2), Shallow(given, start), seeded)
        distances.append(float((mel - given).abs().mean()))
    assert distances[0] < distances[1]
    with pytest.raises(ConfigError, match="noise levels"):
        model.convert(inputs, SamplerSettings("unipc", 2), Shallow(given, 21))


def test_colder_noise_brings_conversions_of_two_seeds_together():
    model, inputs = tiny_model(), tiny_inputs()

    def distance(noise_scale: float) -> float:
        mels = [
            model.convert(
                inputs,
                SamplerSettings("unipc", 4),
                generator=torch.Generator().manual_seed(seed),
                noise_scale=noise_scale,
            )
            for seed in (1, 2)
        ]
        return float((mels[0] - mels[1]).abs().mean())

    assert distance(0.0) == 0.0
    assert 0.0 < distance(0.5) < distance(1.0)


def test_it_overfits_one_batch_and_every_parameter_learns():
    torch.manual_seed(0)
    model = tiny_model().train()
    inputs, mel = tiny_inputs(), -5 * torch.rand(2, 6, FRAMES)
    timestep, noise = torch.tensor([4, 15]), torch.randn(2, 6, FRAMES)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for step in range(120):
        loss = noise_loss(noise, model(mel, inputs, timestep, noise), inputs.mask)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


def test_a_saved_model_converts_as_before(tmp_path):
    model, inputs = tiny_model(num_speakers=2), tiny_inputs()
    model.set_mel_range(torch.tensor([-6.0]), torch.tensor([1.0]))
    torch.save(model.state_dict(), tmp_path / "model.pt")
    other = tiny_model(num_speakers=2)
    torch.nn.init.normal_(other.denoiser.input_projection.weight)
    other.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    runs = [
        m.convert(inputs, SamplerSettings("ddim", 3), generator=torch.Generator().manual_seed(0))
        for m in (model, other)
    ]
    assert torch.equal(*runs)


@pytest.mark.parametrize(
    "change",
    [
        {"num_range_bins": 3},
        {"max_beta": 2.0},
        {"denoiser": dataclasses.replace(SHAPE.denoiser, condition_channels=9)},
        {"condition": dataclasses.replace(SHAPE.condition, legacy_layers=4)},
    ],
)
def test_contradicting_numbers_are_refused(change):
    with pytest.raises(ConfigError):
        dataclasses.replace(SHAPE, **change)
