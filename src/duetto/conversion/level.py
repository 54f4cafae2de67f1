"""Transfers the source's loudness contour to the conversion.

The envelope is the RMS of 1 s frames every 0.5 s, as in upstream RVC, whose `rms_mix_rate` is 1 - `level_match`:
output *= (source RMS / output RMS) ^ level_match. Unlike upstream, which stretches the envelope over the output, each
frame is placed at its true centre, and the gain has a ceiling, so that residual noise is not amplified to full level.
"""

import numpy as np
from numpy.typing import NDArray

from duetto.storage.audio import Waveform
from duetto.units import db_to_amplitude

RMS_FLOOR = 1e-6  # upstream's, of the output
MAX_GAIN_DB = 30.0

Envelope = NDArray[np.float64]


class RmsMeter:
    """Measures the RMS envelope of a stream in constant memory."""

    def __init__(self, sample_rate: int) -> None:
        self.step = sample_rate // 2  # samples between the centres of frames, which are twice as long
        self._sums: list[float] = []  # of squares, for each whole step
        self._open = np.zeros(0, np.float32)

    def add(self, block: Waveform) -> None:
        """Add the next samples (S,)."""
        self._open = np.concatenate([self._open, block])
        whole = len(self._open) // self.step
        steps = self._open[: whole * self.step].reshape(whole, self.step)
        self._sums.extend(np.square(steps, dtype=np.float64).sum(axis=1).tolist())
        self._open = self._open[whole * self.step :]

    def envelope(self) -> Envelope:
        """RMS (M,) of the frames centred at 0, step, 2 * step ...; the stream is zero beyond both ends."""
        last = float(np.square(self._open, dtype=np.float64).sum())
        sums = np.array([0.0, *self._sums, last, 0.0])
        return np.sqrt((sums[:-1] + sums[1:]) / (2 * self.step))


def level_gain(source: Envelope, output: Envelope, first: int, count: int, step: int, level_match: float) -> Waveform:
    """Gain for samples `first` to `first + count`.

    Args:
        source: Envelope of the source, (M,).
        output: Envelope of the output, (M',).
        first: Sample number.
        count: Samples.
        step: Samples between the frames of both envelopes.
        level_match: 0 = the output keeps its level, 1 = it takes the source's.

    Returns:
        (count,), finite, 0 to 30 dB; 0 where the source is silent and `level_match` > 0.
    """
    position = np.arange(first, first + count) / step
    wanted = np.interp(position, np.arange(len(source)), source)
    present = np.maximum(np.interp(position, np.arange(len(output)), output), RMS_FLOOR)
    gain = np.minimum(wanted / present, db_to_amplitude(MAX_GAIN_DB)) ** level_match
    return np.asarray(gain, np.float32)
