"""The index that upstream users get."""

import faiss
import numpy as np
import pytest

from duetto.voices.interchange.index_file import read_index_file
from duetto.voices.interchange.public_index import build_public_index, count_lists, reduce_rows, write_public_index
from tests.voices.interchange.files import random_rows


@pytest.mark.parametrize(
    ("num_rows", "num_lists"),
    [(1, 1), (38, 1), (39, 1), (78, 2), (10_000, 256), (100_000, 2564), (168_480, 4320), (200_000, 5128)],
)
def test_the_number_of_lists_is_upstreams(num_rows, num_lists):
    assert count_lists(num_rows) == num_lists


def test_the_file_has_upstreams_name_parameters_and_rows(tmp_path):
    rows = random_rows(400, 8)
    path = write_public_index(rows, tmp_path, "mei", "v2", seed=0)
    assert path.name == "added_IVF10_Flat_nprobe_1_mei_v2.index"
    index, found, layout = read_index_file(path)
    np.testing.assert_array_equal(found, rows)
    assert (layout.num_lists, layout.num_probes, index.nprobe, index.metric_type) == (10, 1, 1, faiss.METRIC_L2)


def test_a_handful_of_rows_makes_one_list(tmp_path, capfd):
    path = write_public_index(random_rows(5, 8), tmp_path, "mei", "v1", seed=0)
    assert path.name == "added_IVF1_Flat_nprobe_1_mei_v1.index"
    assert capfd.readouterr().err == ""


def test_the_same_seed_gives_the_same_bytes():
    rows = random_rows(500, 8)
    first, second = (faiss.serialize_index(build_public_index(rows, seed=3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_too_many_rows_become_centroids_of_their_own(tmp_path):
    clusters = np.repeat(random_rows(4, 3) * 100, 50, axis=0)
    rows = clusters + random_rows(200, 3, seed=1)
    centroids = reduce_rows(rows, seed=0, max_rows=100, num_centroids=4)
    assert centroids.shape == (4, 3)
    nearest = np.linalg.norm(clusters[::50, None] - centroids[None], axis=2).min(axis=1)
    assert nearest.max() < 1.0  # a cluster's mean lies within a row's spread
    np.testing.assert_array_equal(centroids, reduce_rows(rows, seed=0, max_rows=100, num_centroids=4))
    assert reduce_rows(rows, seed=0) is rows
