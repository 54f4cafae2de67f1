"""The doctor listens to what training takes, and says of the rest why it does not."""

from pathlib import Path

import numpy as np
import soundfile

from duetto.diagnosis.diagnosis import Problem
from duetto.diagnosis.gather import folder_sounds
from duetto.diagnosis.sound import Sound
from tests.storage.kinds import KINDS

RATE = 16_000


def test_recordings_that_training_refuses_are_problems_and_are_not_heard(tmp_path: Path):
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(3 * RATE) / RATE)
    soundfile.write(tmp_path / "good.wav", tone, RATE)
    soundfile.write(tmp_path / "cancels.wav", np.stack([tone, -tone], axis=1), RATE)
    soundfile.write(tmp_path / "silent.wav", 1e-4 * tone, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "short.wav", tone[:1000], RATE)
    (tmp_path / "cover.jpg").touch()
    found = list(folder_sounds(tmp_path))
    assert [sound.recording for sound in found if isinstance(sound, Sound)] == ["good.wav"]
    problems = {problem.recording: problem.reason for problem in found if isinstance(problem, Problem)}
    assert "its channels cancel each other" in problems["cancels.wav"]
    assert "is silent" in problems["silent.wav"]
    assert "is shorter than" in problems["short.wav"]
    assert "cover.jpg" in problems["the folder"]


def test_what_could_not_be_read_of_a_recording_is_a_problem(tmp_path: Path):
    (tmp_path / "a.mp3").write_bytes(KINDS["mp3 cut off"].make())
    (sound, problem) = folder_sounds(tmp_path)
    assert isinstance(sound, Sound)
    assert isinstance(problem, Problem)
    assert "s of it are not read: it breaks off" in problem.reason


def test_a_place_begins_no_earlier_than_its_sound():
    place = Sound("take.wav", np.zeros((1, RATE), np.float32), RATE, start_s=60.0).place(-0.2, 0.5)
    assert (place.start_s, place.end_s) == (60.0, 60.5)
