"""`validate_on`: a song of one's own is converted and heard while the voice is trained."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.errors import ConfigError, CorpusError, DuettoError
from duetto.report.collect import collect_run
from duetto.report.page import write_run_page
from duetto.runs.compose import compose_runs
from duetto.runs.own_songs import check_own_songs, fullest_stretch
from duetto.settings.conf_files import conf_folder
from duetto.storage.own_songs import conversions_by_step, forget_conversions_after
from tests.ownership.around.small import learn, record
from tests.ownership.records import person
from tests.test_two_singers import RATE, voice

STEPS = ["model=rvc", "trainer.max_steps=4", "trainer.evaluate_every_steps=2"]


def settings(*overrides):
    (config,) = compose_runs(conf_folder(), [["model=rvc", "data=case_b", *overrides]])
    return config


def test_the_stretch_in_which_most_is_sung_is_taken():
    take = np.zeros(60 * RATE, np.float32)
    take[30 * RATE : 42 * RATE] = voice(220.0, 12.0)
    stretch = fullest_stretch(take, RATE)
    assert len(stretch) == 12 * RATE
    np.testing.assert_array_equal(stretch, take[30 * RATE : 42 * RATE])
    short = take[: 3 * RATE]
    assert fullest_stretch(short, RATE) is short


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["validate_on=nowhere.wav"], "nowhere.wav"),
        (["validate_on=SONG", "model=linear"], "validate_on: linear is solved without steps"),
        (["validate_on=[SONG,SONG]"], "validate_on names two files song"),
    ],
)
def test_what_cannot_be_converted_is_refused_before_the_plan(tmp_path, overrides, sentence):
    soundfile.write(tmp_path / "song.wav", voice(220.0, 1.0), RATE)
    config = settings(*(each.replace("SONG", str(tmp_path / "song.wav")) for each in overrides))
    with pytest.raises(DuettoError, match=re.escape(sentence)):
        check_own_songs(config)


def test_without_validations_there_is_nothing_to_hear():
    with pytest.raises(ConfigError, match=r"trainer\.evaluate_every_steps=200"):
        settings("validate_on=song.wav", "trainer.evaluate_every_steps=0")


def test_conversions_after_the_checkpoint_are_made_again(tmp_path):
    song = tmp_path / "song"
    song.mkdir()
    for name in ("source", "step_000000200", "step_000000400"):
        soundfile.write(song / f"{name}.wav", np.zeros(100), RATE)
    (song / "step_000000400.wav.json").write_text("{}")
    forget_conversions_after(tmp_path, 200)
    assert list(conversions_by_step(song)) == [200]
    assert not (song / "step_000000400.wav.json").exists()


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory):
    """A private voice of a few steps that sang a song of one's own at steps 2 and 4."""
    place = tmp_path_factory.mktemp("heard")
    soundfile.write(place / "my tune.wav", voice(440.0, 2.0), RATE)
    recordings = record(place / "takes", person(scopes=["train", "infer"]))
    return learn(recordings, place, *STEPS, f"validate_on={place / 'my tune.wav'}")


@pytest.mark.slow
def test_a_song_is_converted_at_each_validation(heard):
    song = heard.own_songs / "my tune"
    files = conversions_by_step(song)
    assert list(files) == [2, 4]
    source = soundfile.info(song / "source.wav")
    for path in files.values():
        with soundfile.SoundFile(path) as file:
            assert "AI-generated" in file.title
            assert file.frames == source.frames
        origin = json.loads(Path(f"{path}.json").read_text())
        assert origin["source"]["name"] == "my tune.wav"
        assert origin["consent"]["subject"] == "ann-01"
    page = (heard.own_songs / "index.html").read_text()
    assert page.index("step 4") < page.index("step 2") < page.index("my tune, source"), "the newest comes first"


@pytest.mark.slow
def test_the_page_of_a_private_run_holds_nothing_of_it(heard, tmp_path):
    page = write_run_page(heard.path).read_text()
    assert "data:audio" not in page
    assert "my tune" not in page
    assert "my tune" not in heard.record.read_text()
    assert len(collect_run(heard.path).own_songs) == 1


@pytest.mark.slow
def test_who_allows_training_only_is_not_heard(tmp_path):
    soundfile.write(tmp_path / "song.wav", voice(440.0, 1.0), RATE)
    recordings = record(tmp_path / "takes", person(scopes=["train"]))
    with pytest.raises(CorpusError, match="infer"):
        learn(recordings, tmp_path, *STEPS, f"validate_on={tmp_path / 'song.wav'}")
