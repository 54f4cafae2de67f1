"""Of every kind of file, the seconds that are used and the seconds that are told add up to those that it holds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from duetto.conversion.recording import ConvertedFile
from duetto.conversion.sources import check_source
from duetto.corpus.recordings.intake import Recording
from duetto.errors import AudioError
from duetto.runs.infer import ConversionTask, describe
from duetto.storage.audio import read_audio, read_info, read_span
from duetto.storage.audio_open import open_audio
from tests.storage.kinds import KINDS
from tests.storage.making_audio import ALONE_HZ, RATE, SECOND_HZ, SECONDS, joined, mp3, sndfile

LEAST_KINDS = 60
LEAST_TOLERANCE_S = 1 / RATE


def write(folder: Path, make: Callable[[], bytes]) -> Path:
    """The file under a suffix that says nothing of its kind."""
    path = folder / "recording.wav"
    path.write_bytes(make())
    return path


@pytest.mark.parametrize("name", KINDS)
def test_seconds_read_and_seconds_told_are_those_that_the_file_holds(tmp_path: Path, name: str):
    kind = KINDS[name]
    with open_audio(write(tmp_path, kind.make)) as file:
        read_s = sum(block.shape[1] for block in file.blocks) / file.info.sample_rate
    told_s = sum(entry.seconds for entry in file.unread)
    within = max(kind.tolerance_s, LEAST_TOLERANCE_S)
    assert read_s + told_s == pytest.approx(kind.held_s, abs=within)
    if kind.told_s == 0.0:
        assert told_s == 0.0
        assert not file.unread
    else:
        assert told_s > 0.1


def test_there_are_enough_kinds():
    assert len(KINDS) >= LEAST_KINDS


@pytest.mark.parametrize("name", ["mp3 cut off", "wav joined", "flac with a hole", "wav that promises a second more"])
def test_what_is_not_read_of_training_material_stands_in_the_ledger(tmp_path: Path, name: str):
    kind = KINDS[name]
    path = write(tmp_path, kind.make)
    job = Recording(str(path), "take.wav", "take-00000000", "0" * 64, "singer", is_covered=True)
    outcome = job.run(tmp_path / "corpus")
    used_s = sum(clip.duration_s for clip in outcome.clips)
    dropped_s = sum(entry.seconds for entry in outcome.dropped)
    assert used_s + dropped_s == pytest.approx(kind.held_s, abs=max(kind.tolerance_s, LEAST_TOLERANCE_S))
    assert dropped_s > 0.1
    assert outcome.dropped[0].reason.startswith("take.wav ")


def test_what_is_not_read_of_a_source_stands_in_the_table(tmp_path: Path):
    source = check_source(write(tmp_path, KINDS["mp3 cut off"].make))
    result = ConvertedFile(tmp_path / "out.wav", 1.0, 0.0)
    task = ConversionTask(source.path, tmp_path / "out.wav", source, result=result)
    (told,) = source.unread
    assert f"{told.seconds:.2f} s not read: breaks off" in describe(task)[0]


def test_a_second_part_of_another_rate_is_heard_at_its_own_pitch(tmp_path: Path):
    second = lambda: mp3(rate=48_000, pitch_hz=SECOND_HZ)  # noqa: E731
    waveform, rate = read_audio(write(tmp_path, joined(mp3, second)))
    for first_s, pitch_hz in ((0.5, ALONE_HZ), (SECONDS + 0.5, SECOND_HZ)):
        piece = waveform[round(first_s * rate) :][:rate]
        assert np.argmax(np.abs(np.fft.rfft(piece))) == pytest.approx(pitch_hz, abs=2)


@pytest.mark.parametrize("name", ["ogg vorbis of two rates", "flac pcm_24", "mp3"])
def test_two_readings_are_the_same_samples(tmp_path: Path, name: str):
    path = write(tmp_path, KINDS[name].make)
    assert np.array_equal(read_audio(path)[0], read_audio(path)[0])


@pytest.mark.parametrize("rate", [3999, 384_001, 1])
def test_a_rate_at_which_nothing_can_be_heard_is_refused_before_memory_is_taken(tmp_path: Path, rate: int):
    path = write(tmp_path, lambda: sndfile("WAV", "PCM_16", rate))
    with pytest.raises(AudioError, match=rf"sampled at {rate} Hz; expected 4000 to 384000 Hz"):
        read_info(path)


@pytest.mark.parametrize("rate", [4000, 384_000])
def test_the_lowest_and_the_highest_rate_are_read(tmp_path: Path, rate: int):
    assert read_info(write(tmp_path, lambda: sndfile("WAV", "PCM_16", rate))).duration_s == SECONDS


def test_a_playlist_opens_no_other_file(tmp_path: Path):
    (tmp_path / "secret.wav").write_bytes(KINDS["wav PCM_16"].make())
    playlist = f"#EXTM3U\n#EXTINF:2,\n{tmp_path / 'secret.wav'}\n#EXT-X-ENDLIST\n"
    for content in (playlist, f"ffconcat version 1.0\nfile {tmp_path / 'secret.wav'}\n"):
        path = write(tmp_path, content.encode)
        with pytest.raises(AudioError, match="cannot be read as audio"):
            read_audio(path)


def test_a_lossy_file_is_not_sought_into(tmp_path: Path):
    path = write(tmp_path, KINDS["ogg vorbis"].make)
    with pytest.raises(AudioError, match="can only be read from its beginning"):
        read_span(path, 100, 200)
