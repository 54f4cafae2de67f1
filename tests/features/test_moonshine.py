"""The content encoder: right layer, right time, no seams, honest failures."""

import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from duetto.errors import AudioError, ConfigError
from duetto.features import moonshine
from duetto.features.content import build_encoder
from duetto.features.moonshine import CHUNK_FRAMES, MoonshineEncoder, chunk_starts, expose_outputs, read_weights
from duetto.settings.config import ContentConfig
from duetto.storage.audio import read_audio

SAMPLE_RATE = 16_000


@pytest.fixture(scope="module")
def encoder():
    return MoonshineEncoder((3, 4))


@pytest.fixture(scope="module")
def speech():
    package = importlib.util.find_spec("moonshine_voice")
    return read_audio(Path(package.origin).parent / "assets" / "two_cities.wav", SAMPLE_RATE)[0]


def run_session(model, waveform):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    feed = {"input_values": waveform[None], "attention_mask": np.ones((1, len(waveform)), dtype=np.int64)}
    return {output.name: value for output, value in zip(session.get_outputs(), session.run(None, feed), strict=True)}


def cosine(a, b):
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def test_exposing_middle_layers_leaves_the_networks_own_output_as_it_was(speech):
    weights = read_weights()
    piece = speech[:32_000]
    names = ("/layers.3/Add_1_output_0", "/layers.4/Add_1_output_0", "last_hidden_state")
    changed = run_session(expose_outputs(weights, names), piece)
    assert tuple(changed) == names
    np.testing.assert_array_equal(changed["last_hidden_state"], run_session(weights, piece)["last_hidden_state"])
    alone = run_session(expose_outputs(weights, names[1:2]), piece)
    np.testing.assert_array_equal(changed[names[1]], alone[names[1]])
    assert not np.allclose(changed[names[0]], changed[names[1]])


def test_values_are_of_unit_scale(encoder, speech):
    frames, _ = encoder.encode(speech[: 15 * SAMPLE_RATE], SAMPLE_RATE, 4)
    deviations = frames.std(axis=0)
    assert 0.8 < np.median(deviations) < 1.2
    assert deviations.max() < 2
    assert np.abs(frames.mean(axis=0)).max() < 1


@pytest.mark.parametrize("num_samples", [1, 399, 1600, 16_000, 48_000])
def test_frames_cover_the_waveform_whatever_its_length(encoder, num_samples):
    frames, times_s = encoder.encode(np.full(num_samples, 0.1, dtype=np.float32), SAMPLE_RATE, 4)
    assert frames.shape == (len(times_s), 288)
    assert frames.dtype == np.float32
    assert times_s[0] == 0.0
    assert num_samples / SAMPLE_RATE <= times_s[-1] < num_samples / SAMPLE_RATE + 0.048


def test_a_click_lies_at_the_time_that_the_frame_claims():
    # At the first layer's output a click moves the frame that is centred on it more than any other.
    first = MoonshineEncoder((0,), standardise=False)
    noise = np.random.default_rng(0).normal(size=2 * SAMPLE_RATE).astype(np.float32) * 0.01
    clicked = noise.copy()
    clicked[50 * 384] += 0.5
    plain, times_s = first.encode(noise, SAMPLE_RATE, 0)
    moved, _ = first.encode(clicked, SAMPLE_RATE, 0)
    change = np.square(moved - plain).sum(axis=1)
    centre_s = (change * times_s)[44:57].sum() / change[44:57].sum()
    assert centre_s == pytest.approx(50 * 384 / SAMPLE_RATE, abs=0.006)


def test_a_delayed_signal_gives_equally_delayed_content(encoder, speech):
    piece = speech[: 6 * SAMPLE_RATE]
    plain, _ = encoder.encode(piece, SAMPLE_RATE, 4)
    delayed, _ = encoder.encode(np.concatenate([np.zeros(10 * 384, dtype=np.float32), piece]), SAMPLE_RATE, 4)
    count = len(plain) - 1
    agreement = [np.median(cosine(plain[5 : count - 5], delayed[5 + lag : count - 5 + lag])) for lag in (9, 10, 11)]
    assert int(np.argmax(agreement)) == 1
    assert agreement[1] > 0.97


def test_level_hardly_matters(encoder, speech):
    piece = speech[: 5 * SAMPLE_RATE]
    assert (
        np.median(cosine(encoder.encode(piece, SAMPLE_RATE, 4)[0], encoder.encode(0.3 * piece, SAMPLE_RATE, 4)[0]))
        > 0.97
    )


def test_chunks_have_full_length_and_cover_everything():
    assert chunk_starts(CHUNK_FRAMES + 1) == [0, 1]
    starts = chunk_starts(3000)
    assert starts[-1] + CHUNK_FRAMES == 3000
    assert max(np.diff(starts)) < CHUNK_FRAMES


def test_a_chunk_seam_is_no_rougher_than_the_rest(encoder, speech):
    frames, _ = encoder.encode(speech[: 30 * SAMPLE_RATE], SAMPLE_RATE, 4)  # 1251 frames: chunks from 0 and from 419
    steps = np.linalg.norm(np.diff(frames, axis=0), axis=1)
    seams = [418, 419, 831, 832]
    assert steps[seams].max() < np.percentile(steps, 99)


def test_equal_input_gives_equal_content(encoder, speech):
    piece = speech[: 2 * SAMPLE_RATE]
    np.testing.assert_array_equal(
        encoder.encode(piece, SAMPLE_RATE, 4)[0], MoonshineEncoder((4,)).encode(piece, SAMPLE_RATE, 4)[0]
    )


def test_nan_is_refused(encoder):
    with pytest.raises(AudioError, match="NaN"):
        encoder.encode(np.array([np.nan, 0.0], dtype=np.float32), SAMPLE_RATE, 4)


def test_an_empty_waveform_is_refused(encoder):
    with pytest.raises(AudioError, match="empty"):
        encoder.encode(np.zeros(0, dtype=np.float32), SAMPLE_RATE, 4)


def test_another_version_of_the_weights_is_refused(tmp_path, monkeypatch):
    other = tmp_path / "encoder_model.ort"
    other.write_bytes(b"another model")
    monkeypatch.setattr(moonshine, "weights_path", lambda: other)
    with pytest.raises(ConfigError, match=r"expected 94e90a4654fc… of moonshine-voice==0\.0\.49"):
        MoonshineEncoder()


def test_a_layer_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="layers 0 to 5"):
        MoonshineEncoder((6,))


def test_an_unknown_encoder_and_a_wrong_width_are_refused():
    with pytest.raises(ConfigError, match="expected moonshine"):
        build_encoder(ContentConfig(encoder="hubert"))
    with pytest.raises(ConfigError, match="gives 288"):
        build_encoder(ContentConfig(dimension=768))
