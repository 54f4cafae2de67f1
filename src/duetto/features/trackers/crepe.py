"""CREPE at two sizes, from the package `torchcrepe` with its weights (`pip install .[crepe]`).

Voicing and smoothing are those of RVC WebUI: median of three of the periodicity, mean of three of the pitch, unvoiced
below a periodicity of 0.1. The package's own decoders add random cents to each value, unseeded; here the pitch is the
salience's mean about the path that its Viterbi decoder finds, so that a recording has one contour.

Reference: Kim et al., "CREPE: A Convolutional Representation for Pitch Estimation", ICASSP 2018.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.features.trackers.chunked import in_chunks
from duetto.features.trackers.tracker import Contour, PitchTracker, Track
from duetto.settings.config import F0Config
from duetto.storage.audio import Waveform, resample

SAMPLE_RATE, HOP_LENGTH = 16_000, 160
PERIOD_S = HOP_LENGTH / SAMPLE_RATE
LEAST_PERIODICITY = 0.1
BATCH_FRAMES = 512  # of a pass, over which the path is decoded
SHORTEST = 4 * HOP_LENGTH  # samples: a shorter waveform is lengthened by silence, or the median has nothing to mirror


def _open(config: F0Config, capacity: str) -> Track:
    import torch
    import torchcrepe

    from duetto.features.rmvpe.decoding import mean_about

    def decode(salience: Any) -> tuple[Any, Any]:
        path, _ = torchcrepe.decode.viterbi(salience)
        f0_hz = mean_about(salience[0].T.clamp(min=0.0).numpy(), path[0].numpy())
        return path, torch.from_numpy(f0_hz)[None].float()

    def track(samples: NDArray[np.float64], sample_rate: int) -> Contour:
        audio = torch.from_numpy(np.pad(samples.astype(np.float32), (0, max(0, SHORTEST - len(samples)))))
        f0_hz, periodicity = torchcrepe.predict(
            audio[None],
            sample_rate,
            HOP_LENGTH,
            config.min_hz,
            min(config.max_hz, torchcrepe.MAX_FMAX),
            capacity,
            decode,
            batch_size=BATCH_FRAMES,
            return_periodicity=True,
        )
        is_voiced = (torchcrepe.filter.median(periodicity, 3) >= LEAST_PERIODICITY)[0].numpy()
        smooth = torchcrepe.filter.mean(f0_hz, 3)[0].double().numpy()
        return np.arange(len(smooth), dtype=np.float64) * PERIOD_S, np.where(is_voiced, np.nan_to_num(smooth), 0.0)

    in_pieces = in_chunks(track, PERIOD_S)

    def at_its_rate(waveform: Waveform, sample_rate: int) -> Contour:
        return in_pieces(resample(waveform, sample_rate, SAMPLE_RATE), SAMPLE_RATE)

    return at_its_rate


def _open_full(config: F0Config) -> Track:
    return _open(config, "full")


def _open_tiny(config: F0Config) -> Track:
    return _open(config, "tiny")


_tracker = partial(PitchTracker, packages=("torchcrepe", "torch", "soxr"), extra="crepe", module="torchcrepe")
TRACKER, TINY_TRACKER = _tracker("crepe", _open_full), _tracker("crepe_tiny", _open_tiny)
