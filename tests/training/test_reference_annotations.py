"""What a clip's labels say of it, on the clip's own time."""

import numpy as np
import pytest

from duetto.corpus.manifest import Clip
from duetto.runs.test import annotations_of
from duetto.singer.annotations import Annotations, save_annotations


def clip_at(start: int) -> Clip:
    return Clip(
        "reference/a", "a.wav", "", "reference", "test", "a", "low", 1000, 500, annotations="a.npz", start=start
    )


@pytest.fixture
def folder(tmp_path):
    melody = 200.0 + np.arange(100)  # every 10 ms, for a second
    annotations = Annotations(("a", "i", "pau"), np.array([0.0, 0.4, 0.9]), np.array([0.4, 0.9, 1.0]), melody, 0.01)
    save_annotations(annotations, tmp_path / "a.npz")
    return tmp_path


def test_boundaries_and_melody_of_a_clip_begin_where_it_does(folder):
    annotations = annotations_of(folder, clip_at(300))
    assert annotations.boundaries_s == pytest.approx((0.1,))
    assert annotations.f0_hz.size == 101  # half a second, every 5 ms
    np.testing.assert_allclose(annotations.f0_hz[::2], 230.0 + np.arange(51), atol=1.0)


def test_after_the_labels_end_nothing_is_known(folder):
    annotations = annotations_of(folder, clip_at(800))
    assert (annotations.f0_hz[:39] > 0).all()
    assert not annotations.f0_hz[42:].any()


def test_a_clip_without_labels_knows_nothing(tmp_path):
    assert annotations_of(tmp_path, Clip("a", "a.wav", "", "reference", "test", "a", "low", 1000, 500)) is None
