"""Scores the songs of a run: from WAV files to one dictionary of numbers.

Songs are scored in `song`; names are defined in `metrics`. Undefined scores are NaN and counted.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from duetto.evaluation.analysis.spectra import SAMPLE_RATE as SCORING_SAMPLE_RATE
from duetto.evaluation.inputs import Instruments, SongFiles
from duetto.evaluation.metric import DIAGNOSTIC, Metric
from duetto.evaluation.models.intelligibility import PhoneRecogniser
from duetto.evaluation.models.predictor import QualityPredictor
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.models.whisper import WhisperRecogniser, is_installed
from duetto.evaluation.reference import ReferenceStore
from duetto.evaluation.registry import all_metrics
from duetto.evaluation.song import score_song
from duetto.progress import ReportProgress


def score_run(
    songs: Sequence[SongFiles],
    report: ReportProgress | None = None,
    instruments: Instruments | None = None,
    references: ReferenceStore | None = None,
) -> dict[str, Any]:
    """Score every song and average.

    Args:
        songs: At least one.
        report: Called with (current work, songs done, songs in all) before each song.
        instruments: The models that score; None = all are loaded here.
        references: Cache of analysed references; None = they are analysed here.

    Returns:
        `songs`: a row per song (song, source_name, transpose_semitones, has_reference, metrics);
        by metric name: `mean` over the songs that define it (NaN when none), `n` (their number),
        `undefined` (songs that do not), `label` ("diagnostic", "predictor" or empty); `sample_rate` of scoring, Hz.

    Raises:
        ValueError: If there are no songs.
        AudioError: If a file is missing or unreadable.
    """
    if not songs:
        raise ValueError("There are no songs to score.")
    instruments = instruments or load_instruments(has_text=any(files.text is not None for files in songs))
    rows: list[dict[str, Any]] = []
    for number, files in enumerate(songs):
        if report is not None:
            report(f"Scoring {files.song}", number, len(songs))
        rows.append(
            {
                "song": files.song,
                "source_name": files.source_name,
                "transpose_semitones": files.transpose_semitones,
                "has_reference": files.reference is not None,
                "metrics": score_song(files, instruments, references),
            }
        )
    result: dict[str, Any] = {"songs": rows, "sample_rate": SCORING_SAMPLE_RATE}
    result.update({"mean": {}, "n": {}, "undefined": {}, "label": {}})
    for metric in all_metrics():
        for key, value in _summarise(metric, rows).items():
            result[key][metric.name] = value
    return result


def load_instruments(has_text: bool) -> Instruments:
    """All models that score; the independent recogniser only for songs with a text, where its extra is installed."""
    transcriber = WhisperRecogniser() if has_text and is_installed() else None
    return Instruments(SpeakerEncoder(), QualityPredictor(), PhoneRecogniser(), transcriber)


def _summarise(metric: Metric, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Average one metric; diagnostics are only averaged if no song has a reference."""
    with_reference = [row for row in rows if row["has_reference"]]
    is_diagnostic = metric.is_diagnostic and not with_reference
    counted = with_reference if metric.is_diagnostic and with_reference else rows
    values = np.array([row["metrics"][metric.name] for row in counted], dtype=np.float64)
    defined = values[np.isfinite(values)]
    return {
        "mean": float(defined.mean()) if defined.size else math.nan,
        "n": int(defined.size),
        "undefined": len(rows) - int(defined.size),
        "label": ", ".join(filter(None, (metric.label, DIAGNOSTIC if is_diagnostic else ""))),
    }
