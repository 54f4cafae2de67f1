"""Log mel spectrograms as the field's vocoders and diffusion models define them.

Two forms: NSF-HiFiGAN's (44.1 kHz; frames cut after reflection at the edges, natural log) and Parallel WaveGAN's (24
kHz; frames centred on multiples of the hop, log10). Diff-SVC feeds its 44.1 kHz model the first times 0.434294, and its
vocoder that times 2.30259: the product is 1.000001, and is part of the weights' world.

Conventions: waveform (..., S), mel (..., M, T), float32 whatever the autocast state.

References: openvpi's nvSTFT; Yamamoto et al., "Parallel WaveGAN", 2020; pitch augmentation by window length: DDSP-SVC
and so-vits-svc.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from duetto.errors import AudioError
from duetto.features.spectrogram import hann_window, mel_filterbank
from duetto.settings.config import FeaturesConfig
from duetto.units import semitones_to_ratio

LN_TO_LOG10 = 0.434294  # upstream Diff-SVC's rounding of 1 / ln 10
LOG10_TO_LN = 2.30259  # and of ln 10


@dataclass(frozen=True)
class MelSettings:
    """Numbers of a mel spectrogram."""

    sample_rate: int  # Hz
    n_fft: int  # samples of a (Hann) window
    hop_length: int  # samples
    n_mels: int
    min_hz: float
    max_hz: float
    floor: float = 1e-5  # smallest mel magnitude before the logarithm
    power_epsilon: float = 1e-9  # added to the power: the root's gradient stays finite at silence
    is_centred: bool = False  # frame t at sample t * hop, 1 + S // hop frames; else at (t + 1/2) * hop, S // hop frames
    is_log10: bool = False  # else natural


NSF_HIFIGAN_44K = MelSettings(44100, 2048, 512, 128, 40.0, 16000.0)
PARALLEL_WAVEGAN_24K = MelSettings(
    24000, 512, 128, 80, 30.0, 12000.0, floor=1e-6, power_epsilon=0.0, is_centred=True, is_log10=True
)


def log_mel_spectrogram(waveform: Tensor, settings: MelSettings, semitones: float = 0.0, speed: float = 1.0) -> Tensor:
    """Log mel magnitudes.

    Args:
        waveform: (..., S).
        settings: The form.
        semitones: Shift of the spectrum: the window is longer by that ratio, and its bins are read as if it were not,
            so that the mel is one of a higher voice. Only for frames that are not centred.
        speed: Factor on the hop: 1.1 gives fewer frames, as of a faster performance.

    Returns:
        (..., M, T).

    Raises:
        AudioError: If the waveform is shorter than a hop.
    """
    with torch.autocast(waveform.device.type, enabled=False):
        flat = waveform.reshape(-1, waveform.shape[-1]).float()
        magnitude = _shifted_magnitude(flat, settings, semitones, speed)
        filters = mel_filterbank(
            settings.sample_rate, settings.n_fft, settings.n_mels, settings.min_hz, settings.max_hz, waveform.device
        )
        mel = torch.clamp(filters @ magnitude, min=settings.floor)
        logarithm = torch.log10(mel) if settings.is_log10 else torch.log(mel)
    return logarithm.reshape(*waveform.shape[:-1], *logarithm.shape[-2:])


def waveform_to_mel(waveform: Tensor, features: FeaturesConfig, semitones: float = 0.0) -> Tensor:
    """Log mel (B, M, T) of waveforms (B, S), natural logarithm, spectra shifted by `semitones`."""
    settings = MelSettings(
        features.sample_rate,
        features.n_fft,
        features.hop_length,
        features.n_mels,
        features.mel_min_hz,
        features.mel_max_hz or features.sample_rate / 2,
    )
    return log_mel_spectrogram(waveform, settings, semitones)


def natural_to_log10(mel: Tensor) -> Tensor:
    """Natural-log mel in Diff-SVC's domain, its rounded constant included."""
    return mel * LN_TO_LOG10


def log10_to_natural(mel: Tensor) -> Tensor:
    """Diff-SVC's mel in its vocoder's domain, its rounded constant included."""
    return mel * LOG10_TO_LN


def _shifted_magnitude(waveform: Tensor, settings: MelSettings, semitones: float, speed: float) -> Tensor:
    """(B, n_fft // 2 + 1, T), of a window stretched by `semitones` and hops stretched by `speed`."""
    n_fft = round(settings.n_fft * semitones_to_ratio(semitones))
    hop_length = round(settings.hop_length * speed)
    if waveform.shape[-1] < hop_length:
        raise AudioError(
            f"A waveform of {waveform.shape[-1]} samples is shorter than one mel frame ({hop_length} samples); "
            "give a longer one."
        )
    padded = (
        functional.pad(waveform, (n_fft // 2,) * 2) if settings.is_centred else _mirrored(waveform, n_fft, hop_length)
    )
    window = hann_window(n_fft, waveform.device)
    spectrum = torch.stft(padded, n_fft, hop_length, window=window, center=False, return_complex=True)
    magnitude = torch.sqrt(spectrum.real.square() + spectrum.imag.square() + settings.power_epsilon)
    if n_fft == settings.n_fft:
        return magnitude
    num_bins = settings.n_fft // 2 + 1  # higher bins are cut off, missing bins are silent
    magnitude = functional.pad(magnitude, (0, 0, 0, max(0, num_bins - magnitude.shape[1])))
    return magnitude[:, :num_bins] * (settings.n_fft / n_fft)


def _mirrored(waveform: Tensor, n_fft: int, hop_length: int) -> Tensor:
    """Both edges mirrored so that frame 0 is centred on half a hop; zeros if the waveform is too short for that."""
    left = (n_fft - hop_length) // 2
    right = max((n_fft - hop_length + 1) // 2, n_fft - waveform.shape[-1] - left)
    # Deviation 15 (docs/deviations.md)
    if max(left, right) < waveform.shape[-1]:
        return functional.pad(waveform, (left, right), mode="reflect")
    return functional.pad(waveform, (left, right))
