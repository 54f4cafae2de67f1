"""English words in a recording, by the recogniser that ships in the package `moonshine-voice` (MIT).

Moonshine-tiny with its own decoder and segmentation, 16 kHz. It was trained on speech; in slow or high singing it
mostly finds nothing or invents words. Its error should therefore be compared with that of the unconverted recording.

Reference: Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice Commands", arXiv:2410.15608.
"""

import re

from duetto.errors import CheckpointError
from duetto.features.moonshine import PACKAGE, SAMPLE_RATE, read_weights, weights_path
from duetto.storage.audio import Waveform, resample

Words = tuple[str, ...]


class WordRecogniser:
    """The recogniser. Its library carries state from one recording to the next, so each gets a new one (0.2 s)."""

    def __init__(self) -> None:
        """Check the package and its networks.

        Raises:
            ConfigError: If the package is missing or has another version.
            CheckpointError: If its library does not load.
        """
        read_weights()  # raises for another version
        try:
            from moonshine_voice.moonshine_api import ModelArch
            from moonshine_voice.transcriber import MoonshineError, Transcriber
        except (ImportError, OSError) as error:
            raise CheckpointError(f"{PACKAGE} does not load on this machine ({error}).") from error
        try:
            self._open = lambda: Transcriber(str(weights_path().parent), ModelArch.TINY)
            self._open().close()
        except MoonshineError as error:
            raise CheckpointError(f"{PACKAGE} cannot open its networks ({error}). Install it again.") from error

    def recognise(self, waveform: Waveform, sample_rate: int) -> Words:
        """The words heard in a recording (S,), in order; lower case, without punctuation."""
        samples = resample(waveform, sample_rate, SAMPLE_RATE)
        with self._open() as transcriber:
            transcript = transcriber.transcribe_without_streaming(samples.tolist(), SAMPLE_RATE)
        return words_of(" ".join(line.text for line in transcript.lines))


def words_of(text: str) -> Words:
    """Words of a text in the form in which they are compared: lower case letters, digits and apostrophes."""
    return tuple(re.findall(r"[a-z0-9']+", text.lower().replace("’", "'")))
