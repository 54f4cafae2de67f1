"""Weights and inputs that anyone can recompute: every tensor from its name alone.

A tensor holds standard normal numbers from PCG64 seeded with the CRC-32 of its name, scaled by the kind of tensor so
that the untrained network stays audible. Names are those of the ecosystem (see `duetto.architectures.rvc.weights`).
Everything is computed in float64 and rounded to float32 once.
"""

import hashlib
import math
import zlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.architectures.rvc.weights import export_weights, load_weights

Float32 = NDArray[np.float32]


def normal(name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The name's own standard normal numbers."""
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode()))).standard_normal(shape)


def normal_tensor(name: str, *shape: int) -> Tensor:
    """`normal` as a float32 tensor."""
    return torch.from_numpy(normal(name, shape).astype(np.float32))


def offset_and_scale(name: str) -> tuple[float, float]:
    """Mean and factor of a tensor's numbers, by its name; lengths (`weight_g`) use their absolute values."""
    if name.endswith(".weight_g"):
        if name.startswith("dec.ups."):
            return 2.0, 0.1
        return (1.4, 0.1) if name.startswith("discriminators.") else (0.5, 0.1)
    by_suffix = {
        ".gamma": (1.0, 0.1),
        ".beta": (0.0, 0.01),
        ".bias": (0.0, 0.01),
        ".emb_rel_k": (0.0, 0.1),
        ".emb_rel_v": (0.0, 0.1),
    }
    for suffix, numbers in by_suffix.items():
        if name.endswith(suffix):
            return numbers
    by_name = {
        "emb_g.weight": (0.0, 0.5),
        "enc_p.emb_pitch.weight": (0.0, 0.3),
        "dec.m_source.l_linear.weight": (1.0, 0.1),
        "dec.conv_post.weight": (0.0, 0.03),
    }
    if name.startswith("dec.noise_convs.") and name.endswith(".weight"):
        return 0.0, 0.1
    return by_name.get(name, (0.0, 0.02))


def weight(name: str, shape: tuple[int, ...]) -> Float32:
    """A tensor's values."""
    numbers = normal(name, shape)
    offset, scale = offset_and_scale(name)
    return (offset + scale * (np.abs(numbers) if name.endswith(".weight_g") else numbers)).astype(np.float32)


def fill(module: Synthesizer | MultiPeriodDiscriminator) -> str:
    """Fill all tensors of `module`; returns the sha256 over sorted names and values."""
    digest = hashlib.sha256()
    values = {}
    for name, tensor in sorted(export_weights(module).items()):
        values[name] = weight(name, tuple(tensor.shape))
        digest.update(name.encode())
        digest.update(values[name].tobytes())
    load_weights(module, {name: torch.from_numpy(value) for name, value in values.items()})
    return digest.hexdigest()


def f0_contour(num_frames: int, base_hz: float = 180.0) -> Float32:
    """A gliding melody, Hz, (T,), unvoiced in frames 12-19 and 41-44."""
    frames = np.arange(num_frames, dtype=np.float64)
    f0_hz = base_hz * 2 ** (0.4 * np.sin(2 * np.pi * frames / 37.0)) + 0.5 * frames
    f0_hz[12:20] = 0.0
    f0_hz[41:45] = 0.0
    return f0_hz.astype(np.float32)


def coarse_pitch(f0_hz: Float32, min_hz: float = 50, max_hz: float = 1100) -> NDArray[np.int64]:
    """Pitch class 1..255 on the mel scale between the two frequencies."""
    lowest, highest = (1127 * math.log(1 + hz / 700) for hz in (min_hz, max_hz))
    mel = 1127 * np.log(1 + f0_hz.astype(np.float64) / 700)
    classes = np.where(mel > 0, (mel - lowest) * 254 / (highest - lowest) + 1, 1.0)
    return np.rint(np.clip(classes, 1, 255)).astype(np.int64)


def chirp(name: str, num_samples: int, sample_rate: int) -> Float32:
    """A rising tone with one overtone and a little noise, (S,), silent in its last twentieth."""
    seconds = np.arange(num_samples, dtype=np.float64) / sample_rate
    phase = 2 * np.pi * (150 * seconds + 60 * seconds * seconds)
    waveform = 0.3 * np.sin(phase) + 0.15 * np.sin(2 * phase + 0.3) + 0.01 * normal(name, (num_samples,))
    waveform[int(num_samples * 0.95) :] = 0.0
    return waveform.astype(np.float32)
