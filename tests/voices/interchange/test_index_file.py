"""Foreign indexes: measured first, read second."""

import struct

import faiss
import numpy as np
import pytest

from duetto.errors import CheckpointError
from duetto.voices.interchange.index_file import measure_index, read_index_file
from tests.voices.interchange.files import random_rows, write_index

ROWS = random_rows(200, 6)


def test_rows_of_inverted_lists_come_back_in_order(tmp_path):
    _, rows, layout = read_index_file(write_index(tmp_path / "a.index", ROWS, "IVF5,Flat"))
    np.testing.assert_array_equal(rows, ROWS)
    assert (layout.kind, layout.dimension, layout.num_rows, layout.num_lists) == ("IVF5,Flat", 6, 200, 5)
    assert layout.num_probes == 1


def test_rows_of_plain_vectors_come_back(tmp_path):
    _, rows, layout = read_index_file(write_index(tmp_path / "a.index", ROWS, "Flat"))
    np.testing.assert_array_equal(rows, ROWS)
    assert layout.kind == "Flat"


def test_sparse_lists_are_counted(tmp_path):
    index = faiss.index_factory(6, "IVF60,Flat")
    index.cp.min_points_per_centroid = 1
    index.train(ROWS)
    index.add(ROWS[:20])  # most lists stay empty, which faiss stores as pairs
    faiss.write_index(index, str(tmp_path / "a.index"))
    _, rows, _ = read_index_file(tmp_path / "a.index")
    np.testing.assert_array_equal(rows, ROWS[:20])


@pytest.mark.parametrize("direct_map", [faiss.DirectMap.Array, faiss.DirectMap.Hashtable])
def test_an_index_with_a_direct_map_is_read(tmp_path, direct_map):
    index = faiss.index_factory(6, "IVF2,Flat")
    index.train(ROWS)
    index.add(ROWS)
    index.set_direct_map_type(direct_map)
    faiss.write_index(index, str(tmp_path / "a.index"))
    np.testing.assert_array_equal(read_index_file(tmp_path / "a.index")[1], ROWS)


@pytest.mark.parametrize("factory", ["IVF5,Flat", "Flat"])
def test_every_truncation_is_one_clear_error(tmp_path, factory):
    whole = write_index(tmp_path / "a.index", ROWS[:40], factory).read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "b.index").write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"b\.index cannot be used"):
            measure_index(tmp_path / "b.index")


def spoiled(tmp_path, offset, layout, value, factory="IVF5,Flat"):
    path = write_index(tmp_path / "a.index", ROWS, factory)
    data = bytearray(path.read_bytes())
    struct.pack_into(f"<{layout}", data, offset, value)
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize(
    ("offset", "layout", "value", "sentence"),
    [
        (0, "4s", b"IxPQ", "its kind is b'IxPQ'"),
        (4, "i", 2**30, "claims 200 rows of 1073741824"),
        (8, "q", 2**40, "do not add up to the 1099511627776 rows"),
        (8, "q", -1, "claims -1 rows"),
        (32, "B", 0, "never trained"),
        (33, "i", 0, "metric is number 0"),
        (37, "Q", 2**60, "centroids do not belong"),
    ],
)
def test_a_header_that_lies_is_refused_before_memory_is_taken(tmp_path, offset, layout, value, sentence):
    with pytest.raises(CheckpointError, match=sentence):
        measure_index(spoiled(tmp_path, offset, layout, value))


def test_plain_vectors_that_claim_more_than_the_file_holds_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="where its header says"):
        measure_index(spoiled(tmp_path, 37, "Q", 2**50, "Flat"))


def test_bytes_behind_the_end_are_refused(tmp_path):
    path = write_index(tmp_path / "a.index", ROWS)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CheckpointError, match="1 bytes follow its end"):
        measure_index(path)


def test_an_index_without_rows_or_with_undefined_ones_is_refused(tmp_path):
    empty = faiss.index_factory(6, "IVF2,Flat")
    empty.train(ROWS)
    faiss.write_index(empty, str(tmp_path / "a.index"))
    with pytest.raises(CheckpointError, match="holds no rows: it is the trained_"):
        read_index_file(tmp_path / "a.index")
    rows = ROWS.copy()
    rows[3, 2] = np.nan
    with pytest.raises(CheckpointError, match="undefined values"):
        read_index_file(write_index(tmp_path / "b.index", rows, "Flat"))


def test_rows_numbered_by_other_ids_are_refused(tmp_path):
    index = faiss.index_factory(6, "IVF2,Flat")
    index.train(ROWS)
    index.add_with_ids(ROWS, np.arange(200) + 1000)
    faiss.write_index(index, str(tmp_path / "a.index"))
    with pytest.raises(CheckpointError, match="not numbered 0 to N-1"):
        read_index_file(tmp_path / "a.index")


@pytest.mark.parametrize("direct_map", [faiss.DirectMap.NoMap, faiss.DirectMap.Hashtable])
def test_an_index_from_which_rows_were_taken_and_others_added_is_refused(tmp_path, direct_map):
    index = faiss.index_factory(6, "IVF2,Flat")
    index.train(ROWS)
    index.set_direct_map_type(direct_map)
    index.add(ROWS)
    index.remove_ids(np.arange(10))
    index.add_with_ids(ROWS[:10], np.arange(10) + 150)  # as many rows as before, some under one number
    faiss.write_index(index, str(tmp_path / "a.index"))
    with pytest.raises(CheckpointError, match="not numbered 0 to N-1, each once"):
        read_index_file(tmp_path / "a.index")


def test_rows_that_were_added_in_another_order_come_back_by_their_numbers(tmp_path):
    index = faiss.index_factory(6, "IVF2,Flat")
    index.train(ROWS)
    index.add_with_ids(ROWS[::-1].copy(), np.arange(200)[::-1].copy())
    faiss.write_index(index, str(tmp_path / "a.index"))
    _, rows, _ = read_index_file(tmp_path / "a.index")
    np.testing.assert_array_equal(rows, ROWS)


def test_no_damage_brings_down_the_process(tmp_path):
    whole = write_index(tmp_path / "a.index", ROWS[:40], "IVF5,Flat").read_bytes()
    generator = np.random.default_rng(0)
    outcomes = set()
    for _ in range(300):
        data = bytearray(whole)
        for offset in generator.integers(0, len(data), size=generator.integers(1, 4)):
            data[offset] = generator.integers(0, 256)
        (tmp_path / "b.index").write_bytes(bytes(data))
        try:
            _, rows, _ = read_index_file(tmp_path / "b.index")
            outcomes.add(rows.shape)
        except CheckpointError:
            outcomes.add("refused")
    assert outcomes == {(40, 6), "refused"}
