"""Three places at which a conversion may lose the words: its vocoder alone, the predicted mel, the audio.

The vocoder alone is copy synthesis of the source. The predicted mel is what enters the vocoder while the source is
converted; a recogniser reads it without any vocoder. A model without a vocoder of its own (RVC) predicts no mel.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from duetto.architectures.registry import architecture_of
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.conversion.converter import ConversionRequest, Converter
from duetto.features.mel import waveform_to_mel
from duetto.features.spectrogram import mel_filterbank
from duetto.features.whisper_mel import N_FFT, SAMPLE_RATE, Mel, mel_filters
from duetto.settings.config import FeaturesConfig
from duetto.storage.audio import Waveform
from duetto.storage.run_folder import RunFolder
from duetto.voices.load import load_converter
from duetto.voices.voice import TrainedVoice

LONGEST_S = 60.0  # converted in one piece, so that its mel is one, too
WHISPER_HOP_S = 0.01


@dataclass(frozen=True)
class Cuts:
    """What a run makes of a source."""

    vocoder: Waveform  # (S,)
    audio: Waveform | None  # (S,); None = the run only vocodes
    mel: Mel | None  # (80, T), power, as the recogniser takes it; None = no mel is predicted


class Run:
    """A trained run under test."""

    def __init__(self, folder: Path) -> None:
        self.folder = RunFolder(folder)
        self.converter, self.voice = load_converter(self.folder.voice.path, 0.0)

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        return self.folder.path.resolve().name

    @property
    def speakers(self) -> list[str]:
        """The voices that it was trained on."""
        return [str(name) for name in self.voice.card.get("speakers") or ()]

    def cuts(self, source: Waveform, transpose_semitones: float) -> Cuts:
        """The source, (S,) at the run's rate, at the three cuts."""
        request = ConversionRequest(transpose_semitones=transpose_semitones, chunk_s=LONGEST_S)
        vocoder = self.converter.copy_synthesise(source, request).waveform
        if not can_convert(self.voice):
            return Cuts(vocoder, None, None)
        with listening(self.converter) as heard:
            audio = self.converter.convert(source, request).waveform
        mel = to_whisper(heard[0], self.voice.features) if len(heard) == 1 else None
        return Cuts(vocoder, audio, mel)

    def source_mel(self, source: Waveform) -> Mel:
        """The source's own mel in the run's form, as the recogniser takes it: what the change of form costs."""
        mel = waveform_to_mel(torch.from_numpy(source)[None], self.voice.features)[0].numpy()
        return to_whisper(mel, self.voice.features)


def can_convert(voice: TrainedVoice) -> bool:
    """Whether a voice does more than copy synthesis."""
    return bool(architecture_of(voice.model).can_convert)


@contextmanager
def listening(converter: Converter) -> Iterator[list[NDArray[np.float32]]]:
    """Collect the natural-log mels (M, T) that enter the vocoder of a converter."""
    network: Any = getattr(converter.renderer, "network", None)
    vocoders = [part for part in network.modules() if isinstance(part, Vocoder)] if network is not None else []
    heard: list[NDArray[np.float32]] = []

    def note(_: Any, inputs: tuple[Any, ...]) -> None:
        heard.append(inputs[0][0].detach().float().cpu().numpy())

    handles = [vocoder.register_forward_pre_hook(note) for vocoder in vocoders]
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()


def to_whisper(mel: NDArray[np.float32], features: FeaturesConfig) -> Mel:
    """A natural-log mel (M, T) of magnitudes as the power mel (80, T') of Whisper.

    Each band is taken for the magnitude at its centre and interpolated, in log, over Whisper's bins of 0 to 8 kHz; the
    frames are resampled to 10 ms. Tones keep their level; noise is softer by 10 lg(n_fft / 400) dB.
    """
    filters = mel_filterbank(
        features.sample_rate,
        features.n_fft,
        features.n_mels,
        features.mel_min_hz,
        features.mel_max_hz or features.sample_rate / 2,
        torch.device("cpu"),
    ).numpy()
    weight = filters.sum(axis=1)
    hz = np.linspace(0.0, features.sample_rate / 2, filters.shape[1])
    centres_hz = filters @ hz / weight
    level = mel.astype(np.float64) - np.log(weight)[:, None] + np.log(N_FFT / features.n_fft)
    hop_s = features.hop_length / features.sample_rate
    times_s = np.arange(int(mel.shape[1] * hop_s / WHISPER_HOP_S)) * WHISPER_HOP_S
    at = (np.arange(mel.shape[1]) + 0.5) * hop_s
    level = np.stack([np.interp(times_s, at, band) for band in level])
    bins_hz = np.linspace(0.0, SAMPLE_RATE / 2, N_FFT // 2 + 1)
    magnitude = np.exp(np.stack([np.interp(bins_hz, centres_hz, frame) for frame in level.T], axis=1))
    power: Mel = (mel_filters() @ magnitude**2).astype(np.float32)
    return power
