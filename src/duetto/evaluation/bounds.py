"""The worst and the best that a score can be, and where a conversion stands between them."""

import math

MIN_GAP = 0.1  # dB for MCD: bounds closer than this say nothing about what lies between


def gap_closed(source_distance: float, output_distance: float, resynthesis_distance: float) -> float:
    """Share of the way from the unconverted source to the vocoder's best that a conversion went.

    Args:
        source_distance: d(source transposed to the target's pitch, truth), the lower bound.
        output_distance: d(output, truth), in the same unit.
        resynthesis_distance: d(truth through the vocoder, truth), the upper bound.

    Returns:
        0 = did nothing, 1 = as good as the vocoder allows, negative = worse than the source. NaN when a
        distance is undefined or when the source is not at least 0.1 farther from the truth than the resynthesis.
    """
    gap = source_distance - resynthesis_distance
    if not all(map(math.isfinite, (gap, output_distance))) or gap <= MIN_GAP:
        return math.nan
    return (source_distance - output_distance) / gap
