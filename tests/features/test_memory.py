"""Feature files are counted without being read, and read once."""

import json
import os

import numpy as np
import pytest

from duetto.errors import StorageError
from duetto.features.cache import ClipFeatures, save_features
from duetto.features.listing import LISTING, list_frames, listed_frames
from duetto.features.memory import recall_features

HOP, WIDTH = 10, 4


def features(frames=50, value=0.0):
    return ClipFeatures(
        np.full((frames, WIDTH), value, np.float32), np.zeros(frames, np.float32), np.zeros(frames * HOP, np.float32)
    )


@pytest.fixture
def files(tmp_path):
    """Three feature files in two folders."""
    paths = [tmp_path / "ab" / "a.npz", tmp_path / "ab" / "b.npz", tmp_path / "cd" / "c.npz"]
    for number, path in enumerate(paths):
        save_features(features(value=number), path)
    return paths


def test_what_is_listed_is_known_as_long_as_the_file_stays_as_it_was(files):
    a, b, c = files
    assert listed_frames(files) == {}
    list_frames({a: 50, b: 50, c: 50})
    assert listed_frames(files) == {a: 50, b: 50, c: 50}
    b.write_bytes(b.read_bytes()[:-1])
    os.utime(c, ns=(0, 0))
    assert listed_frames(files) == {a: 50}


def test_a_listing_grows_and_forgets_files_that_are_gone(files):
    a, b, _ = files
    list_frames({a: 50})
    list_frames({b: 50})
    assert listed_frames(files) == {a: 50, b: 50}
    a.unlink()
    list_frames({b: 50})
    assert list(json.loads((b.parent / LISTING).read_text())) == ["b.npz"]


@pytest.mark.parametrize("damage", ["", "{", "[1]"])
def test_a_damaged_listing_is_as_good_as_none(files, damage):
    list_frames({files[0]: 50})
    (files[0].parent / LISTING).write_text(damage)
    assert listed_frames(files) == {}
    list_frames({files[0]: 50})
    assert listed_frames(files) == {files[0]: 50}


def test_what_is_recalled_is_what_the_file_holds_and_one_that_is_damaged_is_an_error(files):
    for number, path in enumerate(files):
        assert recall_features(path).content[0, 0] == number
    files[0].unlink()
    assert recall_features(files[0]).content[0, 0] == 0.0  # it was read before
    damaged = files[1].with_name("damaged.npz")
    damaged.write_bytes(b"")
    with pytest.raises(StorageError, match="damaged"):
        recall_features(damaged)


def test_a_clip_counts_with_all_its_arrays():
    assert features().num_bytes == 4 * 50 * (WIDTH + 1 + HOP)
