"""Feature files are counted without being read, and kept in memory up to a number of bytes."""

import json
import os

import numpy as np
import pytest

from duetto.errors import StorageError
from duetto.features import cache, memory
from duetto.features.cache import ClipFeatures, save_features
from duetto.features.listing import LISTING, list_frames, listed_frames
from duetto.features.memory import FeatureMemory

HOP, WIDTH = 10, 4
CLIP_BYTES = 4 * 50 * (WIDTH + 1 + HOP)  # of fifty frames of float32


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


@pytest.fixture
def reads(monkeypatch):
    """The names of the files that are read."""
    names, load = [], cache.load_features

    def counted(path):
        names.append(path.stem)
        return load(path)

    monkeypatch.setattr(memory, "load_features", counted)
    return names


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


def test_a_file_is_read_once_while_there_is_room(files, reads):
    kept = FeatureMemory()
    for _ in range(3):
        for number, path in enumerate(files):
            assert kept.load(path).content[0, 0] == number
    assert reads == ["a", "b", "c"]
    assert kept.num_bytes == 3 * CLIP_BYTES


def test_what_was_not_asked_for_longest_goes_when_the_bytes_are_used_up(files, reads):
    a, b, c = files
    kept = FeatureMemory()
    for path in (a, b, a, c, a, b):
        kept.load(path, 2 * CLIP_BYTES)
        assert kept.num_bytes <= 2 * CLIP_BYTES
    assert reads == ["a", "b", "c", "b"]


def test_a_clip_larger_than_the_memory_is_given_and_not_kept(files, reads):
    kept = FeatureMemory()
    assert kept.load(files[0], CLIP_BYTES - 1).num_frames == 50
    assert kept.num_bytes == 0
    kept.load(files[0], CLIP_BYTES - 1)
    assert reads == ["a", "a"]


def test_a_damaged_file_is_an_error_and_not_kept(files):
    kept = FeatureMemory()
    files[0].write_bytes(b"")
    with pytest.raises(StorageError, match="damaged"):
        kept.load(files[0])
    save_features(features(value=7.0), files[0])
    assert kept.load(files[0]).content[0, 0] == 7.0
