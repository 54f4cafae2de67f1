"""Loads a converter from a run's folder."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from duetto.architectures.registry import architecture_of
from duetto.conversion.converter import Converter, Tools
from duetto.conversion.retrieval import RetrievalIndex, load_index
from duetto.device.choose import compute_device
from duetto.features.content import build_encoder, check_content_width, find_encoder
from duetto.features.encoder import ContentEncoder
from duetto.features.f0 import build_f0_extractor
from duetto.layers.weight_norm import fold_weight_norm
from duetto.settings.config import F0Config, FeaturesConfig, require
from duetto.settings.model_config import ModelConfig
from duetto.voices.voice import TrainedVoice, load_voice


def build_converter(
    network: nn.Module,
    model: ModelConfig,
    features: FeaturesConfig,
    index: RetrievalIndex | None,
    encoder: ContentEncoder | None = None,
) -> Converter:
    """A converter around a network, with the content encoder and pitch tracker that it was trained with."""
    renderer = architecture_of(model).build_renderer(network, model, features)
    if encoder is None and renderer.reads_content:
        encoder = build_encoder(features.content)
    return Converter(renderer, features, Tools(encoder, build_f0_extractor(features.f0), index))


def load_converter(
    voice_folder: Path,
    index_rate: float,
    f0_method: str | None = None,
    content_path: str | None = None,
    timing: str | None = None,
    f0_path: str | None = None,
) -> tuple[Converter, TrainedVoice]:
    """Load the voice of a run, and its index only if it is needed.

    Raises:
        CheckpointError: If weights, card or a needed index are missing or damaged.
    """
    voice = load_voice(voice_folder)
    index = load_index(voice_folder) if index_rate > 0 and architecture_of(voice.model).can_convert else None
    return converter_of(voice, index, f0_method, content_path, timing, f0_path), voice


def converter_of(
    voice: TrainedVoice,
    index: RetrievalIndex | None,
    f0_method: str | None = None,
    content_path: str | None = None,
    timing: str | None = None,
    f0_path: str | None = None,
) -> Converter:
    """A converter with the voice's encoder, on the card if there is one; folds the voice's weight norm.

    Args:
        voice: The voice, with weight norm unfolded.
        index: None = no retrieval.
        f0_method: Pitch tracker; None = that of the training.
        content_path: Weights file of the content encoder; None = the one named in the voice's card.
        timing: Grids of content and pitch (`duetto.features.timing`); None = those of the training.
        f0_path: Weights file of the pitch tracker; None = the one named in the voice's card.

    Raises:
        ConfigError: If pitch tracker or timing is unknown, a package or a weights file is missing, or the encoder's
            width does not fit the voice.
        CheckpointError: If the weights of encoder or tracker cannot be read.
    """
    features = replace(voice.features, f0=tracker_settings(voice.features.f0, f0_method, f0_path))
    if timing is not None:
        features = replace(features, timing=timing)
    if content_path is not None:
        encoder_kind = find_encoder(features.content.encoder)
        require(
            encoder_kind.reads_file,
            f"content_path={content_path}: this voice reads {encoder_kind.name}, whose weights are built in.",
        )
        features = replace(features, content=replace(features.content, path=content_path))
    features.validate()
    encoder = build_encoder(features.content)
    check_content_width(voice.model.content_dimension, encoder.dimension, encoder.name)
    network = fold_weight_norm(voice.network).to(compute_device())
    return build_converter(network, voice.model, features, index, encoder)


def tracker_settings(trained: F0Config, method: str | None, path: str | None) -> F0Config:
    """The settings of the pitch tracker of a conversion.

    Args:
        trained: Those of the training.
        method: Another tracker; None = the same.
        path: Another weights file; None = that of the training, if the tracker is the same.
    """
    if method is None or method == trained.method:
        return trained if path is None else replace(trained, path=path)
    return replace(trained, method=method, path=path)
