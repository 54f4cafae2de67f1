import numpy as np
import pytest

from duetto.config import RetrievalConfig
from duetto.conversion.retrieval import build_index, load_index, recall_at_k, save_index
from duetto.errors import CheckpointError

ROWS = np.random.default_rng(0).standard_normal((200, 8)).astype(np.float32)
VOICED = np.ones(5, bool)


def make_index(rows=ROWS):
    return build_index(rows, encoder="test", layer=4, neighbours=8, seed=0)


def test_an_exact_hit_gives_the_row_itself_and_no_nan():
    blended = make_index().blend(ROWS[:5], VOICED, RetrievalConfig(index_rate=1.0))
    np.testing.assert_allclose(blended, ROWS[:5], atol=1e-3)


def test_rate_zero_changes_nothing():
    np.testing.assert_array_equal(make_index().blend(ROWS[:5], VOICED, RetrievalConfig(index_rate=0.0)), ROWS[:5])


def test_one_neighbour_at_half_rate_is_the_midpoint():
    index = make_index(np.array([[0.0, 0.0], [10.0, 10.0]], np.float32))
    query = np.array([[1.0, 1.0]], np.float32)
    blended = index.blend(query, np.array([True]), RetrievalConfig(index_rate=0.5, neighbours=1))
    np.testing.assert_allclose(blended, [[0.5, 0.5]], atol=1e-6)


def test_weights_fall_with_the_fourth_power_of_distance():
    index = make_index(np.array([[0.0], [3.0]], np.float32))
    blended = index.blend(
        np.array([[1.0]], np.float32), np.array([True]), RetrievalConfig(index_rate=1.0, neighbours=2)
    )
    near, far = 1.0, 1 / 2**4
    np.testing.assert_allclose(blended, [[3.0 * far / (near + far)]], rtol=1e-5)


def test_more_neighbours_than_rows_stays_finite():
    index = make_index(ROWS[:3])
    assert np.isfinite(index.blend(ROWS[50:55], VOICED, RetrievalConfig(index_rate=1.0, neighbours=8))).all()


def test_protect_lowers_the_share_of_unvoiced_frames_only():
    index = make_index(np.zeros((4, 2), np.float32))
    query = np.ones((2, 2), np.float32)
    blended = index.blend(query, np.array([True, False]), RetrievalConfig(index_rate=0.5, protect=0.2))
    np.testing.assert_allclose(blended, [[0.5, 0.5], [0.9, 0.9]], atol=1e-6)


def test_another_width_is_refused():
    with pytest.raises(CheckpointError, match="8-wide"):
        make_index().blend(np.zeros((2, 9), np.float32), np.ones(2, bool), RetrievalConfig())


def test_an_index_survives_the_disk(tmp_path):
    save_index(make_index(), tmp_path)
    loaded = load_index(tmp_path)
    query = np.random.default_rng(1).standard_normal((5, 8)).astype(np.float32)
    config = RetrievalConfig(index_rate=0.7)
    np.testing.assert_array_equal(loaded.blend(query, VOICED, config), make_index().blend(query, VOICED, config))


def test_a_missing_or_truncated_index_is_one_clear_error(tmp_path):
    with pytest.raises(CheckpointError, match="missing"):
        load_index(tmp_path)
    save_index(make_index(), tmp_path)
    data = (tmp_path / "index.faiss").read_bytes()
    (tmp_path / "index.faiss").write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        load_index(tmp_path)


def test_exact_search_recalls_everything():
    index = make_index()
    assert recall_at_k(index.index, ROWS, ROWS[:20], 8) == 1.0


def test_rows_with_nan_are_refused():
    with pytest.raises(CheckpointError, match="finite"):
        make_index(np.full((3, 2), np.nan, np.float32))
