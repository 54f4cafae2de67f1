import math
from pathlib import Path

import numpy as np
import pytest

from duetto.evaluation.bounds import gap_closed
from duetto.evaluation.metrics.levels import clipped_share, dc_offset, length_error_samples, peak_level
from duetto.evaluation.metrics.speed import real_time_factor
from duetto.evaluation.registry import all_metrics, metric_named
from duetto.storage.audio import AudioInfo


def test_doing_nothing_closes_no_gap_and_the_vocoder_s_best_closes_all():
    assert gap_closed(8.0, 8.0, 3.0) == 0.0
    assert gap_closed(8.0, 3.0, 3.0) == 1.0
    assert gap_closed(8.0, 5.0, 3.0) == pytest.approx(0.6)


def test_worse_than_the_source_is_negative():
    assert gap_closed(8.0, 9.0, 3.0) == pytest.approx(-0.2)


@pytest.mark.parametrize("distances", [(3.0, 2.0, 3.0), (3.0, 2.0, 4.0), (3.05, 2.0, 3.0)])
def test_no_room_between_the_bounds_is_undefined(distances):
    assert math.isnan(gap_closed(*distances))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_undefined_distance_leaves_the_gap_undefined(place):
    distances = [8.0, 5.0, 3.0]
    distances[place] = math.nan
    assert math.isnan(gap_closed(*distances))


def test_peak_and_offset_of_a_square():
    square = np.array([0.5, -0.25, 0.5, -0.25], dtype=np.float32)
    assert peak_level(square) == 0.5
    assert dc_offset(square) == 0.125


def test_runs_at_full_scale_are_clipping_and_lone_peaks_are_not():
    wave = np.array([0, 1, 0, 1, 1, 1, 0, -1, -1, -1], dtype=np.float32)
    assert clipped_share(wave) == pytest.approx(6 / 10)  # two runs of three; the lone peak is spared
    assert clipped_share(np.array([0.0, 1.0, 0.0], dtype=np.float32)) == 0.0


def test_an_empty_waveform_has_no_levels():
    empty = np.zeros(0, dtype=np.float32)
    assert all(math.isnan(measure(empty)) for measure in (peak_level, dc_offset, clipped_share))


def test_length_is_compared_at_the_rate_of_the_output():
    source = AudioInfo(44100, 44100, 1, "PCM_24")
    assert length_error_samples(source, 24000, 24000) == 0
    assert length_error_samples(source, 23990, 24000) == -10


def test_a_minute_converted_in_six_seconds_is_a_tenth():
    assert real_time_factor(6.0, 60.0) == pytest.approx(0.1)


def test_untimed_or_empty_has_no_speed():
    assert math.isnan(real_time_factor(None, 60.0))
    assert math.isnan(real_time_factor(1.0, 0.0))


def test_negative_times_are_refused():
    with pytest.raises(ValueError, match="negative"):
        real_time_factor(-1.0, 60.0)


def test_metric_names_are_unique_and_directions_known():
    names = [metric.name for metric in all_metrics()]
    assert len(set(names)) == len(names)
    assert {metric.direction for metric in all_metrics()} == {"up", "down", "zero", "reference"}


def test_the_page_on_metrics_defines_every_score():
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    names = {m.name for m in all_metrics() if m.place == "output" and not m.name.endswith("_gap_closed")}
    told = {"delta_distance_elsewhere": "`…_elsewhere`"}
    assert [name for name in sorted(names) if told.get(name, f"`{name}`") not in page] == []


def test_bounds_belong_to_a_score_and_share_its_unit_and_group():
    scores = {metric.family: metric for metric in all_metrics() if metric.family and metric.place == "output"}
    for metric in all_metrics():
        if metric.place != "output":
            score = scores[metric.family]
            assert (metric.unit, metric.group, metric.direction) == (score.unit, score.group, score.direction)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("mcd_output", 5.126, "5.13 dB"),
        ("mcd_gap_closed", 0.617, "62 %"),
        ("peak", 0.5, "0.50"),
        ("mcd_output", math.nan, "–"),
        ("mcd_output", None, "–"),
    ],
)
def test_values_are_shown_with_their_unit(name, value, text):
    assert metric_named(name).shown(value) == text
