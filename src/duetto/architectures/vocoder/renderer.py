"""Builds the vocoder of the configured shape, and wraps it as a renderer for copy synthesis."""

import numpy as np
import torch

from duetto.architectures.vocoder.config import VocoderConfig
from duetto.architectures.vocoder.shapes import VocoderShape, vocoder_generator
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.conversion.converter import ConversionRequest
from duetto.features.cache import ClipFeatures
from duetto.features.mel import waveform_to_mel
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import GeneratorConfig
from duetto.storage.audio import Waveform


def vocoder_shape(n_mels: int, generator: GeneratorConfig, sample_rate: int) -> VocoderShape:
    """The shape that settings describe."""
    return VocoderShape(
        sample_rate,
        vocoder_generator(
            n_mels,
            generator.upsample_initial_channel,
            tuple(generator.upsample_rates),
            tuple(generator.upsample_kernel_sizes),
            tuple(generator.resblock_kernel_sizes),
            tuple(tuple(sizes) for sizes in generator.resblock_dilation_sizes),
        ),
        generator.num_harmonics,
        generator.has_mini_source,
    )


def build_vocoder(model: VocoderConfig, features: FeaturesConfig) -> Vocoder:
    """An untrained vocoder of the configured shape."""
    return Vocoder(vocoder_shape(model.n_mels, model.generator, features.sample_rate))


class VocoderRenderer:
    """Copy synthesis; see `duetto.conversion.converter.Renderer`."""

    uses_f0 = True
    reads_content = False

    def __init__(self, network: Vocoder, _: VocoderConfig, features: FeaturesConfig) -> None:
        self.network = network
        self.features = features

    def render(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """Copy synthesis of the frames' own waveform."""
        return self.copy_synthesise(frames, request, generator)

    @torch.inference_mode()
    def copy_synthesise(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """The waveform's mel and melody through the network."""
        device = next(self.network.parameters()).device
        mel = waveform_to_mel(torch.from_numpy(np.array(frames.waveform))[None].to(device), self.features)
        output = self.network(mel, torch.from_numpy(frames.f0_hz)[None].to(device), generator=generator)
        return np.asarray(output[0, 0].float().cpu().numpy())
