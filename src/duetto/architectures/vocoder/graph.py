"""A vocoder as one function of tensors: mel, pitch and noise in, waveform out.

Inputs: mel (1, M, T), natural logarithm; f0_hz (1, T), 0.0 where unvoiced; source_noise (1, S, sines), standard normal
values, which a vocoder with a mini source does not read.
"""

import torch
from torch import Tensor, nn

from duetto.architectures.vocoder.config import VocoderConfig
from duetto.architectures.vocoder.vocoder import MiniSourceGenerator, Vocoder
from duetto.layers.graph import Graph
from duetto.settings.config import FeaturesConfig

EXAMPLE_FRAMES = 64


class _Voiced(nn.Module):
    """Without the noise, which the mini source does not read."""

    def __init__(self, vocoder: Vocoder) -> None:
        super().__init__()
        self.vocoder = vocoder

    def forward(self, mel: Tensor, f0_hz: Tensor) -> Tensor:
        waveform: Tensor = self.vocoder(mel, f0_hz)
        return waveform


def vocoder_graph(network: Vocoder, model: VocoderConfig, features: FeaturesConfig) -> Graph:
    """The graph of a vocoder whose weight norm is folded."""
    count, generator = EXAMPLE_FRAMES, network.generator
    inputs = {"mel": torch.full((1, model.n_mels, count), -5.0), "f0_hz": torch.full((1, count), 220.0)}
    moving = {"mel": {2: 1}, "f0_hz": {1: 1}}
    module: nn.Module = _Voiced(network)
    if not isinstance(generator, MiniSourceGenerator):
        module = network
        inputs["source_noise"] = torch.zeros(1, count * features.hop_length, generator.source.num_sines)
        moving["source_noise"] = {1: features.hop_length}
    return Graph(
        module.eval(),
        inputs,
        moving,
        {
            "sample_rate": features.sample_rate,
            "hop_length": features.hop_length,
            "n_fft": features.n_fft,
            "n_mels": model.n_mels,
            "mel_min_hz": features.mel_min_hz,
            "mel_max_hz": features.mel_max_hz or features.sample_rate / 2,
        },
    )
