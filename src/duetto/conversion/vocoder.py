"""A vocoder as a converter: it sings nothing new, it rebuilds what it hears from mel and melody."""

import time

import numpy as np
import torch
from torch import Tensor

from duetto.audio import Waveform
from duetto.config import FeaturesConfig
from duetto.conversion.converter import Conversion, ConversionRequest
from duetto.conversion.rvc import limit_peak
from duetto.features.f0 import F0Extractor
from duetto.features.spectrogram import linear_spectrogram, log_mel, mel_filterbank, mel_from_linear
from duetto.model_config import VocoderConfig
from duetto.models.layers.generator import GeneratorShape, NSFGenerator

BLOCK_FRAMES = 2000  # rebuilt at once
CONTEXT_FRAMES = 40  # seen on each side of a block and not kept


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


class VocoderConverter:
    """Copy synthesis; see `Converter`."""

    def __init__(self, network: NSFGenerator, features: FeaturesConfig, f0_extractor: F0Extractor) -> None:
        self.network = network
        self.features = features
        self.f0_extractor = f0_extractor
        self.sample_rate = features.sample_rate

    def convert(self, waveform: Waveform, request: ConversionRequest) -> Conversion:
        """The same waveform (S,), rebuilt; transposition is not a vocoder's business and ignored."""
        return self.resynthesise(waveform, request)

    @torch.inference_mode()
    def resynthesise(self, waveform: Waveform, request: ConversionRequest) -> Conversion:
        """Mel and melody of (S,) through the network, (S,)."""
        start = time.perf_counter()
        hop = self.features.hop_length
        num_frames = max(-(-len(waveform) // hop), self.features.n_fft // hop)
        padded = np.pad(waveform, (0, num_frames * hop - len(waveform)))
        f0_hz = torch.from_numpy(self.f0_extractor.extract(padded, self.sample_rate, hop, num_frames))[None]
        mel = waveform_to_mel(torch.from_numpy(padded)[None], self.features)
        generator = torch.Generator().manual_seed(request.seed)
        pieces = []
        for first in range(0, num_frames, BLOCK_FRAMES):
            begin, end = max(first - CONTEXT_FRAMES, 0), min(first + BLOCK_FRAMES + CONTEXT_FRAMES, num_frames)
            piece = self.network(mel[..., begin:end], f0_hz[:, begin:end], generator=generator)[0, 0]
            pieces.append(piece[(first - begin) * hop :][: BLOCK_FRAMES * hop])
        output, gain_db = limit_peak(torch.cat(pieces).float().numpy()[: len(waveform)])
        return Conversion(output, len(pieces), time.perf_counter() - start, gain_db)
