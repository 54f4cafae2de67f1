"""When a training has gone too far: hand-worked looks, and how often the alarm is false."""

import math

import numpy as np
import pytest

from duetto.training.overtraining import WATCHED, detect_overtraining, held_out_scores, noise_of


def validations(scores):
    """Looks whose score is as given: timbre alone is measured."""
    return list(range(100, 100 * len(scores) + 1, 100)), [{"mcd_output": float(score)} for score in scores]


def test_the_score_is_the_mean_of_the_metrics_in_their_units():
    names, scores = held_out_scores([{"mcd_output": 6.0, "voicing_error": 0.1, "log_kurtosis_ratio": -1.0}])
    assert set(names) == {"mcd_output", "voicing_error", "log_kurtosis_ratio"}
    assert scores[0] == pytest.approx((6.0 / 1.0 + 0.1 / 0.05 + 1.0 / 0.5) / 3)


def test_a_metric_that_one_validation_lacks_counts_at_none():
    rows = [{"mcd_output": 6.0, "hole_fraction": 0.5}, {"mcd_output": 5.0, "hole_fraction": math.nan}]
    names, scores = held_out_scores(rows)
    assert names == ("mcd_output",)
    assert scores.tolist() == [6.0, 5.0]


def test_without_any_metric_nothing_is_told():
    report = detect_overtraining([100, 200], [{"f0_rmse_cents": 3.0}] * 2)
    assert np.isnan(report.scores).all()
    assert not report.keeps_latest
    assert not report.can_tell
    assert report.overtraining_since is None


def test_every_watched_metric_is_one_that_a_validation_measures():
    from duetto.runs.validate import CURVE_METRICS

    assert set(WATCHED) <= set(CURVE_METRICS)


def test_means_of_three_noise_and_excess_by_hand():
    report = detect_overtraining(*validations([9.0, 6.0, 4.0, 5.0, 3.0, 6.0]))
    assert report.smoothed[2:].tolist() == pytest.approx([19 / 3, 5.0, 4.0, 14 / 3])
    assert np.isnan(report.smoothed[:2]).all()
    noise = 3.0 / (0.6745 * math.sqrt(6))  # median of the second differences 1, 3, 3, 5
    assert report.noise == pytest.approx(noise)
    assert report.excess[-1] == pytest.approx((2 / 3) / (noise * math.sqrt(2 / 3)))
    assert report.keeps_latest  # 0.67 behind, and one standard error is 1.05


def test_what_is_behind_by_more_than_one_standard_error_is_not_kept():
    report = detect_overtraining(*validations([9.0, 6.0, 4.0, 3.0, 3.0, 3.1, 3.0, 3.1, 6.0]))
    assert report.noise == pytest.approx(1.0 / (0.6745 * math.sqrt(6)))
    assert not report.keeps_latest  # 1.0 behind, and one standard error is 0.35


def test_before_the_noise_is_known_only_a_new_best_is_kept():
    falling = [5.0, 4.0, 3.0, 2.0]
    assert [detect_overtraining(*validations(falling[:n])).keeps_latest for n in (1, 2, 3, 4)] == [
        False,
        False,
        True,
        True,
    ]
    assert not detect_overtraining(*validations([5.0, 3.0, 1.0, 6.0])).keeps_latest


def test_noise_is_that_about_a_trend_and_unknown_for_few_validations():
    generator = np.random.default_rng(0)
    scores = 0.05 * np.arange(400) + generator.standard_normal(400)
    assert noise_of(scores) == pytest.approx(1.0, rel=0.15)
    assert math.isnan(noise_of(scores[:5]))
    assert math.isnan(noise_of(np.array([1.0, math.nan, 1.0, 1.0, 1.0, 1.0])))


def test_scores_that_never_change_are_no_overtraining_and_the_latest_is_kept():
    report = detect_overtraining(*validations([3.0] * 8))
    assert report.keeps_latest
    assert report.overtraining_since is None


def alarms(make, num_validations, repeats=120):
    generator = np.random.default_rng(1)
    noisy = [make(num_validations) + generator.standard_normal(num_validations) for _ in range(repeats)]
    return np.mean([detect_overtraining(*validations(scores)).overtraining_since is not None for scores in noisy])


def test_flat_noise_and_a_training_that_gets_better_raise_the_alarm_seldom():
    assert alarms(lambda n: np.full(n, 20.0), 40) < 0.07
    assert alarms(lambda n: np.full(n, 20.0), 10) < 0.03
    assert alarms(lambda n: 20.0 + 8.0 * np.exp(-np.arange(n) / 6), 40) < 0.03


def test_a_training_that_gets_worse_by_its_noise_at_every_validation_raises_it():
    assert alarms(lambda n: 20.0 + np.abs(np.arange(n) - n // 2), 40) > 0.95


def test_the_alarm_names_the_first_of_the_worse_validations():
    scores = [5.0, 4.0, 3.1, 2.9, 3.1, 2.9, 3.1, 2.9, 3.1, 2.9, 6.0, 9.0, 12.0, 15.0]
    report = detect_overtraining(*validations(scores))
    assert report.overtraining_since == 1100
    assert report.as_dict()["overtraining_since_step"] == 1100
