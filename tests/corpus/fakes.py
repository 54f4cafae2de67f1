"""A singer of short sines in place of the embedded one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from duetto.storage.audio import Waveform, write_audio

FAKE_RATE = 48_000
PITCH = {"low": -12.0}


def sine(frequency_hz: float, duration_s: float, sample_rate: int = 16_000, level: float = 0.5) -> Waveform:
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    return (level * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def write_sine(path: Path, frequency_hz: float = 220.0, duration_s: float = 1.0, sample_rate: int = 16_000) -> Path:
    write_audio(path, sine(frequency_hz, duration_s, sample_rate), sample_rate)
    return path


@dataclass(frozen=True)
class FakeSinger:
    """Sings 0.2 s; fails at one song if told to; leaves a mark for every rendition in `log`."""

    log: Path | None = None
    fails_at: str = ""
    timbre: int = 0

    def describe(self, voice: str) -> Any:
        return [voice, self.timbre]

    def transposition(self, voice: str) -> float:
        return PITCH.get(voice, 0.0)

    def render(self, song: Path, voice: str, seed: int, annotations: Path, shift_semitones: float = 0.0) -> Waveform:
        if song.stem == self.fails_at:
            raise RuntimeError("the power went out")
        if self.log is not None:
            with self.log.open("a", encoding="utf-8") as file:
                file.write(f"{voice} {song.stem}{f' {shift_semitones:+g}' if shift_semitones else ''}\n")
        np.savez(annotations, f0_hz=np.full(20, 200.0))
        frequency_hz = 200.0 + seed % 97 + 100 * len(voice)
        return sine(frequency_hz, 0.2, FAKE_RATE)
