"""Where does the comb at the frame rate come from that vocoded consonants and breaths have?

Noise in four bands, which stands for unvoiced sounds, is analysed and sung by the vocoder without a melody, with
several draws of its excitation. What all draws have in common is what the network makes of the spectrum alone; the
rest follows the excitation. `comb` is the power at multiples of the frame rate over that between them; `envelope` is
how far the power swings within a frame, averaged over the frames.

Run: `python benchmarks/frame_comb.py [VOCODER]`; a minute on a core. VOCODER is a run of model=vocoder; the default is
the one that ships. `balanced` is the same network with its upsampling balanced and not trained any further, which
shows the cause; its mel error shows that it has to be trained.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from scipy.signal import butter, sosfilt, welch

from duetto.architectures.vocoder.config import VocoderConfig
from duetto.architectures.vocoder.load import load_vocoder_into
from duetto.architectures.vocoder.renderer import build_vocoder
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.evaluation.metrics.buzz import comb_db
from duetto.features.mel import waveform_to_mel
from duetto.layers.phase_balance import balance_upsampling
from duetto.runs.compose import compose_runs
from duetto.settings.conf_files import conf_folder
from duetto.settings.config import FeaturesConfig

SECONDS, NUM_DRAWS, EDGE_FRAMES = 5, 6, 10
SOUNDS = {"s": (4500, 9000, -25.0), "sh": (2000, 6000, -22.0), "breath": (300, 5000, -40.0), "h": (500, 3500, -30.0)}
BIN_HZ, FLOOR = 2.0, (0.14, 0.4)  # of spectra of half a second, which resolve the comb much better than a song's


def noise(features: FeaturesConfig, low_hz: float, high_hz: float, level_db: float) -> np.ndarray:
    """Gaussian noise in a band, (S,)."""
    count = SECONDS * features.sample_rate // features.hop_length * features.hop_length
    band = butter(4, [low_hz, high_hz], "band", fs=features.sample_rate, output="sos")
    waveform = sosfilt(band, np.random.default_rng(0).normal(size=count))
    return (waveform / np.sqrt(np.mean(waveform**2)) * 10 ** (level_db / 20)).astype(np.float32)


def sing(vocoder: Vocoder, mel: torch.Tensor, draw: int) -> np.ndarray:
    """The vocoder's waveform of a mel without a melody, edges cut off."""
    frames, hop = mel.shape[-1], vocoder.shape.hop_length
    sines = vocoder.shape.num_harmonics + 1
    excitation = torch.randn(1, frames * hop, sines, generator=torch.Generator().manual_seed(draw))
    waveform = vocoder(mel, torch.zeros(1, frames), noise=excitation)[0, 0].numpy()
    return waveform[EDGE_FRAMES * hop : -EDGE_FRAMES * hop]


def long_comb_db(waveform: np.ndarray, features: FeaturesConfig) -> float:
    """Teeth over floor in spectra of half a second."""
    _, power = welch(waveform, features.sample_rate, nperseg=features.sample_rate // 2)
    return comb_db(power, BIN_HZ, features.sample_rate / features.hop_length, FLOOR)


def envelope_db(waveform: np.ndarray, features: FeaturesConfig) -> float:
    """Highest over lowest power within a frame."""
    hop = features.hop_length
    power = np.mean(waveform[: len(waveform) // hop * hop].reshape(-1, hop) ** 2, axis=0)
    smooth = np.fft.irfft(np.fft.rfft(power) * np.fft.rfft(np.ones(hop // 20) / (hop // 20), hop), hop)
    return float(10 * np.log10(smooth.max() / smooth.min()))


def mel_error_db(vocoder: Vocoder, waveform: np.ndarray, mel: torch.Tensor, features: FeaturesConfig) -> float:
    """Mean absolute error of the mel where the sound is."""
    sung = waveform_to_mel(torch.from_numpy(sing(vocoder, mel, 0))[None], features)
    own = mel[..., EDGE_FRAMES:-EDGE_FRAMES]
    heard = own > own.max() - 7.0
    return float((sung - own)[heard].abs().mean()) * 20 / np.log(10)


def report(vocoder: Vocoder, features: FeaturesConfig, title: str) -> None:
    """A row for each sound."""
    sys.stdout.write(f"\n{title}\nsound     in  comb  common  comb of it  comb of the rest  envelope  mel error, dB\n")
    for name, band in SOUNDS.items():
        waveform = noise(features, *band)
        mel = waveform_to_mel(torch.from_numpy(waveform)[None], features)
        draws = np.stack([sing(vocoder, mel, draw) for draw in range(NUM_DRAWS)])
        common = draws.mean(axis=0)
        power = np.mean(draws**2)
        share = (NUM_DRAWS * np.mean(common**2) - power) / (NUM_DRAWS - 1) / power  # unbiased
        numbers = (long_comb_db(each, features) for each in (waveform, draws[0], common, draws[0] - common))
        own, out, of_common, of_rest = numbers
        sys.stdout.write(
            f"{name:8}{own:4.1f}{out:6.1f}{100 * share:7.1f}%{of_common:12.1f}{of_rest:18.1f}"
            f"{envelope_db(draws[0], features):10.1f}{mel_error_db(vocoder, waveform, mel, features):15.1f}\n"
        )


def main() -> None:
    """The vocoder as it is, and balanced."""
    (config,) = compose_runs(conf_folder(), [["model=vocoder", "data=choir"]])
    model = config.model
    assert isinstance(model, VocoderConfig)
    for title in ("as it is", "balanced"):
        vocoder = build_vocoder(model, config.features).eval()
        load_vocoder_into(vocoder, str(Path(sys.argv[1])) if len(sys.argv) > 1 else "auto", config.features)
        if title == "balanced":
            balance_upsampling(vocoder.generator)
        with torch.inference_mode():
            report(vocoder, config.features, title)


if __name__ == "__main__":
    main()
