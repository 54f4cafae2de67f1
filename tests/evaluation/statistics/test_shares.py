"""Variance shares: a design that separates factors, and shares that find what was put in."""

from itertools import combinations

import numpy as np
import pytest

from duetto.evaluation.statistics.shares import two_level_design, variance_shares

GROUPS = {f"factor_{place}": "data" if place < 4 else "hyperparameters" for place in range(8)}


def scores_of(design: np.ndarray, weights: list[float], noise: float, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    runs = design @ np.array(weights)
    songs = generator.normal(0.0, 2.0, (1, 1, 4))
    return runs[:, None, None] + songs + generator.normal(0.0, noise, (len(design), 3, 4))


def test_the_design_is_balanced_orthogonal_and_of_resolution_four():
    design = two_level_design(8, 16)
    assert np.array_equal(design.T @ design, 16 * np.eye(8))
    assert not design.sum(axis=0).any()
    assert all(not (design[:, a] * design[:, b] * design[:, c]).sum() for a, b, c in combinations(range(8), 3))


def test_too_few_runs_are_refused():
    with pytest.raises(ValueError, match="power of two"):
        two_level_design(8, 8)
    with pytest.raises(ValueError, match="power of two"):
        two_level_design(3, 12)


def test_without_noise_shares_are_the_squares_of_the_effects():
    design = two_level_design(8, 16)
    shares = variance_shares(scores_of(design, [3.0, 0, 0, 0, 1.0, 0, 0, 0], noise=0.0), design, GROUPS, resamples=50)
    assert shares.factors["factor_0"][0] == pytest.approx(0.9)
    assert shares.groups["hyperparameters"][0] == pytest.approx(0.1)
    assert shares.differences["data - hyperparameters"] == pytest.approx((0.8, 0.8, 0.8))


def test_factors_without_effect_have_no_share_on_average():
    design = two_level_design(8, 16)
    found = [
        variance_shares(scores_of(design, [0.0] * 8, 1.0, seed), design, GROUPS, resamples=2).groups["data"][0]
        for seed in range(200)
    ]
    assert abs(float(np.mean(found))) < 0.005


def test_a_difference_that_is_not_there_is_rarely_found():
    design = two_level_design(8, 16)
    weights = [0.4, 0, 0, 0, 0.4, 0, 0, 0]
    excluded = 0
    for seed in range(30):
        shares = variance_shares(scores_of(design, weights, 1.0, seed), design, GROUPS, resamples=100, seed=seed)
        _, low, high = shares.differences["data - hyperparameters"]
        excluded += low > 0 or high < 0
    assert excluded <= 7  # of 30; three seeds and four songs are few for a bootstrap, 95 % is nominal
