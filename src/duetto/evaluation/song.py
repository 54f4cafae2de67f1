"""Score one song: its files in, a number for every row of the table of metrics out.

Everything is compared at 24 kHz on a 5 ms grid, so scores of different model sizes are comparable.
The source is transposed to the target's pitch before it is a bound; its properties by itself (harmonicity,
movement of held notes) are measured as it was sung. Without the truth, pitch is measured against the transposed
source contour and labelled a diagnostic, and comparisons of sound are undefined.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from duetto.audio import Waveform, read_audio, read_info
from duetto.evaluation.artefacts import hole_fraction, island_rate, log_kurtosis_ratio
from duetto.evaluation.bandwidth import comb_index, cutoff, high_band_ratio
from duetto.evaluation.bounds import gap_closed
from duetto.evaluation.cepstral import cepstral_distance
from duetto.evaluation.formants import f2_slope_error
from duetto.evaluation.harmonicity import harmonics_to_noise_ratio
from duetto.evaluation.held import Span, held_notes, held_pitch_deviation, spectral_flux
from duetto.evaluation.intelligibility import PhoneRecogniser, error_rate
from duetto.evaluation.levels import clipped_share, dc_offset, length_error_samples, peak_level
from duetto.evaluation.memory import UNKNOWN_MEMORY, PeakMemory
from duetto.evaluation.metrics import METRICS, place_name
from duetto.evaluation.modulation import dip_rate, modulation_distance, modulation_energy
from duetto.evaluation.performance import Performance, analyse, analyse_alone
from duetto.evaluation.pitch import f0_rmse_cents, gross_pitch_error, track_f0, voicing_error
from duetto.evaluation.predictor import QualityPredictor
from duetto.evaluation.speaker import SpeakerEncoder, embedding_similarity
from duetto.evaluation.spectra import SAMPLE_RATE, active_frames, at_contour
from duetto.evaluation.spectral import log_spectral_distance, mel_distance
from duetto.evaluation.speed import real_time_factor
from duetto.evaluation.transitions import delta_cepstral_distance
from duetto.evaluation.world import FloatArray, transpose
from duetto.units import semitones_to_ratio


@dataclass(frozen=True)
class SongFiles:
    """The files of one converted song; they start together and last equally long."""

    song: str
    source_name: str  # who sings the source
    source: Path
    output: Path
    truth: Path | None  # the target singing the same score
    resynthesis: Path | None  # the truth through the vocoder
    transpose_semitones: float  # that the conversion was asked for
    conversion_seconds: float | None  # wall time
    boundaries_s: tuple[float, ...] | None = None  # between the phones that are sung; None = no labels
    peak_memory: PeakMemory = UNKNOWN_MEMORY  # of the conversion


def score_song(
    files: SongFiles,
    encoder: SpeakerEncoder,
    predictor: QualityPredictor | None = None,
    recogniser: PhoneRecogniser | None = None,
) -> dict[str, float]:
    """All metrics of one song, keyed by `METRICS` names; an undefined one is NaN.

    Args:
        files: Where the song is.
        encoder: Of speaker embeddings.
        predictor: None leaves the predicted quality undefined.
        recogniser: None leaves the phone error undefined.

    Raises:
        AudioError: If a file is missing or unreadable.
    """
    sung = _read(files.source)
    sung_f0_hz = track_f0(sung, SAMPLE_RATE)
    source = transpose(sung, sung_f0_hz, files.transpose_semitones, SAMPLE_RATE)
    source_f0_hz = sung_f0_hz * semitones_to_ratio(files.transpose_semitones)
    truth = None if files.truth is None else _read(files.truth)
    reference = source if truth is None else truth
    reference_f0_hz = source_f0_hz if truth is None else track_f0(reference, SAMPLE_RATE)

    def heard(waveform: Waveform, f0_hz: FloatArray | None = None) -> Performance:
        return analyse(waveform, f0_hz, reference.size, reference_f0_hz, None if truth is None else encoder)

    compared = {"source": heard(source, source_f0_hz), "output": heard(_read(files.output))}
    if truth is not None and files.resynthesis is not None:
        compared["resynthesis"] = heard(_read(files.resynthesis))
    against = compared["source"] if truth is None else heard(truth, reference_f0_hz)
    scores = {metric.name: math.nan for metric in METRICS}
    for place, performance in compared.items():
        values = melody_scores(against, performance)
        if truth is not None:
            values |= scores_against_truth(against, performance, files.boundaries_s)
        scores |= {place_name(family, place): value for family, value in values.items()}
    if truth is None:
        scores |= {metric.name: math.nan for metric in METRICS if metric.needs_truth and not metric.is_diagnostic}
    if truth is not None:
        pair = (compared[place].embedding for place in ("source", "output"))
        scores["speaker_similarity_to_source"] = embedding_similarity(*pair)
    if truth is not None and recogniser is not None:
        scores |= _phone_errors(against, compared, recogniser)
    scores["mcd_output_to_source"] = _timbre_distance(compared["source"], compared["output"])
    scores |= _closed(scores)
    alone = {name: performance for name, performance in compared.items() if name != "source"}
    scores |= _by_themselves(alone | ({} if truth is None else {"truth": against}), reference_f0_hz, predictor)
    scores |= _by_themselves({"source": analyse_alone(sung, sung_f0_hz)}, sung_f0_hz, None)
    return scores | _facts(files)


def _read(path: Path) -> Waveform:
    return read_audio(path, SAMPLE_RATE)[0]


def _timbre_distance(reference: Performance, estimate: Performance) -> float:
    is_scored = (reference.f0_hz > 0.0) & (estimate.f0_hz > 0.0)
    return cepstral_distance(reference.cepstrum, estimate.cepstrum, is_scored)


def melody_scores(reference: Performance, estimate: Performance) -> dict[str, float]:
    """How well an estimate keeps the reference's contour, by family."""
    return {
        "f0_rmse_cents": f0_rmse_cents(reference.f0_hz, estimate.f0_hz),
        "gross_pitch_error": gross_pitch_error(reference.f0_hz, estimate.f0_hz),
        "voicing_error": voicing_error(reference.f0_hz, estimate.f0_hz),
    }


def scores_against_truth(
    truth: Performance, estimate: Performance, boundaries_s: tuple[float, ...] | None
) -> dict[str, float]:
    """Every comparison with the truth, by family."""
    is_active = at_contour(active_frames(truth.spectra), truth.f0_hz.size)
    is_heard = not estimate.spectra.is_silent
    delta = delta_cepstral_distance(truth.cepstrum, estimate.cepstrum, is_active & is_heard, boundaries_s)
    return {
        "mcd": _timbre_distance(truth, estimate),
        "speaker_similarity": embedding_similarity(truth.embedding, estimate.embedding),
        "log_spectral_distance": log_spectral_distance(truth.spectra, estimate.spectra),
        "mel_distance": mel_distance(truth.spectra, estimate.spectra),
        "modulation_distance": modulation_distance(truth.spectra, estimate.spectra, held_notes(truth.f0_hz)),
        "hole_fraction": hole_fraction(truth.spectra, estimate.spectra),
        "log_kurtosis_ratio": log_kurtosis_ratio(truth.waveform, estimate.waveform),
        "comb_index": comb_index(truth.spectra, estimate.spectra)[0],
        "delta_distance_boundary": delta.boundary,
        "delta_distance_elsewhere": delta.elsewhere,
        "delta_distance_excess": delta.excess,
        "f2_slope_error": f2_slope_error(truth.waveform, estimate.waveform, SAMPLE_RATE, truth.f0_hz, boundaries_s),
    }


def _phone_errors(
    truth: Performance, compared: dict[str, Performance], recogniser: PhoneRecogniser
) -> dict[str, float]:
    """Phones heard otherwise than in the truth, by metric name, and how far the output lies above its bound."""
    wanted = recogniser.recognise(truth.waveform, SAMPLE_RATE)
    heard = {place: recogniser.recognise(performance.waveform, SAMPLE_RATE) for place, performance in compared.items()}
    errors = {place: error_rate(wanted, phones) for place, phones in heard.items()}
    excess = errors["output"] - errors.get("resynthesis", math.nan)
    return {"phone_error_excess": excess, **{place_name("phone_error", place): e for place, e in errors.items()}}


def _closed(scores: dict[str, float]) -> dict[str, float]:
    """Share of the gap between the bounds that was closed, for each distance; and without the vocoder's bound."""
    closed = {"mcd_distance_closed": gap_closed(scores["mcd_source"], scores["mcd_output"], 0.0)}
    for name in (metric.name for metric in METRICS if metric.name.endswith("_gap_closed")):
        family = name.removesuffix("_gap_closed")
        source, output, best = (scores[place_name(family, place)] for place in ("source", "output", "resynthesis"))
        closed[name] = gap_closed(source, output, best)
    return closed


def _by_themselves(
    performances: dict[str, Performance], reference_f0_hz: FloatArray, predictor: QualityPredictor | None
) -> dict[str, float]:
    """What is measured without a reference, by metric name; held notes are the reference contour's."""
    notes = held_notes(reference_f0_hz)
    scores = {
        place_name(family, place): value
        for place, performance in performances.items()
        for family, value in properties(performance, notes, reference_f0_hz).items()
    }
    if predictor is not None:
        for place in performances.keys() & {"output", "truth"}:
            value = predictor.predict(performances[place].waveform, SAMPLE_RATE)
            scores[place_name("predicted_quality", place)] = value
    return scores


def properties(performance: Performance, notes: list[Span], reference_f0_hz: FloatArray) -> dict[str, float]:
    """What is measured of a performance by itself, by family; notes and harmonics are the reference contour's."""
    spectra = performance.spectra
    return {
        "harmonics_to_noise": harmonics_to_noise_ratio(performance.waveform, performance.f0_hz, SAMPLE_RATE),
        "high_band_ratio": high_band_ratio(spectra),
        "cutoff_hz": cutoff(spectra)[0],
        "modulation_energy": modulation_energy(spectra, notes),
        "dip_rate": dip_rate(performance.waveform, notes),
        "held_pitch_deviation": held_pitch_deviation(performance.f0_hz, notes),
        "spectral_flux": spectral_flux(spectra, notes),
        "island_rate": island_rate(spectra, reference_f0_hz),
    }


def _facts(files: SongFiles) -> dict[str, float]:
    source, output = read_info(files.source), read_info(files.output)
    waveform, _ = read_audio(files.output)
    return {
        "rtf": real_time_factor(files.conversion_seconds, source.duration_s),
        "peak_memory": files.peak_memory.process,
        "peak_gpu_memory": files.peak_memory.gpu,
        "peak": peak_level(waveform),
        "clipped_share": clipped_share(waveform),
        "dc_offset": dc_offset(waveform),
        "length_error_samples": float(length_error_samples(source, output)),
    }
