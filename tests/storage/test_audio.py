import os
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from duetto.errors import AudioError
from duetto.storage.audio import read_audio, read_channels, read_info, resample, resample_blocks, write_audio

RATE = 8000
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


def test_what_is_written_is_read_back(tmp_path):
    write_audio(tmp_path / "tone.wav", TONE, RATE)
    waveform, rate = read_audio(tmp_path / "tone.wav")
    assert rate == RATE
    np.testing.assert_allclose(waveform, TONE, atol=2**-22)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_sample_format_is_read(tmp_path, subtype):
    soundfile.write(tmp_path / "tone.wav", TONE, RATE, subtype=subtype)
    np.testing.assert_allclose(read_audio(tmp_path / "tone.wav")[0], TONE, atol=0.01)


def test_channels_are_mixed_equally(tmp_path):
    soundfile.write(tmp_path / "stereo.wav", np.stack([TONE, 0 * TONE], axis=1), RATE)
    np.testing.assert_allclose(read_audio(tmp_path / "stereo.wav")[0], TONE / 2, atol=1e-4)


@pytest.mark.parametrize(("rate", "expected"), [(16000, 16000), (24000, 24000), (7999, 7999), (44100, 44100)])
def test_resampling_keeps_the_length_to_the_sample(rate, expected):
    assert len(resample(TONE, RATE, rate)) == expected


def test_text_named_wav_is_refused(tmp_path):
    (tmp_path / "text.wav").write_text("not audio")
    with pytest.raises(AudioError, match=r"text\.wav cannot be read as audio"):
        read_audio(tmp_path / "text.wav")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(AudioError, match="no audio file"):
        read_info(tmp_path / "none.wav")


def test_not_a_number_in_audio_is_located(tmp_path):
    broken = TONE.copy()
    broken[4000] = np.nan
    soundfile.write(tmp_path / "nan.wav", broken, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"NaN.*0\.500 s"):
        read_audio(tmp_path / "nan.wav")


def test_an_empty_file_is_refused(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    with pytest.raises(AudioError, match="no samples"):
        read_audio(tmp_path / "empty.wav")


def test_clipping_and_nan_are_not_written(tmp_path):
    with pytest.raises(AudioError, match="would clip"):
        write_audio(tmp_path / "loud.wav", 3 * TONE, RATE)
    with pytest.raises(AudioError, match="NaN"):
        write_audio(tmp_path / "nan.wav", np.full(10, np.nan, np.float32), RATE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="file names are UTF-16 there")
def test_a_name_that_is_not_utf8_opens(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \xf0\x9f\x8e\xa4.wav"))
    write_audio(path, TONE, RATE)
    assert len(read_audio(path)[0]) == RATE


@pytest.mark.parametrize(
    ("from_rate", "to_rate"), [(44_100, 24_000), (24_000, 48_000), (48_000, 44_100), (16_000, 16_000)]
)
@pytest.mark.parametrize("num_samples", [1, 441, 44_101, 100_003])
def test_a_stream_is_resampled_to_the_same_samples_as_the_whole(from_rate, to_rate, num_samples):
    waveform = np.random.default_rng(0).uniform(-0.5, 0.5, num_samples).astype(np.float32)
    blocks = np.array_split(waveform, 7)
    streamed = list(resample_blocks(blocks, from_rate, to_rate))
    whole = resample(waveform, from_rate, to_rate)
    assert sum(len(block) for block in streamed) == round(num_samples * to_rate / from_rate)
    np.testing.assert_allclose(np.concatenate([whole[:0], *streamed]), whole, atol=1e-6)


def test_a_file_is_opened_once_to_be_read(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "tone.wav", TONE, RATE)
    opened, open_file = [], soundfile.SoundFile

    def counted(*arguments, **more):
        opened.append(arguments[0])
        return open_file(*arguments, **more)

    monkeypatch.setattr(soundfile, "SoundFile", counted)
    read_audio(tmp_path / "tone.wav", 4000)
    assert len(opened) == 1


@pytest.mark.parametrize("form", ["matroska", "mov"])
def test_each_of_sixteen_channels_is_read_through_libav(tmp_path, form):
    ramp = np.linspace(0.1, 1.0, RATE, dtype=np.float32)
    channels = np.arange(1, 17, dtype=np.float32)[:, None] / 16 * ramp
    path = tmp_path / "many"
    with av.open(path, "w", format=form) as container:
        stream = container.add_stream("pcm_f32le", rate=RATE, layout="hexadecagonal")
        interleaved = np.ascontiguousarray(channels.T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout="hexadecagonal")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    read, rate = read_channels(path)
    assert rate == RATE
    np.testing.assert_array_equal(read, channels)
