"""Conversion with Diff-SVC: diffusion from content and melody to a mel spectrogram, then a vocoder."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from duetto.architectures.diffsvc.auxiliary import AuxiliaryDiffSVC
from duetto.architectures.diffsvc.config import DiffSVCConfig
from duetto.architectures.diffsvc.model import ConditionInputs, DiffSVC, Shallow
from duetto.architectures.diffsvc.sampling import SamplerSettings
from duetto.architectures.diffsvc.shapes import ConditionShape, DenoiserShape, DiffSVCShape
from duetto.architectures.vocoder.renderer import vocoder_shape
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.conversion.converter import ConversionRequest
from duetto.features.cache import ClipFeatures
from duetto.features.mel import log10_to_natural, natural_to_log10, waveform_to_mel
from duetto.layers.auxiliary_decoder import AuxiliaryShape
from duetto.settings.config import FeaturesConfig
from duetto.storage.audio import Waveform

LOUDEST_LOG10 = 1.5  # mels are clipped to this before the vocoder, upstream
SOFTEST_LOG10 = -6.0


class SingingDiffSVC(nn.Module):
    """The acoustic model and its vocoder, as stored in a voice."""

    def __init__(self, acoustic: DiffSVC, vocoder: Vocoder) -> None:
        super().__init__()
        self.acoustic = acoustic
        self.vocoder = vocoder


def build_diffsvc(model: DiffSVCConfig, features: FeaturesConfig) -> SingingDiffSVC:
    """An untrained acoustic model of the configured shape and a vocoder without weights."""
    shape = DiffSVCShape(
        denoiser=DenoiserShape(
            n_mels=model.n_mels,
            condition_channels=model.condition_channels,
            channels=model.denoiser.channels,
            num_layers=model.denoiser.num_layers,
            dilation_cycle=model.denoiser.dilation_cycle,
        ),
        condition=ConditionShape(
            content_dimension=model.content_dimension,
            channels=model.condition_channels,
            f0_min_hz=model.pitch_min_hz,
            f0_max_hz=model.pitch_max_hz,
            has_continuous_pitch=model.has_continuous_pitch,
            uses_energy=model.uses_energy,
            num_speakers=model.num_speakers if model.num_speakers > 1 else 0,
            legacy_layers=model.legacy_layers,
        ),
        num_timesteps=model.num_timesteps,
        max_beta=model.max_beta,
        num_range_bins=1 if model.has_single_range else model.n_mels,
    )
    vocoder = Vocoder(vocoder_shape(model.n_mels, model.vocoder_generator, features.sample_rate))
    size = AuxiliaryShape(model.auxiliary.channels, model.auxiliary.num_layers, model.num_speakers)
    return SingingDiffSVC(AuxiliaryDiffSVC(shape, size) if size.num_layers else DiffSVC(shape), vocoder)


def mel_for(model: DiffSVCConfig, waveform: Tensor, features: FeaturesConfig, semitones: float = 0.0) -> Tensor:
    """Log mel (B, M, T) of waveforms (B, S) in the model's logarithm, spectra shifted by `semitones`."""
    mel = waveform_to_mel(waveform, features, semitones)
    return natural_to_log10(mel) if model.has_log10_mel else mel


def mel_energy(mel: Tensor) -> Tensor:
    """Loudness of each frame as upstream defines it: root of the summed squares of e^mel, (B, M, T) -> (B, T)."""
    return mel.exp().square().sum(dim=1).sqrt()


def run_through(f0_hz: NDArray[np.float32]) -> NDArray[np.float32]:
    """A melody (T,) without gaps: log f0 is interpolated through unvoiced frames."""
    voiced = f0_hz > 0
    if not voiced.any():
        return f0_hz
    frame = np.arange(len(f0_hz))
    return np.asarray(2.0 ** np.interp(frame, frame[voiced], np.log2(f0_hz[voiced])), np.float32)


class DiffSVCRenderer:
    """Converts with Diff-SVC; see `Renderer`."""

    uses_f0 = True
    reads_content = True

    def __init__(self, network: SingingDiffSVC, model: DiffSVCConfig, features: FeaturesConfig) -> None:
        self.network = network
        self.model = model
        self.features = features

    @torch.inference_mode()
    def render(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """Content and melody of T frames, sung: (T * hop,)."""
        device = self.network.acoustic.mel_min.device
        f0_hz = torch.from_numpy(self._melody(frames))[None].to(device)
        start = request.diffusion.shallow_start
        needs_mel = self.model.uses_energy or start
        own_mel = self._mel(frames) if needs_mel else None
        inputs = ConditionInputs(
            content=torch.from_numpy(np.array(frames.content))[None].to(device),
            f0_hz=f0_hz,
            mask=torch.ones(1, 1, f0_hz.shape[1], device=device),
            speaker_id=torch.tensor([request.speaker_id], device=device),
            energy=mel_energy(own_mel) if own_mel is not None and self.model.uses_energy else None,
        )
        shallow = Shallow(own_mel, start) if own_mel is not None and start else None
        sampler = SamplerSettings(request.diffusion.sampler, request.diffusion.steps)
        mel = self.network.acoustic.convert(
            inputs,
            sampler,
            shallow,
            generator,
            is_clamped=not sampler.name.endswith("_upstream"),
            noise_scale=self.model.noise_scale,
        )
        return self._vocode(mel, f0_hz, generator)

    @torch.inference_mode()
    def copy_synthesise(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """The frames' own mel through the vocoder: (T * hop,)."""
        f0_hz = torch.from_numpy(self._melody(frames))[None].to(self.network.acoustic.mel_min.device)
        return self._vocode(self._mel(frames), f0_hz, generator)

    def _melody(self, frames: ClipFeatures) -> NDArray[np.float32]:
        return run_through(frames.f0_hz) if self.model.fills_unvoiced else frames.f0_hz

    def _mel(self, frames: ClipFeatures) -> Tensor:
        waveform = torch.from_numpy(np.array(frames.waveform))[None].to(self.network.acoustic.mel_min.device)
        return mel_for(self.model, waveform, self.features)

    def _vocode(self, mel: Tensor, f0_hz: Tensor, generator: torch.Generator) -> Waveform:
        if self.model.has_log10_mel:
            mel = log10_to_natural(mel.clamp(SOFTEST_LOG10, LOUDEST_LOG10))
        waveform: Waveform = self.network.vocoder(mel, f0_hz, generator=generator)[0, 0].float().cpu().numpy()
        return waveform
