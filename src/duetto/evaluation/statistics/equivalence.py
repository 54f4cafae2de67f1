"""Hypothesis tests on a fitted model: for an effect, for equivalence, and adjusted for several hypotheses.

References: Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987 (two one-sided tests); Lakens, Social
Psychological and Personality Science 8, 2017 (smallest effect of interest); Holm, Scandinavian Journal of
Statistics 6, 1979.
"""

from collections.abc import Sequence

from duetto.evaluation.statistics.crossed import CrossedFit

GREATER, LESS, EITHER = "greater", "less", "either"
DIRECTIONS = (GREATER, LESS, EITHER)


def p_of_effect(fit: CrossedFit, direction: str) -> float:
    """P value of "there is no effect in the claimed direction"; one-sided, or two-sided for `either`."""
    if direction == GREATER:
        return fit.p_greater(0.0)
    if direction == LESS:
        return fit.p_less(0.0)
    return min(1.0, 2.0 * min(fit.p_greater(0.0), fit.p_less(0.0)))


def p_of_equivalence(fit: CrossedFit, smallest_effect: float) -> float:
    """P of "the effect is at least as large as the smallest of interest, either way" (two one-sided tests)."""
    return max(fit.p_less(smallest_effect), fit.p_greater(-smallest_effect))


def p_of_refutation(fit: CrossedFit, direction: str, smallest_effect: float) -> float:
    """P of "the claimed effect exists and is at least as large as the smallest of interest".

    A claim with a direction is refuted by an effect below the smallest of interest, including an opposite one; a claim
    without a direction is refuted by equivalence.
    """
    if direction == GREATER:
        return fit.p_less(smallest_effect)
    if direction == LESS:
        return fit.p_greater(-smallest_effect)
    return p_of_equivalence(fit, smallest_effect)


def holm(p_values: Sequence[float], family_size: int | None = None) -> list[float]:
    """P values adjusted for several tests, in the order given.

    Args:
        p_values: 0 to 1.
        family_size: Size of the whole family, if further tests are made elsewhere; at least the number given. The
            result is then never smaller than Holm's over the whole family.
    """
    size = max(len(p_values), family_size or 0)
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (size - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
