from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.manifest import Clip, Ledger, Manifest, Role, Split, save_manifest
from duetto.ownership.consent import embedded_consent
from duetto.storage.audio import Waveform, write_audio
from duetto.storage.files import sha256_file

RATE = 8_000
MakeCorpus = Callable[[dict[tuple[Role, Split, str], Waveform]], Path]


def voice(duration_s: float, level: float = 0.3, sample_rate: int = RATE) -> Waveform:
    """A 220 Hz tone with overtones."""
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    tone = sum(np.sin(2 * np.pi * 220 * k * time_s) / k for k in range(1, 6))
    return (level * tone / 1.7).astype(np.float32)


def silence(duration_s: float, sample_rate: int = RATE) -> Waveform:
    return np.zeros(round(duration_s * sample_rate), dtype=np.float32)


def write_corpus(folder: Path, clips: dict[tuple[Role, Split, str], Waveform]) -> Path:
    rows = []
    for (role, split, song), waveform in clips.items():
        path = f"audio/{role}/{song}.wav"
        write_audio(folder / path, waveform, RATE)
        digest = sha256_file(folder / path)
        rows.append(Clip(f"{role}/{song}", path, digest, role, split, song, "ann", RATE, len(waveform)))
    used = sum(row.duration_s for row in rows if row.role == "target")
    save_manifest(
        Manifest("test", tuple(rows), {"made": "here"}, embedded_consent().as_dict(), Ledger(used, used)), folder
    )
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    song = np.concatenate([silence(0.5), voice(2.0), silence(1.0), voice(3.0), silence(0.5)])
    return write_corpus(
        tmp_path / "corpus",
        {
            ("target", "train", "one"): song,
            ("target", "train", "two"): song[: 5 * RATE],
            ("target", "test", "three"): song,
            ("reference", "test", "three"): voice(2.0, 0.1),
            ("source", "test", "three"): voice(2.0, 0.2),
        },
    )
