import numpy as np

from duetto.singer.annotations import Annotations


def test_boundaries_are_where_one_sung_phone_becomes_the_next():
    phones = ("pau", "k", "a", "pau", "m", "o", "sil")
    ends = np.arange(1.0, 8.0)
    annotations = Annotations(phones, ends - 1.0, ends, np.zeros(0), 0.005)
    assert annotations.boundaries_s == (2.0, 5.0)


def test_one_phone_or_none_has_no_boundary():
    assert Annotations(("a",), np.zeros(1), np.ones(1), np.zeros(0), 0.005).boundaries_s == ()
    assert Annotations((), np.zeros(0), np.zeros(0), np.zeros(0), 0.005).boundaries_s == ()
