"""RMVPE, the tracker of the RVC ecosystem; the weights are the public file `rmvpe.pt`.

A pitch outside the limits of the settings counts as unvoiced. The network itself is in `duetto.features.rmvpe`.

Reference: Wei et al., "RMVPE", Interspeech 2023.
"""

import numpy as np

from duetto.features.rmvpe.find import find_weights
from duetto.features.trackers.tracker import Contour, PitchTracker, Track
from duetto.settings.config import F0Config
from duetto.storage.audio import Waveform, resample


def _open(config: F0Config) -> Track:
    import torch  # here, so that processes without it need not load PyTorch

    from duetto.device.choose import compute_device
    from duetto.features.rmvpe.decoding import decode_salience
    from duetto.features.rmvpe.mel import HOP_LENGTH, SAMPLE_RATE, log_mel
    from duetto.features.rmvpe.network import fold_batch_norms
    from duetto.features.rmvpe.salience import find_salience
    from duetto.features.rmvpe.weights import load_rmvpe

    network = fold_batch_norms(load_rmvpe(find_weights(config))).to(compute_device(is_shared=True))

    def track(waveform: Waveform, sample_rate: int) -> Contour:
        audio = torch.from_numpy(np.ascontiguousarray(resample(waveform, sample_rate, SAMPLE_RATE)))
        f0_hz = decode_salience(find_salience(network, log_mel(audio)).numpy())
        is_within = (f0_hz >= config.min_hz) & (f0_hz <= config.max_hz)
        return np.arange(len(f0_hz)) * HOP_LENGTH / SAMPLE_RATE, np.where(is_within, f0_hz, 0.0)

    return track


TRACKER = PitchTracker("rmvpe", _open, packages=("torch", "librosa", "soxr"), find_weights=find_weights)
