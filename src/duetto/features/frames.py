"""The time grid of all features.

Conventions: a waveform (S,) is padded with zeros at its end to a multiple of `hop_length`; it then
has T = S // hop_length frames, and frame t is centred at sample (t + 0.5) * hop_length.
"""

import numpy as np
from numpy.typing import NDArray

from duetto.errors import AudioError
from duetto.storage.audio import Waveform


def num_frames(num_samples: int, hop_length: int) -> int:
    """Frames that `num_samples` give after padding: the quotient, rounded up."""
    return -(-num_samples // hop_length)


def pad_to_frames(waveform: Waveform, hop_length: int) -> Waveform:
    """The waveform (S,) with zeros at its end, so that its length is a multiple of `hop_length`."""
    missing = num_frames(len(waveform), hop_length) * hop_length - len(waveform)
    return np.pad(waveform, (0, missing)) if missing else waveform


def frame_centres_s(count: int, hop_length: int, sample_rate: int) -> NDArray[np.float64]:
    """Times of the centres of the first `count` frames, (T,), s."""
    return (np.arange(count) + 0.5) * hop_length / sample_rate


def require_usable(waveform: Waveform, what: str) -> None:
    """Refuse a waveform without usable samples.

    Raises:
        AudioError: If the waveform is not (S,), is empty, or holds NaN or infinite samples.
    """
    if waveform.ndim != 1:
        raise AudioError(f"{what} needs a mono waveform of shape (S,), but got shape {waveform.shape}. Mix it to mono.")
    if waveform.size == 0:
        raise AudioError(f"{what} got an empty waveform. Remove the clip.")
    if not np.isfinite(waveform).all():
        raise AudioError(f"{what} got NaN or infinite samples. Render or export the audio again.")


def interpolate_rows(
    rows: NDArray[np.float32], times_s: NDArray[np.float64], at_s: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Rows at other times, linear between neighbours, held before the first and after the last.

    Args:
        rows: Values, (Tc, D).
        times_s: When they hold, (Tc,), s, equally spaced and rising.
        at_s: Times wanted, (T,), s.

    Returns:
        (T, D), float32.
    """
    if len(rows) == 1:
        return np.repeat(rows, len(at_s), axis=0)
    step_s = (times_s[-1] - times_s[0]) / (len(times_s) - 1)
    position = np.clip((at_s - times_s[0]) / step_s, 0.0, len(rows) - 1.0)
    left = np.minimum(position.astype(np.int64), len(rows) - 2)
    share = (position - left).astype(np.float32)[:, None]
    return rows[left] * (1.0 - share) + rows[left + 1] * share
