from dataclasses import replace

import faiss
import numpy as np
import pytest
import torch

from duetto.conversion import card_index
from duetto.conversion import retrieval as retrieval_module
from duetto.conversion.retrieval import (
    EXACT_ROWS,
    MIN_RECALL,
    RetrievalIndex,
    build_index,
    load_index,
    recall_at_k,
    save_index,
)
from duetto.errors import CheckpointError
from duetto.settings.config import RetrievalConfig

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


def clustered(count: int, width: int = 16, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(9).standard_normal((40, width))
    return (centres[generator.integers(0, 40, count)] + 0.3 * generator.standard_normal((count, width))).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def large():
    return build_index(clustered(EXACT_ROWS + 1000), encoder="test", layer=4, neighbours=8, seed=3)


def test_a_large_index_has_lists_and_reaches_the_recall_that_its_card_states(large):
    queries = clustered(300, seed=5)
    assert large.card.kind.startswith("IVF")
    assert large.card.recall_at_k >= MIN_RECALL
    assert recall_at_k(large.index, large.rows, queries, 8) > MIN_RECALL - 0.05
    assert (large.card.dimension, large.card.num_rows, large.card.encoder) == (16, EXACT_ROWS + 1000, "test")


def test_the_same_rows_and_seed_give_the_same_bytes(large, tmp_path):
    again = build_index(clustered(EXACT_ROWS + 1000), encoder="test", layer=4, neighbours=8, seed=3)
    save_index(large, tmp_path / "a")
    save_index(again, tmp_path / "b")
    for name in ("index.faiss", "index.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_probed_cell_without_rows_gives_finite_frames_that_stay_the_sources():
    """Upstream divides 0 by 0 there: one probe into an empty list finds nobody."""
    quantizer = faiss.IndexFlatL2(2)
    index = faiss.IndexIVFFlat(quantizer, 2, 2)
    index.train(np.array([[0.0, 0.0], [0.0, 0.1], [9.0, 9.0], [9.0, 9.1]] * 20, np.float32))
    index.add(np.array([[0.0, 0.0], [0.1, 0.0]], np.float32))
    index.nprobe = 1
    retrieval = RetrievalIndex(index, replace(make_index().card, dimension=2, num_rows=2))
    query = np.array([[9.0, 9.0], [0.0, 0.05]], np.float32)
    blended = retrieval.blend(query, np.ones(2, bool), RetrievalConfig(index_rate=1.0, neighbours=8))
    assert np.isfinite(blended).all()
    np.testing.assert_array_equal(blended[0], query[0])


def test_batches_do_not_matter(large, monkeypatch):
    queries = clustered(100, seed=6)
    voiced = np.ones(100, bool)
    whole = large.blend(queries, voiced, RetrievalConfig())
    monkeypatch.setattr(retrieval_module, "BATCH", 7)
    np.testing.assert_allclose(large.blend(queries, voiced, RetrievalConfig()), whole, atol=1e-6)


def test_the_search_goes_to_the_cuda_device_where_faiss_and_torch_both_have_one(monkeypatch):
    moved = []

    def to_gpu(resources, device, index):
        moved.append((resources, device))
        return index

    monkeypatch.setattr(card_index, "compute_device", lambda: torch.device("cuda"))
    plain = make_index()
    assert plain.searcher is plain.index, "faiss-cpu has no GPU part"
    monkeypatch.setattr(faiss, "StandardGpuResources", lambda: "resources", raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", to_gpu, raising=False)
    on_gpu = make_index()
    assert moved == [("resources", 0)]
    np.testing.assert_array_equal(
        on_gpu.blend(ROWS[:5], VOICED, RetrievalConfig()), plain.blend(ROWS[:5], VOICED, RetrievalConfig())
    )
    monkeypatch.setattr(card_index, "compute_device", lambda: torch.device("cpu"))
    make_index()
    assert len(moved) == 1


@pytest.mark.parametrize("fails_at", ["moving", "searching"])
def test_a_card_that_refuses_the_index_leaves_the_search_to_the_cpu_with_the_same_result(monkeypatch, caplog, fails_at):
    class Card:
        def search(self, queries, neighbours):
            raise RuntimeError(
                "Error in virtual void* faiss::gpu::StandardGpuResourcesImpl::allocMemory: out of memory"
            )

    def to_gpu(resources, device, index):
        if fails_at == "moving":
            raise RuntimeError("GPU index does not support this kind")
        return Card()

    plain = make_index().blend(ROWS[:5], VOICED, RetrievalConfig())
    monkeypatch.setattr(card_index, "compute_device", lambda: torch.device("cuda"))
    monkeypatch.setattr(faiss, "StandardGpuResources", lambda: "resources", raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", to_gpu, raising=False)
    index = make_index()
    np.testing.assert_array_equal(index.blend(ROWS[:5], VOICED, RetrievalConfig()), plain)
    index.blend(ROWS[:5], VOICED, RetrievalConfig())
    assert caplog.text.count("The index is searched on the CPU") == 1


def test_an_index_of_ours_from_which_rows_were_taken_is_refused(tmp_path):
    rows = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32)
    inverted = faiss.index_factory(4, "IVF2,Flat")
    inverted.train(rows)
    inverted.add(rows)
    card = replace(build_index(rows, "encoder", 0, 2, 0).card, num_rows=200)
    save_index(RetrievalIndex(inverted, card), tmp_path)
    inverted.set_direct_map_type(faiss.DirectMap.NoMap)
    inverted.remove_ids(np.arange(5))
    inverted.add_with_ids(rows[:5], np.arange(5) + 300)
    faiss.write_index(inverted, str(tmp_path / "index.faiss"))
    with pytest.raises(CheckpointError, match=r"index\.faiss cannot be used: its rows are not numbered.*Convert with"):
        load_index(tmp_path)
