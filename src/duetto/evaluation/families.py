"""The scores of one recording, by family: its melody, its sound against the reference, and its own properties."""

from duetto.evaluation.analysis.audio import AnalysedAudio
from duetto.evaluation.analysis.held import Span, held_notes, held_pitch_deviation, spectral_flux
from duetto.evaluation.analysis.pitch import f0_rmse_cents, gross_pitch_error, voicing_error
from duetto.evaluation.analysis.spectra import SAMPLE_RATE, active_frames, at_contour
from duetto.evaluation.analysis.world import FloatArray
from duetto.evaluation.metrics.artefacts import hole_fraction, island_rate, log_kurtosis_ratio
from duetto.evaluation.metrics.bandwidth import comb_index, cutoff, high_band_ratio
from duetto.evaluation.metrics.cepstral import cepstral_distance
from duetto.evaluation.metrics.formants import f2_slope_error
from duetto.evaluation.metrics.harmonicity import harmonics_to_noise_ratio
from duetto.evaluation.metrics.modulation import dip_rate, modulation_distance, modulation_energy
from duetto.evaluation.metrics.spectral import log_spectral_distance, mel_distance
from duetto.evaluation.metrics.transitions import delta_cepstral_distance
from duetto.evaluation.models.speaker import embedding_similarity


def timbre_distance(reference: AnalysedAudio, estimate: AnalysedAudio) -> float:
    """Clamped MCD*, dB, where both are voiced."""
    is_scored = (reference.f0_hz > 0.0) & (estimate.f0_hz > 0.0)
    return cepstral_distance(reference.cepstrum, estimate.cepstrum, is_scored)


def melody_scores(reference: AnalysedAudio, estimate: AnalysedAudio) -> dict[str, float]:
    """How well an estimate keeps the reference's contour, by family."""
    return {
        "f0_rmse_cents": f0_rmse_cents(reference.f0_hz, estimate.f0_hz),
        "gross_pitch_error": gross_pitch_error(reference.f0_hz, estimate.f0_hz),
        "voicing_error": voicing_error(reference.f0_hz, estimate.f0_hz),
    }


def scores_against_reference(
    reference: AnalysedAudio, estimate: AnalysedAudio, boundaries_s: tuple[float, ...] | None
) -> dict[str, float]:
    """Every comparison with the reference, by family."""
    is_active = at_contour(active_frames(reference.spectra), reference.f0_hz.size)
    is_heard = not estimate.spectra.is_silent
    delta = delta_cepstral_distance(reference.cepstrum, estimate.cepstrum, is_active & is_heard, boundaries_s)
    return {
        "mcd": timbre_distance(reference, estimate),
        "speaker_similarity": embedding_similarity(reference.embedding, estimate.embedding),
        "log_spectral_distance": log_spectral_distance(reference.spectra, estimate.spectra),
        "mel_distance": mel_distance(reference.spectra, estimate.spectra),
        "modulation_distance": modulation_distance(reference.spectra, estimate.spectra, held_notes(reference.f0_hz)),
        "hole_fraction": hole_fraction(reference.spectra, estimate.spectra),
        "log_kurtosis_ratio": log_kurtosis_ratio(reference.waveform, estimate.waveform),
        "comb_index": comb_index(reference.spectra, estimate.spectra)[0],
        "delta_distance_boundary": delta.boundary,
        "delta_distance_elsewhere": delta.elsewhere,
        "delta_distance_excess": delta.excess,
        "f2_slope_error": f2_slope_error(
            reference.waveform, estimate.waveform, SAMPLE_RATE, reference.f0_hz, boundaries_s
        ),
    }


def properties(audio: AnalysedAudio, notes: list[Span], reference_f0_hz: FloatArray) -> dict[str, float]:
    """What is measured of a performance by itself, by family; notes and harmonics are the reference contour's."""
    spectra = audio.spectra
    return {
        "harmonics_to_noise": harmonics_to_noise_ratio(audio.waveform, audio.f0_hz, SAMPLE_RATE),
        "high_band_ratio": high_band_ratio(spectra),
        "cutoff_hz": cutoff(spectra)[0],
        "modulation_energy": modulation_energy(spectra, notes),
        "dip_rate": dip_rate(audio.waveform, notes),
        "held_pitch_deviation": held_pitch_deviation(audio.f0_hz, notes),
        "spectral_flux": spectral_flux(spectra, notes),
        "island_rate": island_rate(spectra, reference_f0_hz),
    }
