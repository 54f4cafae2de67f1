"""Which settings of a model are its shape, and which are places."""

from dataclasses import dataclass, field

from duetto.architectures.rvc.config import RVCConfig
from duetto.settings.kinds import PATH
from duetto.settings.model_config import ModelConfig, path_fields, shape_of


def test_what_training_does_with_the_tensors_is_not_their_shape():
    plain = RVCConfig(name="rvc", num_layers=3)
    trained_otherwise = RVCConfig(
        name="rvc",
        num_layers=3,
        num_speakers=5,
        crop_frames=9,
        base="auto",
        dropout=0.5,
        noise_scale=0.1,
        ema_decay=0.9,
    )
    assert shape_of(plain) == shape_of(trained_otherwise)
    assert shape_of(plain) != shape_of(RVCConfig(name="rvc", num_layers=4))


def test_a_place_is_told_apart_from_a_number():
    assert path_fields(RVCConfig) == {"base", "base_discriminator", "generator_vocoder"}


def test_a_new_field_counts_as_shape_until_it_is_marked():
    @dataclass
    class Wider(ModelConfig):
        width: int = 3
        prior: str = field(default="auto", metadata=PATH)

    assert shape_of(Wider())["width"] == 3
    assert "prior" not in shape_of(Wider())
    assert "prior" in path_fields(Wider)
