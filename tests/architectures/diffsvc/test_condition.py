import dataclasses

import pytest
import torch

from duetto.architectures.diffsvc.condition import gather_units, pitch_class
from duetto.architectures.diffsvc.legacy_encoder import LegacyEncoder, countdown_positions

from .tiny import FRAMES, tiny_inputs, tiny_model


def test_pitch_classes_span_the_table_and_never_leave_it():
    f0_hz = torch.tensor([[0.0, 10.0, 40.0, 1100.0, 5000.0]])
    assert pitch_class(f0_hz, 40.0, 1100.0).tolist() == [[1, 1, 1, 255, 255]]


def test_a_note_shifted_beyond_the_table_keeps_its_end_row():
    model, inputs = tiny_model(), tiny_inputs()
    high = dataclasses.replace(inputs, f0_hz=torch.full_like(inputs.f0_hz, 1400.0))
    top = dataclasses.replace(inputs, f0_hz=torch.full_like(inputs.f0_hz, 1100.0))
    assert torch.equal(model.encode(high), model.encode(top))


def test_units_are_dealt_out_from_one_and_zero_means_none():
    units = torch.tensor([[[1.0], [2.0]]])
    assert gather_units(units, torch.tensor([[2, 1, 0, 2]])).flatten().tolist() == [2.0, 1.0, 0.0, 2.0]


@pytest.mark.parametrize("condition", [{}, {"has_continuous_pitch": True}, {"uses_energy": True, "num_speakers": 2}])
def test_the_gradient_reaches_every_parameter_of_every_condition(condition):
    model = tiny_model(**condition)
    encoded = model.encode(tiny_inputs())
    assert encoded.shape == (2, 8, FRAMES)
    encoded.square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.condition_encoder.parameters())


def test_speakers_differ_and_padding_is_silent():
    model, inputs = tiny_model(num_speakers=2), tiny_inputs(lengths=(12, 7))
    first = model.encode(dataclasses.replace(inputs, speaker_id=torch.tensor([0, 0])))
    second = model.encode(dataclasses.replace(inputs, speaker_id=torch.tensor([1, 1])))
    assert not torch.allclose(first, second)
    assert first[1, :, 7:].abs().max() == 0


@pytest.mark.parametrize(
    ("condition", "missing"), [({"uses_energy": True}, "energy"), ({"num_speakers": 2}, "speaker_id")]
)
def test_a_condition_that_the_model_has_must_be_given(condition, missing):
    inputs = dataclasses.replace(tiny_inputs(), **{missing: None})
    with pytest.raises(ValueError, match=missing):
        tiny_model(**condition).encode(inputs)


def test_a_continuous_pitch_hears_cents_that_the_table_cannot():
    inputs = tiny_inputs()
    sharper = dataclasses.replace(inputs, f0_hz=inputs.f0_hz * 2 ** (2 / 1200))
    continuous = tiny_model(has_continuous_pitch=True)
    assert (continuous.encode(sharper) != continuous.encode(inputs))[:, :, 2:].any()


def test_legacy_positions_count_down_from_the_last_row_of_the_table():
    positions = countdown_positions(3, 4)
    angles = torch.tensor([4999.0, 4998.0, 4997.0])
    torch.testing.assert_close(positions[:, 0], angles.sin())
    torch.testing.assert_close(positions[:, 3], (angles * 0.01).cos())


def test_the_legacy_encoder_keeps_padding_silent_and_learns_everywhere():
    torch.manual_seed(0)
    encoder = LegacyEncoder(8, num_layers=2)
    content = torch.randn(2, 9, 8)
    content[1, 6:] = 0
    encoded = encoder(content)
    assert encoded[1, 6:].abs().max() == 0
    (encoded * torch.randn_like(encoded)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder.parameters())
