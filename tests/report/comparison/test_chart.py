import math

import pytest

from duetto.report.collect import RunRecord
from duetto.report.comparison.chart import BOTTOM, HEIGHT, LEFT, MAX_SERIES, Chart, Series, chart_part
from duetto.report.comparison.curves import split_shift
from duetto.report.comparison.doses import dose_charts


def run_with(fragment_ms, distance, seed=0, batch_size=8):
    config = {"data": {"fragments": {"fragment_ms": fragment_ms}, "seed": seed}, "trainer": {"batch_size": batch_size}}
    facts = {"model": "rvc", "case": "case_d", "config": config}
    return RunRecord(None, facts, {"mean": {"mcd_output": distance}}, {}, {}, ())


def test_higher_values_lie_higher_and_later_ones_to_the_right():
    part = chart_part(Chart("MCD* (dB)", "minutes", "down", [Series("a", [0.0, 10.0], [8.0, 4.0])]))
    first, last = part["series"][0]["points"]
    assert float(first["y"]) < float(last["y"])  # in a picture y grows downwards
    assert LEFT < float(first["x"]) < float(last["x"])
    assert float(last["y"]) < HEIGHT - BOTTOM
    ticks = {tick["text"]: float(tick["at"]) for tick in part["y_ticks"]}
    assert ticks["8"] == pytest.approx(float(first["y"]), abs=0.1)


def test_an_undefined_point_is_no_point_but_stays_in_the_table():
    part = chart_part(Chart("y", "x", "up", [Series("a", [1.0, 2.0, 3.0], [1.0, math.nan, 3.0])]))
    assert len(part["series"][0]["points"]) == 2
    assert [row["y"] for row in part["rows"]] == ["1", "–", "3"]


def test_nothing_finite_is_no_chart():
    assert chart_part(Chart("y", "x", "up", [])) is None
    assert chart_part(Chart("y", "x", "up", [Series("a", [1.0], [math.nan])])) is None


def test_a_wide_span_of_speeds_is_drawn_in_ratios():
    chart = Chart("y", "x", "up", [Series("a", [0.01, 0.1, 1.0], [1.0, 2.0, 3.0])], is_joined=False, may_be_log=True)
    x = [float(point["x"]) for point in chart_part(chart)["series"][0]["points"]]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.2)


def test_series_beyond_what_can_be_told_apart_are_counted_and_tabled():
    part = chart_part(Chart("y", "x", "up", [Series(f"run {i}", [1.0], [float(i)]) for i in range(MAX_SERIES + 3)]))
    assert len(part["series"]) == MAX_SERIES
    assert len(part["rows"]) == MAX_SERIES + 3
    assert "3 more are in the table only" in part["note"]


def test_equal_values_still_have_an_axis():
    part = chart_part(Chart("y", "x", "up", [Series("a", [2.0, 2.0], [0.0, 0.0])]))
    assert all(math.isfinite(float(point["y"])) for point in part["series"][0]["points"])


@pytest.mark.parametrize(
    ("song", "parts"),
    [("tea_up6", ("tea", 6)), ("tea_down3", ("tea", -3)), ("fast_13", ("fast_13", 0)), ("_up6", ("_up6", 0))],
)
def test_a_transposed_song_is_known_by_its_name(song, parts):
    assert split_shift(song) == parts


def test_a_dose_is_drawn_over_runs_that_differ_in_nothing_else():
    runs = [run_with(60, 9.0), run_with(60, 8.0, seed=1), run_with(1000, 6.0), run_with(250, 7.0, batch_size=99)]
    chart = dose_charts(runs)["Length"][0]
    assert [list(line.x) for line in chart.series] == [[60.0, 1000.0]]
    assert list(chart.series[0].y) == [8.5, 6.0]
    assert list(chart.series[0].low) == [8.0, 6.0]
    assert list(chart.series[0].high) == [9.0, 6.0]


def test_one_dose_is_no_curve():
    assert dose_charts([run_with(60, 9.0), run_with(60, 8.0, seed=1)]) == {}
