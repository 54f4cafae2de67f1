"""FCPE, a conformer over a log mel spectrogram, from the package `torchfcpe` with its weights (`pip install .[fcpe]`).

Decoder and threshold are upstream's. A pitch outside the limits of the settings counts as unvoiced.

Reference: Luo et al., "FCPE: A Fast Context-based Pitch Estimation Model", arXiv:2509.15140, 2025.
"""

from contextlib import redirect_stdout
from io import StringIO

import numpy as np
from numpy.typing import NDArray

from duetto.features.trackers.chunked import in_chunks
from duetto.features.trackers.tracker import Contour, PitchTracker, Track
from duetto.settings.config import F0Config
from duetto.storage.audio import Waveform, resample

SAMPLE_RATE, HOP_LENGTH = 16_000, 160
PERIOD_S = HOP_LENGTH / SAMPLE_RATE
THRESHOLD = 0.006  # of the confidence
SHORTEST = 1024  # samples: a shorter waveform is lengthened by silence, or it could not be mirrored at its edges


def _open(config: F0Config) -> Track:
    import torch
    import torchfcpe

    with redirect_stdout(StringIO()):  # it prints four lines of notes
        model = torchfcpe.spawn_bundled_infer_model(device="cpu")

    def track(samples: NDArray[np.float64], sample_rate: int) -> Contour:
        peak = max(1.0, float(np.max(np.abs(samples), initial=0.0)))  # the package complains of samples beyond 1
        audio = np.pad((samples / peak).astype(np.float32), (0, max(0, SHORTEST - len(samples))))
        with torch.inference_mode():
            found = model(torch.from_numpy(audio)[None, :, None], sample_rate, "local_argmax", THRESHOLD)
        f0_hz = found[0, :, 0].double().numpy()
        is_within = (f0_hz >= config.min_hz) & (f0_hz <= config.max_hz)
        return np.arange(len(f0_hz), dtype=np.float64) * PERIOD_S, np.where(is_within, f0_hz, 0.0)

    in_pieces = in_chunks(track, PERIOD_S)

    def at_its_rate(waveform: Waveform, sample_rate: int) -> Contour:
        return in_pieces(resample(waveform, sample_rate, SAMPLE_RATE), SAMPLE_RATE)

    return at_its_rate


TRACKER = PitchTracker("fcpe", _open, packages=("torchfcpe", "torch", "soxr"), extra="fcpe", module="torchfcpe")
