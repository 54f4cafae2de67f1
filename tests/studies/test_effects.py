import math
from pathlib import Path

import pytest

from duetto.errors import ConfigError
from duetto.evaluation.statistics.contrast import Score
from duetto.report.study import scores_text
from duetto.studies.effects import read_scores, simple_effects, the_oracle
from duetto.studies.load import load_study

STUDY = load_study(Path("conf"), "register_quick")
MEANS = {("narrow", "native"): 5.0, ("oracle", "native"): 7.0, ("narrow", "up6"): 8.0, ("oracle", "up6"): 6.5}


def scores():
    return [
        Score(arm, "rvc", seed, song, condition, "mcd_output", mean + 0.1 * seed + 0.01 * place)
        for (arm, condition), mean in MEANS.items()
        for seed in (0, 1, 2)
        for place, song in enumerate(("air_13", "air_14"))
    ]


def test_a_contrast_of_two_conditions_is_taken_apart():
    effects = {(each.condition, each.arm): each for each in simple_effects(STUDY, scores(), "oracle")}
    assert set(effects) == {("native", "narrow"), ("up6", "narrow")}
    assert effects["native", "narrow"].fit.effect == pytest.approx(-2.0)
    assert effects["up6", "narrow"].fit.effect == pytest.approx(1.5)
    assert effects["up6", "narrow"].arm_mean == pytest.approx(8.105)
    assert effects["up6", "narrow"].against_mean == pytest.approx(6.605)


def test_the_table_that_a_study_wrote_is_read_as_it_was(tmp_path):
    rows = [*scores(), Score("narrow", "rvc", 3, "air_13", "native", "mcd_output", math.nan)]
    path = tmp_path / "scores.csv"
    path.write_text(scores_text(rows), encoding="utf-8")
    read = read_scores(path)
    assert scores_text(read) == scores_text(rows)
    assert len(read) == len(rows)


def test_what_cannot_be_read_or_compared_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="has no scores there"):
        read_scores(tmp_path / "scores.csv")
    (tmp_path / "scores.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="not a table of scores"):
        read_scores(tmp_path / "scores.csv")
    with pytest.raises(ConfigError, match="no arm nobody"):
        simple_effects(STUDY, scores(), "nobody")
    with pytest.raises(ConfigError, match="0 oracles"):
        the_oracle(load_study(Path("conf"), "architectures_quick"))


@pytest.mark.parametrize("name", ["register_quick", "tempo_leakage_quick", "cleaning_dose_quick", "continuity_quick"])
def test_the_effects_in_the_results_are_those_of_the_scores(name):
    from duetto.report.effects import EFFECTS_FILE, effects_text

    study, folder = load_study(Path("conf"), name), Path("docs/results") / name
    arm = the_oracle(study)
    effects = simple_effects(study, read_scores(folder / "scores.csv"), arm)
    assert (folder / EFFECTS_FILE).read_text(encoding="utf-8") == effects_text(name, arm, True, effects)
