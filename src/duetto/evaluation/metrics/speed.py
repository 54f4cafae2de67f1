"""The speed of a conversion."""

import math

from duetto.evaluation.measure import Measure, ScoredSong, Scores
from duetto.evaluation.metric import plain


def real_time_factor(conversion_seconds: float | None, audio_seconds: float) -> float:
    """Seconds of work per second of audio, lower is better, below 1 is faster than real time.

    Args:
        conversion_seconds: Wall time of the conversion, s, >= 0; None when it was not timed.
        audio_seconds: Length of what was converted, s.

    Returns:
        The ratio; NaN when not timed or when there is no audio.

    Raises:
        ValueError: If a time is negative.
    """
    if conversion_seconds is None:
        return math.nan
    if conversion_seconds < 0.0 or audio_seconds < 0.0:
        raise ValueError(f"Times cannot be negative: {conversion_seconds} s for {audio_seconds} s of audio.")
    return conversion_seconds / audio_seconds if audio_seconds > 0.0 else math.nan


def _conclude(song: ScoredSong) -> Scores:
    return {"rtf": real_time_factor(song.files.conversion_seconds, song.source_info.duration_s)}


MEASURE = Measure(
    metrics=(plain("rtf", "Real-time factor", "x", "down", "Seconds of work per second of audio."),),
    conclude=_conclude,
)
