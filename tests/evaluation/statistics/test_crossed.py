"""The mixed model: numbers worked by hand, an independent library's, and how often it cries wolf."""

import math

import numpy as np
import pytest

from duetto.evaluation.statistics.bootstrap import crossed_bootstrap
from duetto.evaluation.statistics.crossed import complete_part, estimate_moments, fit_crossed
from duetto.evaluation.statistics.power import Spread, draw_tables, simulate_power, tail

# drawn with a seed variance of 0.25, a song variance of 1 and a residual variance of 0.16 around 1.2
TABLE = np.array(
    [
        [0.942, 0.352, 1.303, 2.169, 0.697, 0.858],
        [0.357, 0.175, 0.649, 2.174, 0.12, 0.635],
        [0.101, 0.18, 1.186, 2.328, -0.436, 0.227],
        [0.281, -0.192, 0.203, 1.904, -0.129, -0.189],
    ]
)


def test_estimates_equal_those_of_statsmodels_mixed_model():
    # statsmodels 0.15.0, mixedlm("y ~ 1", groups=1, vc_formula={seed, song}).fit(reml=True)
    fit = fit_crossed(TABLE)
    assert fit.effect == pytest.approx(0.662292, abs=1e-6)
    assert fit.standard_error == pytest.approx(0.347119, abs=2e-6)
    assert fit.seed_variance == pytest.approx(0.081275, abs=2e-6)
    assert fit.song_variance == pytest.approx(0.583078, abs=2e-6)
    assert fit.residual_variance == pytest.approx(0.071835, abs=2e-6)


def test_two_by_two_by_hand():
    # means 3; seeds 2 and 4, songs 2.5 and 3.5: mean squares 4, 1 and, as rows and columns add up, 0
    fit = fit_crossed(np.array([[1.5, 2.5], [3.5, 4.5]]))
    assert fit.effect == 3.0
    assert fit.standard_error**2 == pytest.approx((4 + 1 - 0) / 4)
    assert fit.degrees == pytest.approx(5**2 / (4**2 + 1**2))
    assert (fit.seed_variance, fit.song_variance, fit.residual_variance) == pytest.approx((2.0, 0.5, 0.0))


def test_a_true_zero_is_called_an_effect_about_as_often_as_promised():
    for spread in (Spread(0.5, 1.0, 0.5), Spread(1.0, 1.0, 1.0), Spread(1.0, 0.3, 0.3)):
        moments = estimate_moments(draw_tables(spread, 5, 12, 0.0, draws=4000))
        one_sided = tail(moments, 0.0)
        share = float(np.mean(2 * np.minimum(one_sided, 1 - one_sided) < 0.05))
        assert 0.035 < share < 0.07


def test_pooling_seeds_and_songs_would_cry_wolf():
    tables = draw_tables(Spread(0.5, 1.0, 0.5), 5, 12, 0.0, draws=2000)
    pooled = tables.reshape(2000, -1)
    t = pooled.mean(1) / (pooled.std(1, ddof=1) / math.sqrt(60))
    assert float(np.mean(np.abs(t) > 2.0)) > 0.3


def test_the_interval_covers_the_reference():
    tables = draw_tables(Spread(0.5, 1.0, 0.5), 5, 12, 2.0, draws=200)
    covered = [low < 2.0 < high for low, high in (fit_crossed(table).interval() for table in tables)]
    assert 0.89 < np.mean(covered) < 0.99


def test_one_seed_gives_an_effect_and_no_conclusion():
    fit = fit_crossed(np.array([[1.0, 2.0, 3.0]]))
    assert fit.effect == 2.0
    assert not fit.is_testable
    assert (fit.p_greater(0.0), fit.p_less(0.0)) == (1.0, 1.0)
    assert fit.interval() == (-math.inf, math.inf)


def test_a_table_without_scatter_is_certain():
    fit = fit_crossed(np.full((3, 4), 2.0))
    assert (fit.effect, fit.standard_error) == (2.0, 0.0)
    assert (fit.p_greater(1.0), fit.p_greater(2.0)) == (0.0, 1.0)


def test_gaps_take_out_the_emptiest_song_or_seed():
    table = np.arange(12.0).reshape(3, 4)
    table[:, 1] = np.nan
    table[2, 3] = np.nan
    # song 1 is empty; then seed 2 lacks one of three, song 3 one of three: the song goes
    assert complete_part(table).tolist() == [[0.0, 2.0], [4.0, 6.0], [8.0, 10.0]]
    assert complete_part(np.full((2, 2), np.nan)).size == 0


def test_the_bootstrap_interval_lies_around_the_effect_and_is_reproducible():
    low, high = crossed_bootstrap(TABLE)
    assert low < TABLE.mean() < high
    assert (low, high) == crossed_bootstrap(TABLE)
    assert 0.8 < high - low < 2.2  # the mixed model's: 1.66


def test_the_bootstrap_resamples_both_levels():
    songs_only = TABLE - TABLE.mean(1, keepdims=True)
    assert np.ptp(crossed_bootstrap(TABLE)) > np.ptp(crossed_bootstrap(songs_only)) * 0.9
    assert np.ptp(crossed_bootstrap(np.tile([[1.0], [2.0], [3.0]], (1, 4)))) > 0.8  # all of it between seeds
    assert crossed_bootstrap(np.ones((1, 4))) == (-math.inf, math.inf)


def test_power_grows_with_the_effect_and_a_true_zero_is_never_reproduced():
    none, one, two = simulate_power(Spread(0.3, 0.5, 0.4), 3, 4, 1.0, (0.0, 1.0, 2.0), alpha=0.05)
    assert none.reproduced < 0.05
    assert none.refuted > 0.4
    assert one.reproduced < two.reproduced
    assert one.refuted < 0.06
    assert two.reproduced > 0.9
