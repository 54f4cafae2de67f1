"""RVC as a renderer: prior, flow, generator."""

import numpy as np
import torch

from duetto.architectures.rvc.config import RVCConfig
from duetto.architectures.rvc.mel_latent import MelLatentSynthesizer
from duetto.architectures.rvc.shapes import SynthesizerConfig
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.conversion.converter import ConversionRequest
from duetto.features.cache import ClipFeatures
from duetto.features.f0 import pitch_to_coarse
from duetto.features.spectrogram import linear_spectrogram
from duetto.settings.config import FeaturesConfig
from duetto.storage.audio import Waveform


def build_rvc(model: RVCConfig, features: FeaturesConfig) -> Synthesizer:
    """An untrained synthesizer of the configured shape."""
    shape = SynthesizerConfig.from_model_config(model, features)
    return MelLatentSynthesizer(shape) if model.has_mel_latent else Synthesizer(shape)


class RVCRenderer:
    """Sings with an RVC synthesizer; see `duetto.conversion.converter.Renderer`."""

    reads_content = True

    def __init__(self, synthesizer: Synthesizer, model: RVCConfig, features: FeaturesConfig) -> None:
        self.synthesizer = synthesizer
        self.features = features
        self.noise_scale = model.noise_scale
        self.uses_f0 = synthesizer.config.uses_f0

    @torch.inference_mode()
    def render(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """Content and pitch to a voice."""
        device = self._device()
        f0_hz, pitch_coarse = None, None
        if self.uses_f0:
            f0_hz = torch.from_numpy(frames.f0_hz)[None].to(device)
            pitch_coarse = torch.from_numpy(pitch_to_coarse(frames.f0_hz))[None].to(device)
        output = self.synthesizer.convert(
            content=torch.from_numpy(frames.content)[None].to(device),
            f0_hz=f0_hz,
            pitch_coarse=pitch_coarse,
            lengths=torch.tensor([frames.num_frames], device=device),
            speaker_id=torch.tensor([request.speaker_id], device=device),
            noise_scale=self.noise_scale,
            generator=generator,
        )
        return np.asarray(output[0, 0].float().cpu().numpy())

    @torch.inference_mode()
    def copy_synthesise(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """Posterior encoder and generator on the audio itself: the reference through the vocoder."""
        device = self._device()
        waveform = torch.from_numpy(np.array(frames.waveform))[None].to(device)
        output = self.synthesizer.copy_synthesise(
            spectrogram=linear_spectrogram(waveform, self.features.n_fft, self.features.hop_length),
            f0_hz=torch.from_numpy(frames.f0_hz)[None].to(device) if self.uses_f0 else None,
            lengths=torch.tensor([frames.num_frames], device=device),
            speaker_id=torch.tensor([request.speaker_id], device=device),
            generator=generator,
        )
        return np.asarray(output[0, 0].float().cpu().numpy())

    def _device(self) -> torch.device:
        return next(self.synthesizer.parameters()).device
