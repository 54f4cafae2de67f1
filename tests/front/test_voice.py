import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import duetto
from duetto.architectures.rvc.config import RVCConfig
from duetto.bases import BASES
from duetto.conversion.converter import ConversionRequest
from duetto.conversion.register import CARD_FIELD, as_json, register_of
from duetto.errors import AudioError, CheckpointError, ConfigError, CorpusError
from duetto.front.voice import Voice
from duetto.voices.voice import TrainedVoice, read_voice, save_voice
from tests.conversion.transparent import RATE, transparent_converter

SHIPPED = BASES / "rvc_compact.safetensors"


@pytest.fixture
def mirror() -> Voice:
    """A voice that gives back what it hears."""
    converter = transparent_converter()
    model = replace(RVCConfig(), num_speakers=2)
    return Voice("mirror", TrainedVoice(None, model, converter.features, {"speakers": ["mei", "low"]}), converter)


UNMARKED = {"mark": False, "mark_reason": "compared with its source"}


def song(num_samples: int, sample_rate: int = RATE) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 330 * np.arange(num_samples) / sample_rate)


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("num_samples", [31_237, 31_238])
def test_a_conversion_has_the_rate_and_length_of_its_source(mirror: Voice, sample_rate: int, num_samples: int):
    source = song(num_samples, sample_rate)
    sung = mirror.convert(source, sample_rate, **UNMARKED)
    assert sung.shape == source.shape
    assert sung.dtype == np.float32
    middle = slice(2000, -2000)
    assert np.allclose(sung[middle], source[middle], atol=2e-3)


def test_channels_are_mixed_equally_to_mono(mirror: Voice):
    left, right = song(RATE), 0.5 * song(RATE)
    sung = mirror.convert(np.stack([left, right]), RATE, **UNMARKED)
    middle = slice(2000, -2000)
    assert np.allclose(sung[middle], 0.75 * left[middle], atol=2e-3)


@pytest.mark.parametrize(
    ("waveform", "sentence"),
    [
        (np.zeros(RATE), "silent"),
        (song(100), "expected at least 0.1 s"),
        (np.zeros(0), "expected floats"),
        (np.full(RATE, np.nan), "NaN"),
        (np.ones(RATE, dtype=np.int16), "expected floats"),
        (np.ones((RATE, 2)), r"\(channels, samples\)"),
        (np.ones((1, 2, RATE)), r"\(channels, samples\)"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_a_sentence(mirror: Voice, waveform: np.ndarray, sentence: str):
    with pytest.raises(AudioError, match=sentence):
        mirror.convert(waveform, RATE)


def test_settings_reach_the_conversion_by_the_names_of_infer_py(mirror: Voice):
    config = mirror._checked(2.0, {"cents": 50.0, "speaker": "low", "index_rate": 0.0, "seed": 7, "formant": 1.0})
    request = mirror._request(config, [], RATE)
    assert request == replace(
        ConversionRequest(),
        transpose_semitones=2.5,
        speaker_id=1,
        seed=7,
        formant_semitones=1.0,
        retrieval=replace(request.retrieval, index_rate=0.0),
    )
    assert mirror.speakers == ("mei", "low")


def test_the_transposition_that_fits_the_voice_is_chosen(tmp_path: Path):
    converter = transparent_converter(f0_hz=220.0)
    low = TrainedVoice(torch.nn.Identity(), RVCConfig(name="rvc"), converter.features, {})
    with pytest.raises(ConfigError, match="card does not say"):
        Voice("low", low, converter).convert(song(2 * RATE), RATE, transpose="auto")
    card = {CARD_FIELD: as_json(register_of([np.geomspace(400, 900, 1000)], 0.1))}
    high = Voice("high", replace(low, card=card), converter)
    high.convert(song(2 * RATE), RATE, transpose="auto")
    assert np.median(converter.renderer.frames[-1].f0_hz) == pytest.approx(440.0)
    soundfile.write(tmp_path / "a.wav", song(2 * RATE), RATE)
    high.convert_file(tmp_path / "a.wav", tmp_path / "b.wav", transpose="auto", cents=100.0)
    assert np.median(converter.renderer.frames[-1].f0_hz) == pytest.approx(440.0 * 2 ** (1 / 12), rel=1e-4)


def test_a_setting_out_of_range_or_misspelt_is_refused(mirror: Voice):
    with pytest.raises(ConfigError, match="expected -36 to 36"):
        mirror.convert(song(RATE), RATE, transpose=100)
    with pytest.raises(TypeError, match="fromant: expected cents, speaker"):
        mirror.convert(song(RATE), RATE, fromant=1.0)


def test_a_file_holds_the_samples_of_convert_and_says_where_it_comes_from(mirror: Voice, tmp_path: Path):
    source = song(31_237, 22_050).astype(np.float32)
    soundfile.write(tmp_path / "song.wav", source, 22_050, "FLOAT")
    output = mirror.convert_file(tmp_path / "song.wav", tmp_path / "sung.wav", transpose=3, seed=1)
    samples, rate = soundfile.read(output, dtype="float32")
    assert rate == 22_050
    assert np.allclose(samples, mirror.convert(source, 22_050, transpose=3, seed=1), atol=2**-22)
    assert json.loads((tmp_path / "sung.wav.json").read_text())["settings"]["transpose_semitones"] == 3


def test_weights_that_ship_are_a_voice_and_a_run_of_the_same_sings_the_same(tmp_path: Path):
    voice = duetto.load_voice(SHIPPED)
    trained = read_voice(SHIPPED, SHIPPED.with_suffix(".json"))
    save_voice(trained, tmp_path / "logs" / "choir-0123456789" / "voice")
    (tmp_path / "logs" / "choir-0123456789" / "run.json").write_text("{}")
    assert voice.sample_rate == 24_000
    assert len(voice.speakers) == trained.model.num_speakers > 1
    source = song(12_000)
    by_path = duetto.load_voice(SHIPPED).convert(source, RATE, speaker=3)
    assert np.array_equal(by_path, voice.convert(source, RATE, speaker=3))
    with pytest.raises(CheckpointError, match="index"):
        duetto.load_voice("0123", logs=tmp_path / "logs")  # found by its signature; its index is missing


def test_a_voice_without_consent_is_not_loaded(tmp_path: Path):
    weights = tmp_path / "hers.safetensors"
    weights.write_bytes(SHIPPED.read_bytes())
    card = json.loads(SHIPPED.with_suffix(".json").read_text())
    consent = {"subject": "A. Singer", "scopes": ["train"], "expires": "2999-01-01", "controller": "Studio"}
    weights.with_suffix(".json").write_text(json.dumps(card | {"consent": consent}))
    with pytest.raises(CorpusError, match="infer"):
        duetto.load_voice(weights)


@pytest.mark.parametrize("name", ["missing.pth", "missing.safetensors", "no_such_run"])
def test_a_voice_that_is_not_there_is_a_checkpoint_error(name: str, tmp_path: Path):
    with pytest.raises(CheckpointError):
        duetto.load_voice(tmp_path / name, logs=tmp_path)
