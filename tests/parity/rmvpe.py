"""Every array that the RMVPE reference run stored, computed with our network, for a test wave of any length.

Names are the reference's. The public file's tensors are filled from their names by the reference's rule.
"""

import hashlib
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from duetto.features.rmvpe.decoding import decode_salience
from duetto.features.rmvpe.mel import SAMPLE_RATE, log_mel
from duetto.features.rmvpe.network import FRAME_MULTIPLE, RMVPENetwork
from duetto.features.rmvpe.salience import find_salience
from duetto.features.rmvpe.weights import RENAMINGS
from duetto.layers.foreign_weights import copy_strictly, foreign_tensors

from .fill import chirp, normal

Arrays = dict[str, np.ndarray]

REFERENCE = Path(__file__).parent / "reference" / "vectors_rmvpe.npz"
SAMPLES = 32_037  # of the stored reference
THRESHOLDS = (0.03, 0.5, 0.9)
COUNTER = "num_batches_tracked"


def filled_value(name: str, shape: tuple[int, ...]) -> Tensor:
    """A tensor's values, by its name and shape."""
    if name.endswith(COUNTER):
        return torch.tensor(0)
    numbers = normal(name, shape)
    if name.endswith("running_var"):
        values = 1 + 0.1 * np.abs(numbers)
    elif name.startswith("fc.1."):
        values = numbers * (0.1 if name.endswith("weight") else 0.01)
    elif name.endswith("running_mean") or ".gru." in name:
        values = 0.1 * numbers
    elif name.endswith(".bias"):
        values = 0.01 * numbers
    elif len(shape) == 1:
        values = 1 + 0.1 * numbers
    else:
        values = numbers / math.sqrt(math.prod(shape[1:]))
    return torch.from_numpy(values.astype(np.float32))


def filled_network() -> tuple[RMVPENetwork, str]:
    """The network filled by the rule, and the SHA-256 over sorted names and bytes as the reference counts it."""
    network = RMVPENetwork().eval()
    ours = foreign_tensors(network, RENAMINGS)
    table = {name: filled_value(name, tuple(ours[name].shape)) for name in sorted(ours)}
    digest = hashlib.sha256()
    for name, value in table.items():
        digest.update(name.encode())
        digest.update(value.numpy().tobytes())
    copy_strictly(ours, table, "the fill rule's file")
    return network, digest.hexdigest()


def compute(network: RMVPENetwork, samples: int = SAMPLES) -> Arrays:
    """The arrays for a test wave of `samples` samples, read in one pass."""
    mel = log_mel(torch.from_numpy(chirp(f"rmvpe.{samples}", samples, SAMPLE_RATE)))
    salience = find_salience(network, mel, whole_frames=mel.shape[1] + FRAME_MULTIPLE).numpy()
    return {
        "samples": np.array(samples),
        "mel": mel.numpy(),
        "salience": salience,
        **{f"f0_hz_{threshold}": decode_salience(salience, threshold) for threshold in THRESHOLDS},
        "decode_in": reference()["decode_in"],
        "decode_f0_hz": decode_salience(reference()["decode_in"]),
    }


def reference() -> Arrays:
    """The stored arrays of the upstream run."""
    with np.load(REFERENCE, allow_pickle=False) as stored:
        return dict(stored)


def dump(samples: int) -> Arrays:
    """The arrays for any length, on two threads as the reference ran.

    One thread sums in another order, and the salience of random weights then moves by 3e-5.
    """
    torch.set_num_threads(2)
    return compute(filled_network()[0], samples)
