"""Translates the shape of a public model between our settings and upstream's list of 18 numbers.

The list is under `config` in every inference file. Entry 1 (training segment) is always 32 and has no meaning; the
rows of the speaker table override entry 15.
"""

from dataclasses import replace
from typing import Any

from duetto.architectures.rvc.config import RVCConfig
from duetto.architectures.rvc.shapes import (
    CONTENT_DIMENSIONS,
    SHAPE_NAMES,
    SynthesizerConfig,
    ecosystem_settings,
    ecosystem_shape,
)
from duetto.features.hubert_variants import CONTENTVEC
from duetto.features.timing import UPSTREAM
from duetto.settings.config import ContentConfig, FeaturesConfig

CONTENT_LAYERS = {"v1": 9, "v2": 12}  # of ContentVec; v1 reads the projection after it
EXPORTED_SEGMENT = 32  # in every public file, whatever the training used
CONFIG_NAMES = (
    "spec_channels",
    "segment_size",
    "inter_channels",
    "hidden_channels",
    "filter_channels",
    "n_heads",
    "n_layers",
    "kernel_size",
    "p_dropout",
    "resblock",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
    "upsample_rates",
    "upsample_initial_channel",
    "upsample_kernel_sizes",
    "spk_embed_dim",
    "gin_channels",
    "sr",
)
SEGMENT_ENTRY, SPEAKERS_ENTRY, RATE_ENTRY = 1, 15, 17


def public_config(shape: SynthesizerConfig) -> list[Any]:
    """The 18 entries, in the types that upstream writes."""
    return [
        shape.spectrogram_channels,
        EXPORTED_SEGMENT,
        shape.inter_channels,
        shape.hidden_channels,
        shape.filter_channels,
        shape.num_heads,
        shape.num_layers,
        shape.kernel_size,
        int(shape.dropout),
        "1",
        list(shape.resblock_kernel_sizes),
        [list(dilations) for dilations in shape.resblock_dilation_sizes],
        list(shape.upsample_rates),
        shape.upsample_initial_channel,
        list(shape.upsample_kernel_sizes),
        shape.num_speakers,
        shape.speaker_channels,
        shape.sample_rate,
    ]


def shape_name(shape: SynthesizerConfig) -> str | None:
    """Upstream's name of a shape for any number of speakers, such as `v2_40k_f0`; None if there is none."""
    for name in SHAPE_NAMES:
        known = ecosystem_shape(name, shape.num_speakers)
        same_list = public_config(known) == public_config(shape)
        extras = (shape.content_dimension, shape.uses_f0, shape.posterior_layers, shape.flow_layers)
        known_extras = (known.content_dimension, known.uses_f0, known.posterior_layers, known.flow_layers)
        if same_list and extras == known_extras and shape.num_harmonics == known.num_harmonics:
            return name
    return None


def model_config(name: str, num_speakers: int, has_posterior: bool) -> RVCConfig:
    """Our `model` group of a public shape."""
    return replace(ecosystem_settings(name).model, num_speakers=num_speakers, has_posterior=has_posterior)


def features_config(
    name: str, content_path: str | None, timing: str = UPSTREAM, encoder: str = CONTENTVEC
) -> FeaturesConfig:
    """Our `features` group of a public shape: sample rate, hop length, and the content encoder it was trained with.

    Args:
        name: One of `SHAPE_NAMES`.
        content_path: Weights of the encoder.
        timing: Grids of the training; all public tools train on upstream's.
        encoder: Our name of it.
    """
    version = name.split("_")[0]
    content = ContentConfig(encoder, CONTENT_LAYERS[version], CONTENT_DIMENSIONS[version], content_path)
    return replace(ecosystem_settings(name).features, content=content, timing=timing)
