"""The lower and the upper bound of a score, and the share of the gap between them that a conversion closed."""

import math

MIN_GAP = 0.1  # dB for MCD: a smaller gap between the bounds is not meaningful


def gap_closed(source_distance: float, output_distance: float, copy_synthesis_distance: float) -> float:
    """Share of the gap between the unconverted source and the copy synthesis that a conversion closed.

    Args:
        source_distance: d(source transposed to the target's pitch, reference), the lower bound.
        output_distance: d(output, reference), in the same unit.
        copy_synthesis_distance: d(reference through the vocoder, reference), the upper bound.

    Returns:
        0 = did nothing, 1 = as good as the vocoder allows, negative = worse than the source. NaN when a
        distance is undefined or when the source is not at least 0.1 farther from the reference than the copy synthesis.
    """
    gap = source_distance - copy_synthesis_distance
    if not all(map(math.isfinite, (gap, output_distance))) or gap <= MIN_GAP:
        return math.nan
    return (source_distance - output_distance) / gap
