import numpy as np
import pytest

from duetto.spans import true_spans


@pytest.mark.parametrize(
    ("flags", "least", "expected"),
    [
        ("0110111", 1, [(1, 3), (4, 7)]),
        ("0110111", 3, [(4, 7)]),
        ("1", 1, [(0, 1)]),
        ("000", 1, []),
        ("", 1, []),
    ],
)
def test_runs_of_true_are_found_up_to_both_ends(flags, least, expected):
    assert true_spans(np.array([flag == "1" for flag in flags], dtype=bool), least) == expected
