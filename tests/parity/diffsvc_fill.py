"""Weights of the Diff-SVC reference run: every tensor from its (foreign) name alone.

Standard normal numbers from PCG64 seeded with the CRC-32 of the name, scaled by kind and fan-in, computed in float64
and rounded to float32 once. Buffers (schedule, range of the mel) are computed, not filled.
"""

import math
import zlib

import numpy as np
import torch
from torch import Tensor

from duetto.architectures.diffsvc import weights as diffsvc_weights
from duetto.architectures.diffsvc.model import DiffSVC
from duetto.architectures.diffsvc.shapes import DiffSVCShape
from duetto.architectures.vocoder import weights as vocoder_weights
from duetto.architectures.vocoder.shapes import VocoderShape
from duetto.architectures.vocoder.vocoder import Vocoder


def filled(name: str, shape: tuple[int, ...]) -> Tensor:
    """A parameter's values."""
    z = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode()))).standard_normal(shape)
    if name.endswith("weight_g") or (len(shape) == 1 and name.endswith((".weight", "alpha"))):
        values = 1 + 0.1 * z
    elif len(shape) > 1:
        values = z / math.sqrt(math.prod(shape[1:]))
    else:
        values = 0.02 * z
    return torch.from_numpy(values.astype(np.float32))


def filled_model(shape: DiffSVCShape) -> tuple[DiffSVC, dict[str, Tensor]]:
    """A model whose parameters are filled, and its state dict in upstream's names, unread tensors filled too."""
    model = DiffSVC(shape).eval()
    buffers = {name for name in diffsvc_weights.export_weights(model) if is_buffer(name)}
    weights = diffsvc_weights.export_weights(model)
    weights |= {name: filled(name, tuple(tensor.shape)) for name, tensor in weights.items() if name not in buffers}
    diffsvc_weights.load_weights(model, weights)
    return model, weights


def is_buffer(name: str) -> bool:
    """Whether a foreign name is one of the schedule, the range or the unused cells of upstream's position tables."""
    return not name.startswith(("denoise_fn.", "fs2.")) or name.endswith("_float_tensor")


def filled_vocoder(shape: VocoderShape) -> tuple[Vocoder, dict[str, Tensor]]:
    """A vocoder whose parameters are filled, and its state dict in the field's names."""
    vocoder = Vocoder(shape).eval()
    shapes = {name: tuple(tensor.shape) for name, tensor in vocoder_weights.export_weights(vocoder).items()}
    weights = {name: filled(name, shape) for name, shape in shapes.items()}
    vocoder_weights.load_weights(vocoder, weights)
    return vocoder, weights
