"""SwiftF0, a small convolutional network; its weights come inside the package.

Reference: Nieradzik, "SwiftF0", arXiv:2508.18440, 2025.
"""

import numpy as np

from duetto.features.trackers.tracker import Contour, PitchTracker, Track
from duetto.settings.config import F0Config
from duetto.storage.audio import Waveform, resample

SAMPLE_RATE = 16_000  # Hz
VOICED_CONFIDENCE = 0.5  # the package's calibration


def _open(config: F0Config) -> Track:
    import swift_f0  # loads ONNX Runtime

    detector = swift_f0.SwiftF0(threads=1, spin=False)

    def track(waveform: Waveform, sample_rate: int) -> Contour:
        audio = resample(waveform, sample_rate, SAMPLE_RATE)
        audio = np.pad(audio, (0, max(0, swift_f0.core.HOP - len(audio))))  # a single sample may resample to none
        result = detector.detect(
            audio, SAMPLE_RATE, fmin=config.min_hz, fmax=config.max_hz
        )  # chunks by itself, seamlessly
        return result.timestamps, np.where(result.confidence >= VOICED_CONFIDENCE, result.pitch_hz, 0.0)

    return track


TRACKER = PitchTracker("swift", _open, packages=("swift-f0", "onnxruntime", "soxr"))
