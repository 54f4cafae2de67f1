import math

import pytest

from duetto.case_config import FragmentConfig
from duetto.config import DataConfig, EvalConfig, TrainerConfig
from duetto.run_config import TrainConfig
from duetto.training.plan import clock_text, make_plan


def plan(**data):
    settings = {"train_songs": ["a", "b"], "val_songs": ["c"], "test_songs": ["d", "e"], "sources": ["mei"]}
    config = TrainConfig(
        data=DataConfig(**{"case": "case_b", **settings, **data}),
        trainer=TrainerConfig(max_minutes=2.0),
        eval=EvalConfig(),
    )
    return {station.name: station for station in make_plan(config, speed=1.0)}


def test_every_rendition_is_counted():
    assert plan()["corpus"].what.startswith("8 songs")  # 2 train, and 3 held out by target and source


def test_a_test_song_at_further_pitches_is_counted_at_each():
    stations = plan(case="case_a", test_songs=["d", "above_e"], transpositions=[0, 6])
    assert stations["corpus"].what.startswith("9 songs")  # as before, and d six semitones higher
    assert stations["trial"].what.startswith("3 songs")


def test_mixing_and_cutting_are_said():
    assert plan(case="case_c")["corpus"].what.startswith("8 songs sung and 5 mixed")
    assert plan(case="case_c")["corpus"].seconds > plan()["corpus"].seconds
    assert "cut every 120 ms" in plan(case="case_d", fragments=FragmentConfig(fragment_ms=120.0))["corpus"].what


def test_two_minutes_of_training_are_two_minutes_and_the_held_out_conversions():
    assert plan()["training"].seconds == pytest.approx(120 * 1.06)


def test_what_depends_on_recordings_is_not_guessed():
    stations = plan(train_songs=[], val_songs=[], test_songs=[], sources=[])
    assert math.isnan(stations["corpus"].seconds)
    assert math.isnan(stations["trial"].seconds)
    assert clock_text(stations["trial"].seconds) == "not known yet"


def test_times_read_as_minutes():
    assert clock_text(125.4) == "2:05 min"
