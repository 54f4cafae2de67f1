import dataclasses

import pytest
import torch

from duetto.architectures.diffsvc.model import DiffSVC
from duetto.architectures.diffsvc.shapes import ConditionShape, DenoiserShape, DiffSVCShape
from duetto.architectures.diffsvc.weights import export_weights, is_unread, load_weights, shape_of
from duetto.errors import CheckpointError

SHAPE = DiffSVCShape(
    DenoiserShape(n_mels=6, condition_channels=8, channels=4, num_layers=2),
    ConditionShape(content_dimension=8, channels=8, uses_energy=True, legacy_layers=2, num_speakers=3),
    num_timesteps=20,
    max_beta=0.05,
    num_range_bins=6,
)


def test_a_file_tells_its_own_shape():
    assert shape_of(export_weights(DiffSVC(SHAPE)), 40.0, 1100.0) == SHAPE


def test_what_is_loaded_is_exported_bit_by_bit_unread_tensors_too():
    weights = {name: torch.randn_like(tensor) for name, tensor in export_weights(DiffSVC(SHAPE)).items()}
    model = DiffSVC(SHAPE)
    unread = load_weights(model, weights)
    again = export_weights(model, unread)
    assert set(again) == set(weights)
    assert all(torch.equal(again[name], weights[name]) for name in weights)
    assert unread
    assert all(is_unread(name) for name in unread)


def test_schedule_and_range_come_from_the_file():
    weights = export_weights(DiffSVC(SHAPE))
    weights["betas"] = weights["betas"] * 0.5
    weights["spec_max"] = torch.linspace(0, 1, 6).view(1, 1, 6)
    model = DiffSVC(SHAPE)
    load_weights(model, weights)
    assert torch.equal(model.schedule.beta, weights["betas"])
    assert torch.equal(model.mel_max, weights["spec_max"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"denoise_fn.skip_projection.bias": None}, "lacks 1 tensors: denoise_fn.skip_projection.bias"),
        ({"fs2.surprise": torch.zeros(1)}, "unknown 1 tensors: fs2.surprise"),
        ({"spec_min": torch.zeros(1, 1, 1)}, "misshapen 1 tensors: spec_min"),
        ({"betas": torch.full((20,), float("nan"))}, "undefined values in 1 tensors: betas"),
    ],
)
def test_a_wrong_file_is_named_and_changes_nothing(change, words):
    weights = export_weights(DiffSVC(SHAPE)) | change
    weights = {name: tensor for name, tensor in weights.items() if tensor is not None}
    model = DiffSVC(SHAPE)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=words):
        load_weights(model, weights)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_file_of_something_else_is_refused():
    with pytest.raises(CheckpointError, match="not a Diff-SVC checkpoint"):
        shape_of({"enc_p.emb_phone.weight": torch.zeros(1)}, 40.0, 1100.0)


def test_what_upstream_cannot_hold_is_not_exported():
    shape = dataclasses.replace(SHAPE, condition=ConditionShape(content_dimension=5, channels=8))
    with pytest.raises(CheckpointError, match="no place for"):
        export_weights(DiffSVC(shape))
