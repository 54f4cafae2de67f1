"""What was read once is kept up to a number of bytes."""

import numpy as np
import pytest
import soundfile

from duetto.errors import AudioError
from duetto.storage.audio import read_audio, write_audio
from duetto.storage.decoded import recall_audio
from duetto.storage.memory import BoundedMemory

RATE = 8000
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


@pytest.fixture
def reads():
    return []


@pytest.fixture
def memory(reads):
    """A memory of texts of ten bytes each."""

    def load(key):
        reads.append(key)
        if key == "bad":
            raise ValueError(key)
        return key * 10

    return BoundedMemory(load, len)


def test_a_value_is_read_once_while_there_is_room(memory, reads):
    for _ in range(3):
        assert [memory.recall(key, 30) for key in "abc"] == ["a" * 10, "b" * 10, "c" * 10]
    assert reads == ["a", "b", "c"]
    assert memory.num_bytes == 30


def test_what_was_not_asked_for_longest_goes_when_the_bytes_are_used_up(memory, reads):
    for key in "abacab":
        memory.recall(key, 20)
        assert memory.num_bytes <= 20
    assert reads == ["a", "b", "c", "b"]


def test_a_value_larger_than_the_memory_is_given_and_not_kept(memory, reads):
    assert memory.recall("a", 9) == memory.recall("a", 9) == "a" * 10
    assert reads == ["a", "a"]
    assert memory.num_bytes == 0


def test_what_cannot_be_read_is_not_kept(memory):
    for _ in range(2):
        with pytest.raises(ValueError, match="bad"):
            memory.recall("bad", 30)
    assert memory.num_bytes == 0


def test_a_recording_is_decoded_once_at_any_rate_until_it_is_written_anew(tmp_path, monkeypatch):
    path = tmp_path / "tone.wav"
    write_audio(path, TONE, RATE)
    expected = {rate: read_audio(path, rate) for rate in (None, 4000, 16000)}
    opened, open_file = [], soundfile.SoundFile

    def counted(*arguments, **more):
        opened.append(arguments)
        return open_file(*arguments, **more)

    monkeypatch.setattr(soundfile, "SoundFile", counted)
    for rate, (waveform, found) in expected.items():
        recalled, recalled_rate = recall_audio(path, rate)
        np.testing.assert_array_equal(recalled, waveform)
        assert recalled_rate == found
    assert len(opened) == 1
    soundfile.write(path, TONE[:100], RATE)
    opened.clear()
    assert len(recall_audio(path)[0]) == 100
    assert len(opened) == 1


def test_a_missing_recording_is_named(tmp_path):
    with pytest.raises(AudioError, match="no audio file"):
        recall_audio(tmp_path / "none.wav")
