"""Annotations of a rendition: its phones, notes and pitch, and their files.

Corpora use `.npz`, which is exact; `.json` is for people and other programs.
"""

import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from duetto.errors import CorpusError
from duetto.storage.files import atomic_path, write_json

SILENCES = ("pau", "sil")
NOTE_FIELDS = ("note_start_s", "note_end_s", "note_midi")


@dataclass(frozen=True)
class Annotations:
    """Phones, notes and pitch as sung."""

    phones: tuple[str, ...]  # Open JTalk names; "pau" is silence
    phone_start_s: NDArray[np.float64]  # (P,)
    phone_end_s: NDArray[np.float64]  # (P,)
    f0_hz: NDArray[np.float64]  # (T,), 0.0 = unvoiced
    f0_hop_s: float
    note_start_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # (N,), as written
    note_end_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # (N,), as sung
    note_midi: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # (N,), sung pitch

    @property
    def boundaries_s(self) -> tuple[float, ...]:
        """Times of the boundaries between sung phones, s."""
        is_sung = [phone not in SILENCES for phone in self.phones]
        ends = zip(self.phone_end_s[:-1], is_sung[:-1], is_sung[1:], strict=True)
        return tuple(float(end_s) for end_s, here, after in ends if here and after)


def save_annotations(annotations: Annotations, path: Path) -> None:
    """Write annotations as `.npz`, atomically.

    Raises:
        StorageError: If the folder cannot be written.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            phones=np.array(annotations.phones, dtype=np.str_),
            phone_start_s=annotations.phone_start_s,
            phone_end_s=annotations.phone_end_s,
            f0_hz=annotations.f0_hz,
            f0_hop_s=np.float64(annotations.f0_hop_s),
            note_start_s=annotations.note_start_s,
            note_end_s=annotations.note_end_s,
            note_midi=annotations.note_midi,
        )


def save_annotations_json(annotations: Annotations, path: Path) -> None:
    """Write annotations as readable JSON, atomically: phones, notes, and F0 in Hz with 0 where unvoiced.

    Raises:
        StorageError: If the folder cannot be written.
    """
    phones = zip(annotations.phones, annotations.phone_start_s, annotations.phone_end_s, strict=True)
    notes = zip(annotations.note_start_s, annotations.note_end_s, annotations.note_midi, strict=True)
    write_json(
        path,
        {
            "phones": [{"phone": name, "start_s": _short(start), "end_s": _short(end)} for name, start, end in phones],
            "notes": [{"start_s": _short(start), "end_s": _short(end), "midi": midi} for start, end, midi in notes],
            "f0": {"hop_s": annotations.f0_hop_s, "hz": [round(float(hz), 3) for hz in annotations.f0_hz]},
        },
    )


def load_annotations(path: Path) -> Annotations:
    """Read what `save_annotations` wrote.

    Raises:
        CorpusError: If the file is missing, damaged, or not an annotations file.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return Annotations(
                phones=tuple(str(phone) for phone in stored["phones"]),
                phone_start_s=stored["phone_start_s"],
                phone_end_s=stored["phone_end_s"],
                f0_hz=stored["f0_hz"],
                f0_hop_s=float(stored["f0_hop_s"]),
                **{name: stored[name] for name in NOTE_FIELDS},
            )
    except FileNotFoundError as error:
        raise CorpusError(f"There is no annotations file {path}. Render the corpus again.") from error
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise CorpusError(f"{path} holds no annotations ({error}). Render the corpus again.") from error


def _short(seconds: float) -> float:
    return round(float(seconds), 6)
