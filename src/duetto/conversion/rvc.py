"""Conversion with RVC: content and pitch of the source, retrieval, prior, flow, generator."""

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from duetto.audio import Waveform
from duetto.config import FeaturesConfig, RetrievalConfig
from duetto.conversion.chunking import join_chunks, plan_chunks
from duetto.conversion.converter import Conversion, ConversionRequest
from duetto.conversion.retrieval import RetrievalIndex
from duetto.features.content import ContentEncoder
from duetto.features.extract import analyse
from duetto.features.f0 import F0Extractor, pitch_to_coarse
from duetto.features.spectrogram import linear_spectrogram
from duetto.model_config import RVCConfig
from duetto.models.rvc.shapes import SynthesizerConfig
from duetto.models.rvc.synthesizer import Synthesizer
from duetto.units import amplitude_to_db, semitones_to_ratio

PEAK_LIMIT = 0.98  # full scale kept free for the sample format
RUMBLE_HZ = 48.0  # upstream high-passes sources and training audio here
RUMBLE_ORDER = 4
STRAY_PERCENT = 1.0  # of voiced frames: octave errors of the tracker
MIN_FRAMES = 64  # shorter sources are padded while they are converted

Contour = NDArray[np.float32]  # f0_hz, (T,)
Render = Callable[[Waveform, torch.Generator], tuple[Waveform, Contour]]


def build_rvc(model: RVCConfig, features: FeaturesConfig) -> Synthesizer:
    """An untrained synthesizer of the configured shape."""
    return Synthesizer(SynthesizerConfig.from_model_config(model, features.sample_rate, features.hop_length))


class RVCConverter:
    """Sings with an RVC generator; see `Converter`."""

    def __init__(
        self,
        synthesizer: Synthesizer,
        features: FeaturesConfig,
        encoder: ContentEncoder,
        f0_extractor: F0Extractor,
        index: RetrievalIndex | None,
        noise_scale: float,
    ) -> None:
        self.synthesizer = synthesizer
        self.features = features
        self.encoder = encoder
        self.f0_extractor = f0_extractor
        self.index = index
        self.noise_scale = noise_scale
        self.sample_rate = features.sample_rate

    def convert(self, waveform: Waveform, request: ConversionRequest) -> Conversion:
        """Sing a source (S,) with the target voice; (S,) comes back."""

        def render(piece: Waveform, generator: torch.Generator) -> tuple[Waveform, Contour]:
            return self._convert_piece(piece, generator, request)

        return self._in_chunks(waveform, request, render)

    def resynthesise(self, waveform: Waveform, request: ConversionRequest) -> Conversion:
        """Posterior encoder and generator on the audio itself: the truth through the vocoder."""

        def render(piece: Waveform, generator: torch.Generator) -> tuple[Waveform, Contour]:
            return self._resynthesise_piece(piece, generator, request)

        return self._in_chunks(waveform, request, render)

    def _in_chunks(self, waveform: Waveform, request: ConversionRequest, render: Render) -> Conversion:
        start = time.perf_counter()
        hop = self.features.hop_length
        num_samples = len(waveform)
        num_frames = max(-(-num_samples // hop), MIN_FRAMES)
        padded = np.pad(waveform, (0, num_frames * hop - num_samples))
        chunks = plan_chunks(padded, self.sample_rate, hop, request.chunk_s)
        generator = torch.Generator().manual_seed(request.seed)
        pieces, contours = [], []
        for chunk in chunks:
            piece, f0_hz = render(padded[chunk.read_start * hop : chunk.read_stop * hop], generator)
            pieces.append((chunk, piece))
            contours.append(f0_hz)
        output = join_chunks(pieces, len(padded), self.sample_rate, hop)
        output = remove_rumble(output, self.sample_rate, lowest_pitch_hz(np.concatenate(contours)))
        output, gain_db = limit_peak(output[:num_samples])
        return Conversion(output, len(chunks), time.perf_counter() - start, gain_db)

    @torch.inference_mode()
    def _convert_piece(
        self, piece: Waveform, generator: torch.Generator, request: ConversionRequest
    ) -> tuple[Waveform, Contour]:
        clip = analyse(piece, self.features, self.encoder, self.f0_extractor)
        f0_hz = np.asarray(clip.f0_hz * semitones_to_ratio(request.transpose_semitones), np.float32)
        content = self._retrieve(clip.content, f0_hz > 0, request.retrieval)
        device = next(self.synthesizer.parameters()).device
        output = self.synthesizer.convert(
            content=torch.from_numpy(content)[None].to(device),
            f0_hz=torch.from_numpy(f0_hz)[None].to(device),
            pitch_coarse=torch.from_numpy(pitch_to_coarse(f0_hz))[None].to(device),
            lengths=torch.tensor([len(f0_hz)], device=device),
            speaker_id=torch.tensor([request.speaker_id], device=device),
            noise_scale=self.noise_scale,
            generator=generator,
        )
        return output[0, 0].float().cpu().numpy(), f0_hz

    @torch.inference_mode()
    def _resynthesise_piece(
        self, piece: Waveform, generator: torch.Generator, request: ConversionRequest
    ) -> tuple[Waveform, Contour]:
        hop = self.features.hop_length
        num_frames = len(piece) // hop
        f0_hz = self.f0_extractor.extract(piece, self.sample_rate, hop, num_frames)
        device = next(self.synthesizer.parameters()).device
        spectrogram = linear_spectrogram(torch.from_numpy(piece)[None].to(device), self.features.n_fft, hop)
        output = self.synthesizer.resynthesise(
            spectrogram=spectrogram,
            f0_hz=torch.from_numpy(f0_hz)[None].to(device),
            lengths=torch.tensor([num_frames], device=device),
            speaker_id=torch.tensor([request.speaker_id], device=device),
            generator=generator,
        )
        return output[0, 0].float().cpu().numpy(), f0_hz

    def _retrieve(self, content: Waveform, is_voiced: np.ndarray, config: RetrievalConfig) -> Waveform:
        if self.index is None or config.index_rate == 0:
            return content
        return self.index.blend(content, is_voiced, config)


def lowest_pitch_hz(f0_hz: Contour) -> float:
    """The lowest pitch of a melody (T,), stray frames aside; 0.0 when nothing is voiced."""
    voiced = f0_hz[f0_hz > 0]
    return float(np.percentile(voiced, STRAY_PERCENT)) if voiced.size else 0.0


def remove_rumble(waveform: Waveform, sample_rate: int, lowest_hz: float) -> Waveform:
    """Take away, without delay, what lies more than an octave below the melody's lowest pitch.

    A voice has nothing there; a young generator hums at its frame rate, softly enough that no loss
    hears it and steadily enough that a pitch tracker does. Deviation 9 (docs/deviations.md).
    """
    cutoff_hz = max(RUMBLE_HZ, lowest_hz / 2)
    sections = butter(RUMBLE_ORDER, cutoff_hz, "highpass", fs=sample_rate, output="sos")
    return np.asarray(sosfiltfilt(sections, waveform), np.float32)


def limit_peak(waveform: Waveform) -> tuple[Waveform, float]:
    """Scale a waveform down when its peak passes `PEAK_LIMIT`; give the gain in dB (0.0 or less)."""
    peak = float(np.max(np.abs(waveform), initial=0.0))
    if peak <= PEAK_LIMIT:
        return waveform, 0.0
    gain = PEAK_LIMIT / peak
    return np.asarray(waveform * gain, np.float32), float(amplitude_to_db(gain))
