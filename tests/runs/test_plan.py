import math

import pytest

from duetto.architectures.rvc.config import RVCConfig
from duetto.architectures.rvc.record import RVC
from duetto.runs.plan import VALIDATION_SHARE, clock_text, make_plan, training_stage, validation_stage
from duetto.settings.case_config import FragmentConfig
from duetto.settings.config import DataConfig, EvalConfig, TrainerConfig
from duetto.settings.run_config import TrainConfig


def plan(**data):
    settings = {"train_songs": ["a", "b"], "val_songs": ["c"], "test_songs": ["d", "e"], "sources": ["mei"]}
    config = TrainConfig(
        data=DataConfig(**{"case": "case_b", **settings, **data}),
        model=RVCConfig(name="rvc", size="v2_40k"),  # whose steps were not measured
        trainer=TrainerConfig(max_minutes=2.0),
        eval=EvalConfig(),
    )
    return {stage.name: stage for stage in make_plan(config, speed=1.0)}


def test_every_rendition_is_counted():
    assert plan()["corpus"].what.startswith("8 songs")  # 2 train, and 3 held out by target and source


def test_a_test_song_at_further_pitches_is_counted_at_each():
    stages = plan(case="case_a", test_songs=["d", "above_e"], transpositions=[0, 6])
    assert stages["corpus"].what.startswith("9 songs")  # as before, and d six semitones higher
    assert stages["test"].what.startswith("3 songs")


def test_mixing_and_cutting_are_said():
    assert plan(case="case_c")["corpus"].what.startswith("8 songs sung and 5 mixed")
    assert plan(case="case_c")["corpus"].seconds > plan()["corpus"].seconds
    assert "cut every 120 ms" in plan(case="case_d", fragments=FragmentConfig(fragment_ms=120.0))["corpus"].what


def test_two_minutes_of_training_are_two_minutes_and_validations_at_held_out_conversions_come_on_top():
    stages = plan()
    assert stages["training"].seconds == pytest.approx(120)
    assert stages["validation"].seconds == pytest.approx(120 * VALIDATION_SHARE)


def test_validations_are_counted_where_the_cost_of_a_step_is_known():
    config = TrainConfig(
        model=RVCConfig(name="rvc", size="compact"), trainer=TrainerConfig(max_minutes=0, max_steps=450)
    )
    validations = validation_stage(config, speed=2.0)  # at 200, 400 and 450
    assert validations.seconds == pytest.approx(3 * RVC.cost("compact").validation_s / 2)
    config.trainer.max_minutes = 1.0  # 60 s of 0.125 s
    config.trainer.max_steps = 10_000
    assert validation_stage(config, speed=2.0).what.startswith("3 ")
    config.trainer.evaluate_every_steps = 0
    assert validation_stage(config, speed=2.0).seconds == 0.0


def test_what_depends_on_recordings_is_not_guessed():
    stages = plan(train_songs=[], val_songs=[], test_songs=[], sources=[])
    assert math.isnan(stages["corpus"].seconds)
    assert math.isnan(stages["test"].seconds)
    assert clock_text(stages["test"].seconds) == "not known yet"


def test_times_read_as_minutes():
    assert clock_text(125.4) == "2:05 min"


def test_several_processes_divide_the_batch_and_the_time_of_a_step():
    model = RVCConfig(name="rvc", size="compact")
    plans = [
        training_stage(TrainConfig(model=model, trainer=TrainerConfig(0, max_steps=100, devices=devices)), speed=1.0)
        for devices in (1, 2)
    ]
    assert plans[0].seconds == pytest.approx(2 * plans[1].seconds)
    assert "batches" not in plans[0].what
    assert plans[1].what.endswith("batches of 4: 2 in each of 2 processes")
