"""An RVC voice as one function of tensors: content, pitch and noise in, waveform out.

Inputs: content (1, T, D); with pitch f0_hz (1, T) in Hz (0.0 = unvoiced) and pitch (1, T), its class from 1 to 255
(`duetto.features.f0.pitch_to_coarse`); speaker (1,); noise (1, C, T); with pitch source_noise (1, S, 1). Both noises
are standard normal values, which the program that runs the graph draws, so that a result can be computed again.
"""

import torch
from torch import Tensor, nn

from duetto.architectures.rvc.config import RVCConfig
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.layers.graph import Graph
from duetto.settings.config import FeaturesConfig

EXAMPLE_FRAMES = 64


class _Sung(nn.Module):
    def __init__(self, synthesizer: Synthesizer, noise_scale: float) -> None:
        super().__init__()
        self.synthesizer = synthesizer
        self.noise_scale = noise_scale

    def _sing(
        self, content: Tensor, pitch: Tensor | None, f0_hz: Tensor | None, speaker: Tensor, noises: tuple[Tensor, ...]
    ) -> Tensor:
        network = self.synthesizer
        mask = torch.ones_like(content[:, :, :1]).transpose(1, 2)
        embedded = network.embed_speaker(speaker)
        mean, log_std = network.prior(content, pitch, mask)
        z_p = mean + torch.exp(log_std) * noises[0] * self.noise_scale
        z = network.generator_input(network.flow(z_p, mask, embedded, reverse=True), speaker)
        return network.decode(z, f0_hz, embedded, noise=noises[-1])


class SungWithPitch(_Sung):
    """A voice that was trained with pitch."""

    def forward(
        self, content: Tensor, f0_hz: Tensor, pitch: Tensor, speaker: Tensor, noise: Tensor, source_noise: Tensor
    ) -> Tensor:
        """Waveform, (1, 1, S); the module's docstring has the inputs."""
        return self._sing(content, pitch, f0_hz, speaker, (noise, source_noise))


class SungWithoutPitch(_Sung):
    """A voice that was trained without."""

    def forward(self, content: Tensor, speaker: Tensor, noise: Tensor) -> Tensor:
        """Waveform, (1, 1, S)."""
        return self._sing(content, None, None, speaker, (noise,))


def rvc_graph(network: Synthesizer, model: RVCConfig, features: FeaturesConfig) -> Graph:
    """The graph of a voice whose weight norm is folded."""
    config, count = network.config, EXAMPLE_FRAMES
    inputs = {
        "content": torch.zeros(1, count, model.content_dimension),
        "f0_hz": torch.full((1, count), 220.0),
        "pitch": torch.full((1, count), 60),
        "speaker": torch.tensor([0]),
        "noise": torch.zeros(1, config.inter_channels, count),
        "source_noise": torch.zeros(1, count * features.hop_length, 1),
    }
    moving = {"speaker": {}, "noise": {2: 1}, "source_noise": {1: features.hop_length}}
    names = inputs if config.uses_f0 else ("content", "speaker", "noise")
    module = (SungWithPitch if config.uses_f0 else SungWithoutPitch)(network, model.noise_scale)
    return Graph(
        module.eval(),
        {name: inputs[name] for name in names},
        {name: moving.get(name, {1: 1}) for name in names},
        {
            "sample_rate": features.sample_rate,
            "hop_length": features.hop_length,
            "content_encoder": features.content.encoder,
            "content_layer": features.content.layer,
            "timing": features.timing,
            "f0_min_hz": features.f0.min_hz,
            "f0_max_hz": features.f0.max_hz,
        },
    )
