import math
from pathlib import Path

import pytest

from duetto.report.collect import RunRecord
from duetto.report.comparison.stress import condition_value, stress_charts


def case(song, condition, distance, has_reference=True):
    return {"song": song, "condition": condition, "has_reference": has_reference, "metrics": {"mcd_output": distance}}


def run_with(**tests):
    cases = {name: {"cases": rows} for name, rows in tests.items()}
    return RunRecord(
        None, {"model": "rvc", "signature": "abcdef"}, {}, {}, {}, (), stress_tests={"stress_tests": cases}
    )


@pytest.mark.parametrize(
    ("condition", "value"), [("up6", 6.0), ("down3", -3.0), ("native", 1.0), ("tempo_0.5", 0.5), ("250ms", 250.0)]
)
def test_a_condition_lies_where_its_number_says(condition, value):
    assert condition_value(condition, 1.0) == value


def test_a_condition_without_a_number_lies_nowhere():
    assert math.isnan(condition_value("held", 0.0))


def test_a_stress_test_is_drawn_over_songs_that_have_every_condition():
    rows = [case("a", "native", 4.0), case("a", "up6", 6.0), case("b", "native", 2.0), case("b", "up6", 5.0)]
    chart = stress_charts([run_with(transposition=[*rows, case("c", "native", 99.0)])])["Register"][0]
    assert list(chart.series[0].x) == [0.0, 6.0]
    assert list(chart.series[0].y) == [3.0, 5.5]


def test_without_the_reference_nothing_is_drawn():
    rows = [case("a", "tempo_0.5", 4.0, False), case("a", "native", 3.0, False)]
    assert stress_charts([run_with(tempo=rows)]) == {}


def test_a_damaged_stress_test_is_no_curve():
    assert stress_charts([run_with(tempo=[1, None])]) == {}
    assert stress_charts([RunRecord(Path("run"), {}, {}, {}, {}, (), stress_tests={"stress_tests": []})]) == {}
