"""The choir's readers: intoned English, so that pretraining has more phones than Japanese songs do.

Four voices from bass to soprano read our own sentences (readings.md) on sung notes
(`duetto.corpus.embedded_cases.intoning`). The words are spoken by the network of `hibari-tts` (Apache-2.0), which was
trained on another network's speech.

A reading has no score and no annotations. It is used for training and never held out.
"""

import importlib.util
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.corpus.embedded_cases.intoning import PACKAGE, SAMPLE_RATE, Reader, intone, speak
from duetto.corpus.jobs import Outcome
from duetto.corpus.manifest import Clip
from duetto.errors import ConfigError
from duetto.singer.finish import LEVEL_DBFS, NOISE_FLOOR_DBFS, PEAK
from duetto.singer.voices import PitchStyle
from duetto.storage.audio import Waveform, write_audio
from duetto.storage.files import sha256_file
from duetto.units import db_to_amplitude

ENGINE = "hibari"  # import name of hibari-tts
READER_COUNT = 4
SEED = 0x4EAD
# lowest note (MIDI), and formants relative to those of the speaker, a woman
REGISTERS = ((40, (0.76, 0.82)), (47, (0.83, 0.90)), (54, (0.94, 1.02)), (60, (1.04, 1.14)))
PACES = (1.0, 0.8, 0.65, 0.5)  # speaking rates, used in turn
PAUSE_S = 0.35  # between sentences


@dataclass(frozen=True)
class Reading:
    """A job: one reading by one reader."""

    reader: str
    number: int
    seconds: float
    seed: int

    @property
    def name(self) -> str:
        """Unique in the corpus."""
        return f"{self.reader}-{self.number:02d}"

    def run(self, folder: Path) -> Outcome:
        """Read, and write the audio."""
        waveform = read_aloud(reader_voice(self.reader), self.number, self.seconds, self.seed)
        song = f"{self.reader}_{self.number:02d}"
        path = f"audio/{self.reader}/{song}.wav"
        write_audio(folder / path, waveform, SAMPLE_RATE)
        clip = Clip(
            id=f"target/{song}",
            path=path,
            sha256=sha256_file(folder / path),
            role="target",
            split="train",
            song=song,
            singer=self.reader,
            sample_rate=SAMPLE_RATE,
            num_samples=len(waveform),
        )
        return Outcome((clip,))


def reader_settings(readers: int) -> dict[str, Any]:
    """Everything that determines how the first readers sound, as JSON values; empty without readers.

    Raises:
        ConfigError: If `hibari-tts` is not installed.
    """
    if not readers:
        return {}
    if importlib.util.find_spec(ENGINE) is None:
        raise ConfigError(f"The choir's readers need {PACKAGE}: pip install {PACKAGE}. Or data.choir.readers=0.")
    return {
        "readers": {name: asdict(reader_voice(name)) for name in reader_names()[:readers]},
    }


def reader_names() -> tuple[str, ...]:
    """Names of the readers, bass to soprano."""
    return tuple(f"reader_{number:02d}" for number in range(READER_COUNT))


def reader_voice(name: str) -> Reader:
    """A reader whose voice is drawn with its number as seed.

    Raises:
        ConfigError: If the name is not one of `reader_names`.
    """
    if name not in reader_names():
        raise ConfigError(f"There is no reader {name!r}; the choir has reader_00 to reader_{READER_COUNT - 1:02d}.")
    number = reader_names().index(name)
    low, formants = REGISTERS[number]
    random = np.random.default_rng([SEED, number])
    return Reader(
        name,
        low,
        formant_ratio=float(random.uniform(*formants)),
        warp_seed=2000 + number,
        warp_depth=float(random.uniform(0.02, 0.04)),
        equaliser_db=float(random.uniform(1.5, 3.0)),
        tilt_db_per_octave=float(random.uniform(-1.0, 1.0)),
        style=PitchStyle(
            portamento_s=float(random.uniform(0.04, 0.095)),
            drift_cents=float(random.uniform(2.0, 8.0)),
            jitter_cents=float(random.uniform(1.0, 4.0)),
        ),
    )


@lru_cache(maxsize=1)
def sentences() -> tuple[str, ...]:
    """Sentences to read, in the file's order."""
    text = files("duetto.corpus.embedded_cases").joinpath("readings.md").read_text(encoding="utf-8")
    return tuple(line[2:] for line in text.splitlines() if line.startswith("- "))


def read_aloud(reader: Reader, number: int, seconds: float, seed: int) -> Waveform:
    """Intone sentences for at least `seconds`, (S,) at 24 kHz; equal arguments give equal samples.

    Args:
        reader: The reader.
        number: Number of the reading; determines pace and order.
        seconds: Least length; the reading is longer by at most one sentence.
        seed: With reader and number, determines order, melody and noise.

    Raises:
        ConfigError: If `hibari-tts` is not installed.
    """
    random = np.random.default_rng([seed, SEED, reader.warp_seed, number])
    pace = PACES[number % len(PACES)]
    order = random.permutation(len(sentences()))
    pieces: list[NDArray[np.float64]] = []
    for place in cycle(order):
        if sum(piece.size for piece in pieces) >= seconds * SAMPLE_RATE:
            break
        speech = speak(sentences()[place], pace, int(random.integers(2**31)))
        pieces += [intone(speech, reader, random), np.zeros(round(PAUSE_S * SAMPLE_RATE))]
    dry = np.concatenate(pieces)
    gain = db_to_amplitude(LEVEL_DBFS) / max(float(np.sqrt(np.mean(dry**2))), 1e-9)
    gain = min(gain, 0.95 * PEAK / max(float(np.abs(dry).max()), 1e-9))
    noise = random.standard_normal(dry.size) * db_to_amplitude(NOISE_FLOOR_DBFS)
    return np.clip(gain * dry + noise, -PEAK, PEAK).astype(np.float32)
