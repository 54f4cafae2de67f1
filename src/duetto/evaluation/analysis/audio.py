"""A performance prepared for the metrics: analysed once, at the scoring rate, on the reference's time base."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from duetto.evaluation.analysis.cepstrum import ORDER, mel_cepstrum
from duetto.evaluation.analysis.pitch import match_lengths, track_f0
from duetto.evaluation.analysis.spectra import SAMPLE_RATE, Spectra, analyse_spectra
from duetto.evaluation.analysis.world import FloatArray
from duetto.storage.audio import Waveform

if TYPE_CHECKING:  # a network, which the table of metrics does not need
    from duetto.evaluation.models.speaker import SpeakerEncoder

Embedding = NDArray[np.float32]  # (256,), of length 1


@dataclass(frozen=True)
class AnalysedAudio:
    """A waveform at 24 kHz with the analyses that several metrics share."""

    waveform: Waveform  # (S,)
    f0_hz: FloatArray  # (T,), its own contour
    spectra: Spectra
    cepstrum: FloatArray  # (T, 24), analysed at the reference's pitch; (0, 24) if there is no reference
    embedding: Embedding | None


def analyse(
    waveform: Waveform,
    f0_hz: FloatArray | None,
    num_samples: int,
    reference_f0_hz: FloatArray,
    encoder: "SpeakerEncoder | None",
) -> AnalysedAudio:
    """Cut or pad to the reference's length, then track, analyse and embed once.

    Args:
        waveform: (S,), at 24 kHz.
        f0_hz: Its contour, Hz; tracked when None.
        num_samples: Length of the reference.
        reference_f0_hz: Contour of the reference, (T,), which sets the windows of the envelope.
        encoder: For the embedding; None = no embedding.
    """
    fitted = fit_length(waveform, num_samples)
    if f0_hz is None:
        f0_hz = track_f0(fitted, SAMPLE_RATE)
    return AnalysedAudio(
        waveform=fitted,
        f0_hz=match_lengths(reference_f0_hz, f0_hz),
        spectra=analyse_spectra(fitted),
        cepstrum=mel_cepstrum(fitted, reference_f0_hz, SAMPLE_RATE),
        embedding=None if encoder is None else encoder.embed(fitted, SAMPLE_RATE),
    )


def analyse_alone(waveform: Waveform, f0_hz: FloatArray) -> AnalysedAudio:
    """A performance that is not compared with another: no cepstrum, no embedding."""
    return AnalysedAudio(waveform, f0_hz, analyse_spectra(waveform), np.zeros((0, ORDER)), None)


def fit_length(waveform: Waveform, num_samples: int) -> Waveform:
    """The waveform cut, or padded with silence, to a length."""
    return np.pad(waveform[:num_samples], (0, max(0, num_samples - waveform.size)))
