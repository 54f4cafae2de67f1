"""Conversion with the linear baseline: a linear map from content to a mel spectrogram, then a vocoder."""

import numpy as np
import torch
from torch import Tensor, nn

from duetto.architectures.linear.config import LinearConfig
from duetto.architectures.vocoder.renderer import vocoder_shape
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.conversion.converter import ConversionRequest
from duetto.features.cache import ClipFeatures
from duetto.features.mel import waveform_to_mel
from duetto.layers.linear_acoustic import LinearAcoustic
from duetto.settings.config import FeaturesConfig
from duetto.storage.audio import Waveform


class SingingLinear(nn.Module):
    """The acoustic model and its vocoder, as stored in a voice."""

    def __init__(self, acoustic: LinearAcoustic, vocoder: Vocoder) -> None:
        super().__init__()
        self.acoustic = acoustic
        self.vocoder = vocoder


def build_linear(model: LinearConfig, features: FeaturesConfig) -> SingingLinear:
    """An unsolved acoustic model of the configured shape and a vocoder without weights."""
    acoustic = LinearAcoustic(model.content_dimension, model.n_mels, model.context_frames, model.num_speakers)
    return SingingLinear(acoustic, Vocoder(vocoder_shape(model.n_mels, model.vocoder_generator, features.sample_rate)))


class LinearRenderer:
    """Converts with the linear baseline; see `Renderer`."""

    uses_f0 = True
    reads_content = True

    def __init__(self, network: SingingLinear, _: LinearConfig, features: FeaturesConfig) -> None:
        self.network = network
        self.features = features

    @torch.inference_mode()
    def render(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """Content and melody of T frames, sung: (T * hop,)."""
        content = torch.from_numpy(np.array(frames.content))[None].to(self._device)
        mel = self.network.acoustic(content, torch.tensor([request.speaker_id], device=self._device))
        return self._vocode(mel, frames, generator)

    @torch.inference_mode()
    def copy_synthesise(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """The frames' own mel through the vocoder: (T * hop,)."""
        waveform = torch.from_numpy(np.array(frames.waveform))[None].to(self._device)
        return self._vocode(waveform_to_mel(waveform, self.features), frames, generator)

    @property
    def _device(self) -> torch.device:
        return self.network.acoustic.mel_mean.device

    def _vocode(self, mel: Tensor, frames: ClipFeatures, generator: torch.Generator) -> Waveform:
        f0_hz = torch.from_numpy(np.array(frames.f0_hz))[None].to(self._device)
        waveform: Waveform = self.network.vocoder(mel, f0_hz, generator=generator)[0, 0].float().cpu().numpy()
        return waveform
