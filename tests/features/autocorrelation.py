"""A toy pitch tracker, as a user would write one: the strongest peak of the autocorrelation every 10 ms."""

import numpy as np

from duetto.features.trackers.tracker import PitchTracker

STEP_S, WINDOW_S, LEAST_CORRELATION = 0.01, 0.04, 0.5


def _open(config):
    def track(waveform, sample_rate):
        times_s = np.arange(int(len(waveform) / sample_rate / STEP_S) + 1) * STEP_S
        half = round(WINDOW_S * sample_rate / 2)
        padded = np.pad(waveform.astype(np.float64), half)
        starts = np.rint(times_s * sample_rate).astype(int)
        limits = (config.min_hz, config.max_hz)
        return times_s, np.array([_pitch(padded[s : s + 2 * half], sample_rate, *limits) for s in starts])

    return track


def _pitch(piece, sample_rate, min_hz, max_hz):
    correlation = np.correlate(piece, piece, "full")[len(piece) - 1 :]
    first, last = int(sample_rate / max_hz), int(sample_rate / min_hz)
    lag = first + int(np.argmax(correlation[first : last + 1]))
    return sample_rate / lag if correlation[lag] > LEAST_CORRELATION * correlation[0] > 0 else 0.0


TRACKER = PitchTracker("autocorrelation", _open, packages=("numpy",))
