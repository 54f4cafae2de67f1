"""Reads numbers from JSON files, in which null is an undefined score."""

import math
from typing import Any


def as_number(value: Any) -> float:
    """The number; NaN for null and other values."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
