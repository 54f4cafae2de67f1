"""Audio files that were made, or damaged, so as to hurt the reader."""

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.errors import AudioError
from duetto.storage.audio import read_audio, read_channels, read_info
from tests.corpus.m4a import write_m4a


def test_a_length_that_the_header_only_claims_is_not_allocated(tmp_path: Path):
    path = tmp_path / "claims.mp3"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (400, 2)), 44_100, format="MP3")
    data = bytearray(path.read_bytes())
    place = data.index(b"Xing") + 8  # number of frames, of 1152 samples each
    data[place : place + 4] = struct.pack(">I", 1_600_000)
    path.write_bytes(data)
    assert read_info(path).num_samples > 10**9  # 8 bytes a sample: more than memory holds
    tracemalloc.start()
    num_samples = read_channels(path)[0].shape[1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert num_samples < 10_000
    assert peak < 100 * 2**20


def test_samples_whose_mean_would_be_infinite_are_refused(tmp_path: Path):
    path = tmp_path / "huge.wav"
    huge = np.zeros((100, 2), np.float32)
    huge[50] = 3e38
    soundfile.write(path, huge, 10_000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"infinite samples, the first at 0\.005 s"):
        read_audio(path)


@pytest.mark.parametrize("num_samples", [99, 100, 101, 200, 350])
def test_blocks_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_samples: int):
    monkeypatch.setattr("duetto.storage.audio_libsndfile.BLOCK_VALUES", 200)
    path = tmp_path / "long.wav"
    waveform = np.random.default_rng(0).uniform(-0.5, 0.5, (num_samples, 2)).astype(np.float32)
    soundfile.write(path, waveform, 8000, subtype="FLOAT")
    samples, sample_rate = read_channels(path)
    assert np.array_equal(samples, waveform.T)
    assert sample_rate == 8000


def test_a_small_file_that_decodes_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "bomb.m4a"
    write_m4a(path, np.zeros((2, 44_100 * 3), np.float32), 44_100)
    assert read_channels(path)[0].shape[1] >= 44_100 * 3
    monkeypatch.setattr("duetto.storage.audio_packets.GRACE_S", 0.0)
    monkeypatch.setattr(
        "duetto.storage.audio_packets.LEAST_BITS_PER_S", 8 * path.stat().st_size
    )  # the bytes are for 1 s
    with pytest.raises(AudioError, match="more audio than its bytes"):
        read_channels(path)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\0\0\0\x18ftypM4A " + b"\0" * 500])
def test_what_only_calls_itself_m4a_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "a.m4a"
    path.write_bytes(content)
    with pytest.raises(AudioError):
        read_info(path)
