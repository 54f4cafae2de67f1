"""From a tidy table to verdicts: contrasts, equivalence, Holm, and what each verdict means."""

import dataclasses
import math

import numpy as np
import pytest

from duetto.evaluation.statistics.contrast import Contrast, Score, evaluate_contrast, slope_weights
from duetto.evaluation.statistics.crossed import fit_crossed
from duetto.evaluation.statistics.equivalence import holm, p_of_effect, p_of_equivalence, p_of_refutation
from duetto.evaluation.statistics.verdict import Claim, decide_all

GAP = Contrast("mcd_output", {"narrow": 1.0, "oracle": -1.0}, {"up6": 1.0, "native": -1.0})


def scores_with(effect: float, scatter: float = 0.1, seeds: int = 4, songs: int = 5) -> list[Score]:
    """A study in which the narrow arm is worse by `effect` at +6, songs and seeds differing a little."""
    generator = np.random.default_rng(3)
    rows = []
    for seed in range(seeds):
        for song in range(songs):
            for arm in ("narrow", "oracle"):
                for condition in ("native", "up6"):
                    harm = effect if (arm, condition) == ("narrow", "up6") else 0.0
                    value = 6.0 + song + harm + generator.normal(0.0, scatter)
                    rows.append(Score(arm, "rvc", seed, f"air_{song}", condition, "mcd_output", value))
    return rows


def claim(**changes: object) -> Claim:
    return dataclasses.replace(Claim("register", "primary", GAP, "greater", 1.0), **changes)


def verdict_of(rows: list[Score], **changes: object) -> str:
    return decide_all(rows, [claim(**changes)], ["rvc"])[0].verdict


def test_a_difference_of_differences_cancels_what_song_and_seed_have_in_common():
    cells = evaluate_contrast(scores_with(2.0, scatter=0.0), GAP, "rvc")
    assert cells.table == pytest.approx(np.full((4, 5), 2.0))


def test_scores_of_several_sources_are_averaged_and_other_models_left_alone():
    rows = [
        Score("narrow", "rvc", 0, "air_1", "native", "mcd_output", 4.0),
        Score("narrow", "rvc", 0, "air_1", "native", "mcd_output", 6.0),
        Score("oracle", "rvc", 0, "air_1", "native", "mcd_output", 1.0),
        Score("narrow", "diffsvc", 0, "air_1", "native", "mcd_output", 99.0),
    ]
    contrast = Contrast("mcd_output", {"narrow": 1.0, "oracle": -1.0}, {"native": 1.0})
    assert evaluate_contrast(rows, contrast, "rvc").table.tolist() == [[4.0]]


def test_a_missing_or_undefined_score_is_counted_not_filled():
    rows = scores_with(2.0)
    rows[0] = dataclasses.replace(rows[0], value=math.nan)
    assert evaluate_contrast(rows, GAP, "rvc").undefined == 1
    finding = decide_all(rows, [claim()], ["rvc"])[0]
    assert finding.left_out == 4  # the song goes, for every seed
    assert finding.verdict == "reproduced"


def test_a_slope_over_doses_is_the_least_squares_slope():
    doses = {"a": 0.0, "b": 1.0, "c": 4.0}
    values = {"a": 2.0, "b": 2.5, "c": 7.0}
    weights = slope_weights(doses)
    expected = np.polyfit(list(doses.values()), list(values.values()), 1)[0]
    assert sum(weights[name] * values[name] for name in doses) == pytest.approx(expected)
    with pytest.raises(ValueError, match="two different doses"):
        slope_weights({"a": 1.0, "b": 1.0})


def test_a_large_effect_in_the_claimed_direction_is_reproduced():
    assert verdict_of(scores_with(2.0)) == "reproduced"


def test_an_effect_the_other_way_or_too_small_refutes_the_claim():
    assert verdict_of(scores_with(-2.0)) == "refuted"
    assert verdict_of(scores_with(0.0)) == "refuted"
    assert verdict_of(scores_with(0.3)) == "refuted"
    assert verdict_of(scores_with(2.0), direction="less") == "refuted"


def test_scatter_leaves_it_open():
    assert verdict_of(scores_with(1.0, scatter=3.0)) == "inconclusive"


def test_a_significant_effect_below_the_smallest_of_interest_is_not_reproduced():
    finding = decide_all(scores_with(0.8, scatter=0.2), [claim()], ["rvc"])[0]
    assert 0.6 < finding.fit.effect < 1.0
    assert finding.p < 0.001
    assert finding.verdict in ("inconclusive", "refuted")


def test_a_claim_without_direction_is_reproduced_either_way_and_refuted_by_equivalence():
    assert verdict_of(scores_with(-2.0), direction="either") == "reproduced"
    assert verdict_of(scores_with(0.0), direction="either") == "refuted"


def test_one_seed_or_no_scores_give_no_verdict():
    assert verdict_of(scores_with(2.0, seeds=1)) == "undefined"
    assert verdict_of([]) == "undefined"


def test_controls_hold_or_fail():
    assert verdict_of(scores_with(0.0), role="null", direction="either") == "holds"
    assert verdict_of(scores_with(2.0), role="null", direction="either") == "fails"
    assert verdict_of(scores_with(2.0), role="positive_control") == "holds"
    assert verdict_of(scores_with(0.0), role="positive_control") == "fails"


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.01, 0.04], family_size=4) == pytest.approx([0.04, 0.12])
    assert holm([]) == []


def test_holm_of_a_part_is_never_smaller_than_of_the_whole():
    whole = [0.001, 0.012, 0.03, 0.2]
    for part in ([0, 2], [1, 3], [2]):
        adjusted = holm([whole[place] for place in part], family_size=4)
        full = holm(whole)
        assert all(a >= full[place] - 1e-12 for a, place in zip(adjusted, part, strict=True))


def test_only_primary_claims_share_the_adjustment():
    rows = scores_with(0.0, scatter=1.0)
    alone = decide_all(rows, [claim()], ["rvc"])[0]
    beside = decide_all(rows, [claim(), claim(name="other", role="secondary")], ["rvc"])
    assert beside[0].p_adjusted == alone.p
    assert decide_all(rows, [claim(), claim(name="other")], ["rvc"])[0].p_adjusted == pytest.approx(
        min(1.0, 2 * alone.p)
    )
    assert decide_all(rows, [claim()], ["rvc"], family_size=8)[0].p_adjusted == pytest.approx(min(1.0, 8 * alone.p))


def test_equivalence_needs_both_sides():
    fit = fit_crossed(np.array([[0.1, 0.2, 0.0], [0.0, 0.1, 0.2], [0.15, 0.1, 0.05]]))
    assert p_of_equivalence(fit, 1.0) < 0.01
    assert p_of_equivalence(fit, 0.05) > 0.5
    assert p_of_equivalence(fit, 1.0) == max(fit.p_less(1.0), fit.p_greater(-1.0))
    assert p_of_refutation(fit, "greater", 1.0) == fit.p_less(1.0)
    assert p_of_effect(fit, "either") == pytest.approx(2 * fit.p_greater(0.0))


def test_a_finding_is_plain_json_with_its_numbers():
    found = decide_all(scores_with(2.0), [claim()], ["rvc"])[0].as_dict()
    assert found["effect"] == pytest.approx(2.0, abs=0.2)
    assert found["interval"][0] < found["effect"] < found["interval"][1]
    assert (found["seeds"], len(found["songs"]), found["left_out"]) == ([0, 1, 2, 3], 5, 0)
