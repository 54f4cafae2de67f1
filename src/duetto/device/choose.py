"""Where networks compute that are not being trained: encoders, conversions, scores, searches.

A training has a setting for it (`trainer.accelerator`). Everything else takes the card if one can be computed on; an
environment with CUDA_VISIBLE_DEVICES="" takes the CPU.
"""

import multiprocessing

import torch

from duetto.device.cuda import find_card

CPU = torch.device("cpu")
SHARE_A_CARD = 2  # worker processes that compute on one card: each takes about half a gigabyte before its first number


def compute_device(is_shared: bool = False) -> torch.device:
    """The card that `find_card` found usable, or the CPU.

    Args:
        is_shared: Whether a worker process may use the card too; otherwise only the main process does.
    """
    if multiprocessing.parent_process() is not None and not is_shared:
        return CPU
    return torch.device("cuda") if find_card().is_usable else CPU
