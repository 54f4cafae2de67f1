"""One linear layer, and a vocoder behind it."""

import numpy as np
import torch
from torch import Tensor, nn

from duetto.architectures.vocoder.load import foreign_generator
from duetto.architectures.vocoder.renderer import vocoder_shape
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.conversion.converter import ConversionRequest
from duetto.features.cache import ClipFeatures
from duetto.features.mel import waveform_to_mel
from duetto.settings.config import FeaturesConfig
from duetto.storage.audio import Waveform
from tests.architectures.third.config import ThirdConfig

CENTRE_HZ = 200.0


class Third(nn.Module):
    """Content and pitch to a mel, mel and pitch to a waveform."""

    def __init__(self, content_dimension: int, n_mels: int, vocoder: Vocoder) -> None:
        super().__init__()
        self.line = nn.Linear(content_dimension + 2, n_mels)
        self.vocoder = vocoder

    def mel(self, content: Tensor, f0_hz: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> natural-log mel, (B, M, T)."""
        voiced = f0_hz > 0
        octaves = torch.where(voiced, torch.log2(f0_hz.clamp(min=1.0) / CENTRE_HZ), 0.0)
        return self.line(torch.cat([content, octaves[..., None], voiced[..., None].float()], dim=-1)).mT


def build_third(model: ThirdConfig, features: FeaturesConfig) -> Third:
    """An untrained line, and a vocoder of the shape of the one that `model.vocoder` names."""
    generator = foreign_generator(model.vocoder, features)
    vocoder = Vocoder(vocoder_shape(model.n_mels, generator, features.sample_rate))
    return Third(model.content_dimension, model.n_mels, vocoder)


class ThirdRenderer:
    """Sings frames; see `duetto.conversion.converter.Renderer`."""

    uses_f0 = True
    reads_content = True

    def __init__(self, network: Third, _: ThirdConfig, features: FeaturesConfig) -> None:
        self.network = network
        self.features = features

    @torch.inference_mode()
    def render(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """Content and melody, sung."""
        f0_hz = torch.from_numpy(frames.f0_hz)[None]
        return self._sing(self.network.mel(torch.from_numpy(frames.content)[None], f0_hz), f0_hz, generator)

    @torch.inference_mode()
    def copy_synthesise(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """The frames' own mel through the vocoder."""
        mel = waveform_to_mel(torch.from_numpy(np.array(frames.waveform))[None], self.features)
        return self._sing(mel, torch.from_numpy(frames.f0_hz)[None], generator)

    def _sing(self, mel: Tensor, f0_hz: Tensor, generator: torch.Generator) -> Waveform:
        return np.asarray(self.network.vocoder(mel, f0_hz, generator=generator)[0, 0].float().numpy())
