"""What a run's numbers, sounds and pictures become on their way to W&B and TensorBoard."""

import io

import numpy as np
import soundfile
from PIL import Image

from duetto.training.tracking import Tracker


class ListedRun:
    """Keeps what a destination is given."""

    def __init__(self):
        self.logged = []

    def log(self, step, values):
        self.logged.append({**values, "step": step})


def test_a_validation_sends_picture_and_sounds_and_what_stays_the_same_once(tmp_path):
    for name in ("source", "output", "reference"):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(800), 8000)
    picture = io.BytesIO()
    Image.new("RGB", (4, 3)).save(picture, "PNG")
    drawn = []
    run = ListedRun()
    tracker = Tracker([run], "here")
    for step in (200, 400):
        tracker.show_validation(step, tmp_path, lambda *paths: drawn.append(paths) or picture.getvalue())
    first, second = (set(values) for values in run.logged)
    assert first == {"step", *(f"heldout/{name}" for name in ("source", "output", "reference", "spectrograms"))}
    assert second == {"step", "heldout/output", "heldout/spectrograms"}
    assert [path.stem for path in drawn[0]] == ["source", "output", "reference"]
    assert [values["step"] for values in run.logged] == [200, 400]


def test_songs_of_ones_own_are_sent_at_each_step_and_their_source_once(tmp_path):
    for name in ("source", "output"):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(800), 8000)
    run = ListedRun()
    tracker = Tracker([run], "here")
    for step in (200, 400):
        tracker.show_own_songs(step, {"tune": tmp_path / "output.wav"}, lambda _: tmp_path / "source.wav")
    assert [sorted(values) for values in run.logged] == [
        ["own_songs/tune", "own_songs/tune/source", "step"],
        ["own_songs/tune", "step"],
    ]
