"""Score the songs of a run: WAV files in, one dictionary of numbers out.

Everything is compared at 24 kHz on a 5 ms grid, so scores of different model sizes are comparable.
The source is transposed to the target's pitch before it is a bound. Without the truth, pitch is measured
against the transposed source contour and labelled a diagnostic; timbre and speaker scores are undefined.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from duetto.audio import Waveform, read_audio, read_info
from duetto.evaluation.bounds import gap_closed
from duetto.evaluation.cepstral import cepstral_distance, mel_cepstrum
from duetto.evaluation.levels import clipped_share, dc_offset, length_error_samples, peak_level
from duetto.evaluation.metrics import DIAGNOSTIC, DIAGNOSTIC_WITHOUT_TRUTH, METRICS
from duetto.evaluation.pitch import f0_rmse_cents, gross_pitch_error, match_lengths, track_f0, voicing_error
from duetto.evaluation.speaker import Embedding, SpeakerEncoder, embedding_similarity
from duetto.evaluation.speed import real_time_factor
from duetto.evaluation.world import FloatArray, transpose
from duetto.units import semitones_to_ratio

__all__ = ["METRICS", "SCORING_SAMPLE_RATE", "SongFiles", "score_run", "score_song"]

SCORING_SAMPLE_RATE = 24000  # Hz


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


@dataclass(frozen=True)
class _Performance:
    """A waveform at the scoring rate with what several metrics share."""

    waveform: Waveform  # (S,)
    f0_hz: FloatArray  # (T,)
    cepstrum: FloatArray  # (T, 24), analysed at the reference's pitch
    embedding: Embedding | None


def score_song(files: SongFiles, encoder: SpeakerEncoder) -> dict[str, float]:
    """All metrics of one song, keyed by `METRICS` names; an undefined one is NaN.

    Raises:
        AudioError: If a file is missing or unreadable.
    """
    source, source_f0_hz = _read_transposed_source(files)
    truth = None if files.truth is None else _read(files.truth)
    reference = source if truth is None else truth
    reference_f0_hz = source_f0_hz if truth is None else track_f0(reference, SCORING_SAMPLE_RATE)

    def analyse(waveform: Waveform, f0_hz: FloatArray | None = None) -> _Performance:
        return _analyse(waveform, f0_hz, reference.size, reference_f0_hz, None if truth is None else encoder)

    source_performance = analyse(source, source_f0_hz)
    output = analyse(_read(files.output))
    performances = {"source": source_performance, "output": output}
    if truth is not None and files.resynthesis is not None:
        performances["resynthesis"] = analyse(_read(files.resynthesis))
    against = source_performance if truth is None else analyse(truth, reference_f0_hz)
    scores = {metric.name: math.nan for metric in METRICS}
    for place, performance in performances.items():
        scores.update(_pitch_scores(place, against, performance))
        if truth is not None:
            scores.update(_voice_scores(place, against, performance))
    if truth is None:
        scores.update({name: math.nan for name in scores if name.endswith(("_source", "_resynthesis"))})
    scores["mcd_output_to_source"] = _distance(source_performance, output)
    scores["mcd_gap_closed"] = gap_closed(scores["mcd_source"], scores["mcd_output"], scores["mcd_resynthesis"])
    scores["mcd_distance_closed"] = gap_closed(scores["mcd_source"], scores["mcd_output"], 0.0)
    scores.update(_level_scores(files))
    return scores


def score_run(
    songs: Sequence[SongFiles],
    report: Callable[[str, int, int], None] | None = None,
    encoder: SpeakerEncoder | None = None,
) -> dict[str, Any]:
    """Score every song and average.

    Args:
        songs: At least one.
        report: Told (what is being done, songs done, songs in all) before each song.
        encoder: Loaded here when None.

    Returns:
        `songs`: a row per song (song, source_name, transpose_semitones, has_truth, metrics);
        by metric name: `mean` over the songs that define it (NaN when none), `n` (their number),
        `undefined` (songs that do not), `label` ("diagnostic" or empty); `sample_rate` of scoring, Hz.

    Raises:
        ValueError: If there are no songs.
        AudioError: If a file is missing or unreadable.
    """
    if not songs:
        raise ValueError("There are no songs to score.")
    encoder = encoder or SpeakerEncoder()
    rows: list[dict[str, Any]] = []
    for number, files in enumerate(songs):
        if report is not None:
            report(f"Scoring {files.song}", number, len(songs))
        rows.append(
            {
                "song": files.song,
                "source_name": files.source_name,
                "transpose_semitones": files.transpose_semitones,
                "has_truth": files.truth is not None,
                "metrics": score_song(files, encoder),
            }
        )
    result: dict[str, Any] = {"songs": rows, "sample_rate": SCORING_SAMPLE_RATE}
    result.update({"mean": {}, "n": {}, "undefined": {}, "label": {}})
    for metric in METRICS:
        for key, value in _summarise(metric.name, rows).items():
            result[key][metric.name] = value
    return result


def _summarise(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Average one metric; diagnostics never mix with verdicts: they count only when no song has the truth."""
    with_truth = [row for row in rows if row["has_truth"]]
    is_diagnostic = name in DIAGNOSTIC_WITHOUT_TRUTH and not with_truth
    counted = with_truth if name in DIAGNOSTIC_WITHOUT_TRUTH and with_truth else rows
    values = np.array([row["metrics"][name] for row in counted], dtype=np.float64)
    defined = values[np.isfinite(values)]
    return {
        "mean": float(defined.mean()) if defined.size else math.nan,
        "n": int(defined.size),
        "undefined": len(rows) - int(defined.size),
        "label": DIAGNOSTIC if is_diagnostic else "",
    }


def _read(path: Path) -> Waveform:
    return read_audio(path, SCORING_SAMPLE_RATE)[0]


def _read_transposed_source(files: SongFiles) -> tuple[Waveform, FloatArray]:
    """The source at the target's pitch, and the contour that was asked for, Hz."""
    source = _read(files.source)
    f0_hz = track_f0(source, SCORING_SAMPLE_RATE)
    transposed = transpose(source, f0_hz, files.transpose_semitones, SCORING_SAMPLE_RATE)
    return transposed, f0_hz * semitones_to_ratio(files.transpose_semitones)


def _analyse(
    waveform: Waveform,
    f0_hz: FloatArray | None,
    num_samples: int,
    reference_f0_hz: FloatArray,
    encoder: SpeakerEncoder | None,
) -> _Performance:
    """Cut or pad to the reference's length, then track, analyse and embed once."""
    fitted = np.pad(waveform[:num_samples], (0, max(0, num_samples - waveform.size)))
    if f0_hz is None:
        f0_hz = track_f0(fitted, SCORING_SAMPLE_RATE)
    return _Performance(
        waveform=fitted,
        f0_hz=match_lengths(reference_f0_hz, f0_hz),
        cepstrum=mel_cepstrum(fitted, reference_f0_hz, SCORING_SAMPLE_RATE),
        embedding=None if encoder is None else encoder.embed(fitted, SCORING_SAMPLE_RATE),
    )


def _distance(reference: _Performance, estimate: _Performance) -> float:
    is_scored = (reference.f0_hz > 0.0) & (estimate.f0_hz > 0.0)
    return cepstral_distance(reference.cepstrum, estimate.cepstrum, is_scored)


def _pitch_scores(place: str, reference: _Performance, estimate: _Performance) -> dict[str, float]:
    suffix = "" if place == "output" else f"_{place}"
    return {
        f"f0_rmse_cents{suffix}": f0_rmse_cents(reference.f0_hz, estimate.f0_hz),
        f"gross_pitch_error{suffix}": gross_pitch_error(reference.f0_hz, estimate.f0_hz),
        f"voicing_error{suffix}": voicing_error(reference.f0_hz, estimate.f0_hz),
    }


def _voice_scores(place: str, reference: _Performance, estimate: _Performance) -> dict[str, float]:
    suffix = "" if place == "output" else f"_{place}"
    return {
        f"mcd_{place}": _distance(reference, estimate),
        f"speaker_similarity{suffix}": embedding_similarity(reference.embedding, estimate.embedding),
    }


def _level_scores(files: SongFiles) -> dict[str, float]:
    source, output = read_info(files.source), read_info(files.output)
    waveform, _ = read_audio(files.output)
    return {
        "rtf": real_time_factor(files.conversion_seconds, source.duration_s),
        "peak": peak_level(waveform),
        "clipped_share": clipped_share(waveform),
        "dc_offset": dc_offset(waveform),
        "length_error_samples": float(length_error_samples(source, output)),
    }
