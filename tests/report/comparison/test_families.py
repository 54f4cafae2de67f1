"""Which runs stand together in a curve."""

from dataclasses import replace
from pathlib import Path

import pytest

from duetto.evaluation.registry import metric_named
from duetto.report.collect import RunRecord
from duetto.report.comparison.families import BARS, bars_note, families, family_name, panels, seed_lines

MCD = metric_named("mcd_output")


def run(called, model="rvc", folder="logs/one"):
    return RunRecord(Path(folder), {"model": model, "signature": "abcdef"}, {}, {}, {}, (), called=called)


def test_seeds_of_an_arm_are_one_family_and_unnamed_runs_are_their_own():
    runs = [run("cut.rvc.seed0"), run("null.rvc.seed0"), run("cut.rvc.seed1"), run("", folder="a"), run("", folder="b")]
    assert [len(members) for members in families(runs).values()] == [2, 1, 1, 1]
    assert [family_name(members[0]) for members in families(runs).values()] == [
        "cut.rvc",
        "null.rvc",
        "rvc abcd",
        "rvc abcd",
    ]


def test_a_line_is_the_mean_of_the_seeds_at_points_that_all_have():
    scores = {"cut.rvc.seed0": {0.0: 5.0, 6.0: 7.0, 12.0: 9.0}, "cut.rvc.seed1": {0.0: 6.0, 6.0: 10.0}}
    (line,) = seed_lines([run(name) for name in scores], lambda member: scores[member.called], MCD)
    assert line.name == "cut.rvc"
    assert line.x == [0.0, 6.0]
    assert line.y == pytest.approx([5.5, 8.5])
    assert line.low == pytest.approx([5.0, 7.0])
    assert line.high == pytest.approx([6.0, 10.0])
    assert bars_note([line]) == BARS


def test_a_seed_without_scores_does_not_hide_the_others_and_one_point_is_no_line():
    scores = {"cut.rvc.seed0": {0.0: 5.0, 6.0: 7.0}, "cut.rvc.seed1": {}, "cut.diffsvc.seed0": {0.0: 5.0}}
    (line,) = seed_lines([run(name) for name in scores], lambda member: scores[member.called], MCD)
    assert line.y == pytest.approx([5.0, 7.0])
    assert line.low == ()
    assert bars_note([line]) == ""


def test_lines_that_could_not_be_told_apart_get_a_chart_for_each_architecture():
    names = [f"arm{i}.{model}.seed{seed}" for i in range(4) for model in ("rvc", "diffsvc") for seed in (0, 1)]
    few = [run(name, name.split(".")[1]) for name in names]
    assert [(of, len(members)) for of, members in panels(few)] == [("", 16)]
    more = [*few, replace(few[0], called="arm4.rvc.seed0")]
    assert [(of, len(members)) for of, members in panels(more)] == [(", RVC", 9), (", Diff-SVC", 8)]
