"""Scores a single conversion with the metrics of the runs."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

from duetto.errors import ConfigError
from duetto.evaluation.inputs import Instruments, SongFiles
from duetto.evaluation.models.intelligibility import PhoneRecogniser
from duetto.evaluation.models.predictor import QualityPredictor
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.registry import all_metrics
from duetto.evaluation.song import score_song
from duetto.front.waveform import Audio, as_file


def evaluate(
    output: Audio,
    reference: Audio | None = None,
    source: Audio | None = None,
    *,
    copy_synthesis: Audio | None = None,
    transpose: float = 0.0,
    sample_rate: int | None = None,
    is_quick: bool = False,
) -> dict[str, float]:
    """Score a conversion with the metrics of docs/metrics.md.

    Each recording is a file or an array; all start at the same time and have equal durations.

    Args:
        output: The conversion.
        reference: The target singing the same score; without it, only diagnostics are defined.
        source: The performance that was converted; without it, there is no lower bound and no gap closed.
        copy_synthesis: The reference through the vocoder, the upper bound.
        transpose: Semitones from the source to the output.
        sample_rate: Sample rate of the arrays, Hz.
        is_quick: Whether predicted quality and phone errors are left out, whose networks are the slowest.

    Returns:
        Scores by name of metric; NaN if undefined.

    Raises:
        ConfigError: If neither reference nor source is given, or an array comes without `sample_rate`.
        AudioError: If a file or an array cannot be read as audio.

    Example:
        >>> import duetto, numpy
        >>> tone = 0.3 * numpy.sin(2 * numpy.pi * 220 * numpy.arange(48000) / 24000)
        >>> scores = duetto.evaluate(tone, reference=tone, sample_rate=24000, is_quick=True)
        >>> scores["mcd_output"], round(scores["f0_rmse_cents"], 3)
        (0.0, 0.0)
    """
    if reference is None and source is None:
        raise ConfigError("evaluate needs a reference or a source to compare the output with.")
    sounds = {"output": output, "reference": reference, "source": source, "copy_synthesis": copy_synthesis}
    with tempfile.TemporaryDirectory(prefix="duetto-evaluate-") as folder:
        paths = {
            name: as_file(sound, Path(folder) / f"{name}.wav", sample_rate)
            for name, sound in sounds.items()
            if sound is not None
        }
        scores = score_song(
            SongFiles(
                song="output",
                source_name="source",
                source=paths.get("source", paths.get("reference", paths["output"])),
                output=paths["output"],
                reference=paths.get("reference"),
                copy_synthesis=paths.get("copy_synthesis"),
                transpose_semitones=transpose if source is not None else 0.0,
                conversion_seconds=None,
            ),
            load_instruments(is_quick),
        )
    return scores if source is not None else without_source(scores)


def load_instruments(is_quick: bool) -> Instruments:
    """The networks that metrics use; if quick, only the speaker encoder."""
    if is_quick:
        return Instruments(SpeakerEncoder())
    return Instruments(SpeakerEncoder(), QualityPredictor(), PhoneRecogniser())


def without_source(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores, with all comparisons with a source set to NaN."""
    at_source = {metric.name for metric in all_metrics() if metric.place == "source"}
    against = {name for name in scores if name.endswith(("_closed", "_to_source"))} | {"buzz_excess"}
    return {name: math.nan if name in at_source | against else value for name, value in scores.items()}
