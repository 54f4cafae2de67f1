import math

import numpy as np
import pytest

from duetto.errors import CheckpointError
from duetto.evaluation.metrics.speaker import embedding_similarity
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.storage.audio import resample
from tests.evaluation.voices import BRIGHT, SAMPLE_RATE, melody, sing

SUNG = melody(4.0, rests=((1.0, 1.5),))


@pytest.fixture(scope="module")
def encoder():
    return SpeakerEncoder()


def speaker_similarity(reference, estimate, rate, encoder):
    return embedding_similarity(encoder.embed(reference, rate), encoder.embed(estimate, rate))


def test_a_voice_resembles_itself_more_than_another(encoder):
    voice = sing(SUNG)
    same = speaker_similarity(voice, sing(SUNG, seed=5), SAMPLE_RATE, encoder)
    other = speaker_similarity(voice, sing(SUNG, BRIGHT), SAMPLE_RATE, encoder)
    assert speaker_similarity(voice, voice, SAMPLE_RATE, encoder) == pytest.approx(1.0, abs=1e-5)
    assert same > 0.95
    assert other < same - 0.1


def test_gain_and_padding_do_not_change_the_voice(encoder):
    voice = sing(SUNG)
    changed = np.pad(0.2 * voice, (SAMPLE_RATE // 100 * 50, SAMPLE_RATE)).astype(np.float32)
    assert speaker_similarity(voice, changed, SAMPLE_RATE, encoder) > 0.99


def test_an_embedding_is_a_unit_vector(encoder):
    embedding = encoder.embed(sing(SUNG), SAMPLE_RATE)
    assert embedding.shape == (256,)
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("num_samples", [0, 100, SAMPLE_RATE // 4, 2 * SAMPLE_RATE])
def test_silence_and_snippets_have_no_voice(encoder, num_samples):
    assert encoder.embed(np.zeros(num_samples, dtype=np.float32), SAMPLE_RATE) is None
    assert math.isnan(speaker_similarity(sing(SUNG), np.zeros(num_samples, dtype=np.float32), SAMPLE_RATE, encoder))


def test_a_quarter_second_is_too_short(encoder):
    assert encoder.embed(sing(SUNG)[: SAMPLE_RATE // 4], SAMPLE_RATE) is None


def test_orthogonal_embeddings_have_no_similarity():
    east, north = np.eye(2, dtype=np.float32)
    assert embedding_similarity(east, north) == 0.0
    assert math.isnan(embedding_similarity(None, east))


def test_a_missing_package_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match="resemblyzer is not installed"):
        SpeakerEncoder()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("num_seconds", [1.0, 1.6, 3.7])
def test_the_embedding_is_the_upstream_package_s(encoder, num_seconds):
    resemblyzer = pytest.importorskip("resemblyzer")
    voice = resample(sing(melody(num_seconds)), SAMPLE_RATE, 16000)
    upstream = resemblyzer.VoiceEncoder("cpu", verbose=False).embed_utterance(voice)
    np.testing.assert_allclose(encoder.embed_active(voice), upstream, atol=2e-4)
