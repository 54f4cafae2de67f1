"""Whether a folder is whole: every file can be read, nothing half is left, and two folders hold the same."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
from safetensors import safe_open

from duetto.storage.arrays import load_arrays
from duetto.storage.audio import read_audio
from duetto.storage.files import sha256_file
from duetto.storage.leftovers import MIN_AGE_S, TEMPORARY

BITS = ("logs/*/voice/*.safetensors", "logs/*/voice/index.faiss", "logs/*/*/voice/*.safetensors")
SOUND = ("data/corpora/*/audio/**/*.wav", "logs/*/evaluations/*/songs/*/output.wav", "out/*.wav")


def unreadable(folder: Path) -> list[str]:
    """Files whose reader says that something is missing."""
    return [f"{path.relative_to(folder)}: {reason}" for path, reason in _tried(folder)]


def _tried(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(TEMPORARY):
            try:
                _read(path)
            except Exception as error:  # noqa: BLE001 - every reader has its own
                yield path, f"{type(error).__name__} {error}"


def _read(path: Path) -> None:
    match path.suffix:
        case ".json":
            json.loads(path.read_text(encoding="utf-8"))
        case ".wav" | ".flac":
            assert len(read_audio(path)[0]) == soundfile.info(path).frames
        case ".npz":
            load_arrays(path)
        case ".safetensors":
            with safe_open(path, "pt") as file:
                for name in file.keys():  # noqa: SIM118 - it is no mapping
                    file.get_tensor(name)
        case ".ckpt" | ".pth":
            torch.load(path, map_location="cpu", weights_only=True)
        case ".html":
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")


def half_files(folder: Path) -> list[Path]:
    """What was being written when somebody was killed."""
    return sorted(folder.rglob(f"{TEMPORARY}*"))


def wait_until_old(paths: Sequence[Path]) -> None:
    """Until the next command no longer takes them for somebody's work."""
    youngest = max(path.lstat().st_ctime for path in paths)
    time.sleep(max(0.0, youngest + MIN_AGE_S + 0.2 - time.time()))


def different(folder: Path, reference: Path, bits: Sequence[str] = BITS, sound: Sequence[str] = SOUND) -> list[str]:
    """Files that are in one folder alone or differ: weights to the bit, sound to the sample."""
    found = []
    for patterns, digest in ((bits, sha256_file), (sound, _samples)):
        for pattern in patterns:
            names = {str(path.relative_to(place)) for place in (folder, reference) for path in place.glob(pattern)}
            found += [name for name in sorted(names) if _of(folder / name, digest) != _of(reference / name, digest)]
    return found


def _of(path: Path, digest) -> str | None:
    return digest(path) if path.is_file() else None


def _samples(path: Path) -> str:
    samples, rate = soundfile.read(path)
    return f"{rate} {np.asarray(samples).tobytes().hex()}"
