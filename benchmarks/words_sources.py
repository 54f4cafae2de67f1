"""Sources of the words bench: held-out natural voices, readers and a-cappella clips. None is ever a target.

Voices are rendered once, by the packages of `pip install .[ensemble]`, with sentences of our own
(words_sentences.md). Readers are the prompts of a telephone exchange, as Debian packages bring them
(asterisk-core-sounds-*-g722, CC BY-SA 3.0, unpacked by `dpkg-deb -x`); a singer's clips are those of the tests of
basic-pitch 0.4.0 (vocadito, CC BY 4.0). What readers and singers say is what the recogniser reads in the unconverted
recording.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from duetto.corpus.natural_voices.bench_voices import BENCH_VOICES
from duetto.corpus.natural_voices.narrator import SAMPLE_RATE, KokoroNarrator, Utterance
from duetto.corpus.natural_voices.texts import listed
from duetto.corpus.natural_voices.voices import language_of
from duetto.storage.audio import write_audio
from duetto.storage.full_scale import fit_full_scale

SENTENCES = Path(__file__).with_name("words_sentences.md")
LANGUAGES_OF_READERS = ("en", "es", "fr", "it")
READER_RATE = 16_000  # Hz, G.722
READER_SECONDS = (4.0, 14.0)  # of a prompt
SINGING = "vocadito_*.wav"


@dataclass(frozen=True)
class Source:
    """One recording to convert."""

    name: str  # unique
    group: str  # what it is averaged with
    language: str
    path: Path
    text: str | None  # None = what is read in the recording itself


def sentences() -> Mapping[str, tuple[str, ...]]:
    """The bench's sentences by language."""
    return listed(SENTENCES.read_text(encoding="utf-8"))


def voice_sources(folder: Path, voices_file: Path, count: int) -> Iterator[Source]:
    """`count` sentences of each bench voice, rendered into `folder` unless they are there.

    Raises:
        ConfigError: If the packages or the voices are missing.
    """
    narrator = KokoroNarrator(voices_file)
    for voice in BENCH_VOICES:
        language = language_of(voice)
        short = language.partition("-")[0]
        for number, text in enumerate(sentences()[short][:count]):
            path = folder / f"{voice}_{number:02d}.wav"
            if not path.is_file():
                waveform = narrator.say(Utterance(text, language, voice, voice, 1.0))
                write_audio(path, fit_full_scale(waveform), SAMPLE_RATE)
            group = "natural voices, English" if short == "en" else f"natural voice, {short}"
            yield Source(path.stem, group, short, path, text)


def reader_sources(unpacked: Path, folder: Path, count: int) -> Iterator[Source]:
    """The `count` longest prompts of up to 14 s of each language, decoded into `folder`; none where there are none."""
    for language in LANGUAGES_OF_READERS:
        prompts = sorted(unpacked.rglob(f"{language}*/*.g722"), key=lambda path: (-path.stat().st_size, path.name))
        seconds = {path: path.stat().st_size / 8000.0 for path in prompts}  # 64 kbit/s
        fitting = [path for path in prompts if READER_SECONDS[0] <= seconds[path] <= READER_SECONDS[1]]
        for path in fitting[:count]:
            made = folder / f"reader_{language}_{path.stem}.wav"
            if not made.is_file():
                with av.open(str(path), format="g722") as opened:
                    frames = [frame.to_ndarray().reshape(-1) for frame in opened.decode(audio=0)]
                write_audio(made, (np.concatenate(frames) / 32768.0).astype(np.float32), READER_RATE)
            yield Source(made.stem, f"reader, {language}", language, made, None)


def singing_sources(folder: Path) -> Iterator[Source]:
    """The a-cappella clips below a folder; none if there are none."""
    for path in sorted(folder.rglob(SINGING)):
        yield Source(path.stem, "a cappella, en", "en", path, None)
