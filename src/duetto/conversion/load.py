"""From a run's folder to a converter."""

from dataclasses import replace
from pathlib import Path

from duetto.config import FeaturesConfig
from duetto.conversion.retrieval import RetrievalIndex, load_index
from duetto.conversion.rvc import RVCConverter
from duetto.conversion.voice import TrainedVoice, load_voice
from duetto.features.content import ContentEncoder, build_encoder
from duetto.features.f0 import build_f0_extractor
from duetto.models.layers.weight_norm import fold_weight_norm
from duetto.models.rvc.synthesizer import Synthesizer


def build_converter(
    synthesizer: Synthesizer,
    features: FeaturesConfig,
    index: RetrievalIndex | None,
    noise_scale: float,
    encoder: ContentEncoder | None = None,
) -> RVCConverter:
    """A converter around a generator, with the content encoder and pitch tracker that it was trained with."""
    encoder = encoder or build_encoder(features.content)
    return RVCConverter(synthesizer, features, encoder, build_f0_extractor(features.f0), index, noise_scale)


def load_converter(
    voice_folder: Path, index_rate: float, f0_method: str | None = None
) -> tuple[RVCConverter, TrainedVoice]:
    """Load the voice of a run; the index only when it is going to be used.

    Raises:
        CheckpointError: If weights, card or a needed index are missing or damaged.
    """
    voice = load_voice(voice_folder)
    fold_weight_norm(voice.synthesizer)
    index = load_index(voice_folder) if index_rate > 0 else None
    features = voice.features
    if f0_method is not None:
        features = replace(features, f0=replace(features.f0, method=f0_method))
        features.validate()
    return build_converter(voice.synthesizer, features, index, voice.model.noise_scale), voice
