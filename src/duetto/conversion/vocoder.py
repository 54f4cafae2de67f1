"""A vocoder as a renderer: it sings nothing new, it rebuilds what it hears from mel and melody."""

import numpy as np
import torch
from torch import Tensor

from duetto.audio import Waveform
from duetto.config import FeaturesConfig
from duetto.features.cache import ClipFeatures
from duetto.features.spectrogram import linear_spectrogram, log_mel, mel_filterbank, mel_from_linear
from duetto.model_config import VocoderConfig
from duetto.models.layers.generator import GeneratorShape, NSFGenerator


def build_vocoder(model: VocoderConfig, features: FeaturesConfig) -> NSFGenerator:
    """An untrained NSF-HiFiGAN of the configured shape."""
    shape = GeneratorShape(
        input_channels=model.n_mels,
        initial_channels=model.generator.upsample_initial_channel,
        upsample_rates=tuple(model.generator.upsample_rates),
        upsample_kernel_sizes=tuple(model.generator.upsample_kernel_sizes),
        resblock_kernel_sizes=tuple(model.generator.resblock_kernel_sizes),
        resblock_dilation_sizes=tuple(tuple(sizes) for sizes in model.generator.resblock_dilation_sizes),
        has_weight_normalised_edges=True,
        has_output_bias=True,
    )
    return NSFGenerator(shape, features.sample_rate, model.generator.num_harmonics, has_random_phases=True)


def waveform_to_mel(waveform: Tensor, features: FeaturesConfig) -> Tensor:
    """Log mel (B, M, T) of waveforms (B, S), natural logarithm, on the feature grid."""
    top_hz = features.mel_max_hz or features.sample_rate / 2
    filters = mel_filterbank(
        features.sample_rate, features.n_fft, features.n_mels, features.mel_min_hz, top_hz, waveform.device
    )
    return log_mel(mel_from_linear(linear_spectrogram(waveform, features.n_fft, features.hop_length), filters))


class VocoderRenderer:
    """Copy synthesis; see `duetto.conversion.converter.Renderer`."""

    uses_f0 = True
    reads_content = False

    def __init__(self, network: NSFGenerator, features: FeaturesConfig) -> None:
        self.network = network
        self.features = features

    def render(self, frames: ClipFeatures, speaker_id: int, generator: torch.Generator) -> Waveform:
        """The frames' own waveform, rebuilt."""
        return self.resynthesise(frames, speaker_id, generator)

    @torch.inference_mode()
    def resynthesise(self, frames: ClipFeatures, speaker_id: int, generator: torch.Generator) -> Waveform:
        """Mel and melody of the waveform through the network."""
        mel = waveform_to_mel(torch.from_numpy(np.array(frames.waveform))[None], self.features)
        output = self.network(mel, torch.from_numpy(frames.f0_hz)[None], generator=generator)
        return np.asarray(output[0, 0].float().numpy())
