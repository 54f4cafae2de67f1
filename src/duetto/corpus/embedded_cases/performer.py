"""The singers of the embedded cases."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from duetto.corpus.embedded_cases.songs import read_song
from duetto.errors import CorpusError
from duetto.singer.sing import save_annotations, sing
from duetto.singer.voices import get_voice
from duetto.storage.audio import Waveform

SAMPLE_RATE = 48_000  # of every embedded voice, Hz


class Singer(Protocol):
    """Sings songs and describes its voices; picklable and deterministic."""

    def describe(self, voice: str) -> Any:
        """A JSON value that changes whenever the voice's sound changes."""

    def transposition(self, voice: str) -> float:
        """Semitones between the written pitch and what the voice sings."""

    def render(self, song: Path, voice: str, seed: int, annotations: Path, shift_semitones: float = 0.0) -> Waveform:
        """Sing a VSQX file named after its song at 48 kHz, (S,), shifted in pitch, and write the annotations (.npz)."""


@dataclass(frozen=True)
class EmbeddedSinger:
    """The singer of `duetto.singer`."""

    def describe(self, voice: str) -> Any:
        """The voice's parameters."""
        return asdict(get_voice(voice))

    def transposition(self, voice: str) -> float:
        """Semitones between the written pitch and what the voice sings."""
        return float(get_voice(voice).transposition)

    def render(self, song: Path, voice: str, seed: int, annotations: Path, shift_semitones: float = 0.0) -> Waveform:
        """Sing at 48 kHz, (S,), and write the annotations (.npz)."""
        rendition = sing(read_song(song), get_voice(voice), seed=seed, transpose_semitones=shift_semitones)
        if rendition.sample_rate != SAMPLE_RATE:
            raise CorpusError(f"Voice {voice} sang at {rendition.sample_rate} Hz; expected {SAMPLE_RATE} Hz.")
        save_annotations(rendition.annotations, annotations)
        return rendition.waveform
