"""What a clip's labels say of it, on the clip's own time."""

import numpy as np
import pytest

from duetto.corpus.manifest import Clip
from duetto.runs.test import known_of
from duetto.singer.truth import Truth, save_truth


def clip_at(start: int) -> Clip:
    return Clip("truth/a", "a.wav", "", "truth", "test", "a", "low", 1000, 500, truth="a.npz", start=start)


@pytest.fixture
def folder(tmp_path):
    melody = 200.0 + np.arange(100)  # every 10 ms, for a second
    truth = Truth(("a", "i", "pau"), np.array([0.0, 0.4, 0.9]), np.array([0.4, 0.9, 1.0]), melody, 0.01)
    save_truth(truth, tmp_path / "a.npz")
    return tmp_path


def test_boundaries_and_melody_of_a_clip_begin_where_it_does(folder):
    known = known_of(folder, clip_at(300))
    assert known.boundaries_s == pytest.approx((0.1,))
    assert known.f0_hz.size == 101  # half a second, every 5 ms
    np.testing.assert_allclose(known.f0_hz[::2], 230.0 + np.arange(51), atol=1.0)


def test_after_the_labels_end_nothing_is_known(folder):
    known = known_of(folder, clip_at(800))
    assert (known.f0_hz[:39] > 0).all()
    assert not known.f0_hz[42:].any()


def test_a_clip_without_labels_knows_nothing(tmp_path):
    assert known_of(tmp_path, Clip("a", "a.wav", "", "truth", "test", "a", "low", 1000, 500)) is None
