import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.ddb.bank import DdbSegment
from duetto.corpus.ddb.ddi import MAX_DEPTH, DdiSample, read_ddi
from duetto.corpus.ddb.writer import tree_bytes
from duetto.errors import CorpusError

STATIONARY = DdbSegment(100, 44_100, 1000, ("a",), -199.5)
PAIR = DdbSegment(2200, 44_100, 1000, ("k", "a"), 64.0)
TRIPLE = DdbSegment(4300, 44_100, 1000, ("a", "k", "i"), 70.0)


def write(path: Path, *segments: DdbSegment) -> Path:
    path.write_bytes(tree_bytes(segments))
    return path


def test_stationary_phones_diphones_and_triphones_are_named(tmp_path: Path):
    tree = read_ddi(write(tmp_path / "a.ddi", STATIONARY, PAIR, TRIPLE))
    assert tree.report == ""
    assert set(tree.samples) == {
        DdiSample(("a",), -199.5, 100 + 18 + 1000),  # a stationary entry points into its sound: here at the middle
        DdiSample(("k", "a"), 64.0, 2200 + 18),
        DdiSample(("a", "k", "i"), 70.0, 4300 + 18),
    }


@pytest.mark.parametrize("segments", [(), (STATIONARY,), (PAIR,)])
def test_a_section_may_be_empty(tmp_path: Path, segments: tuple[DdbSegment, ...]):
    tree = read_ddi(write(tmp_path / "a.ddi", *segments))
    assert tree.report == ""
    assert len(tree.samples) == len(segments)


def test_a_section_whose_first_block_is_damaged_is_not_read_from_the_second(tmp_path: Path):
    path = write(tmp_path / "a.ddi", PAIR, TRIPLE)
    path.write_bytes(path.read_bytes().replace(b"ART ", b"ARX ", 1))
    tree = read_ddi(path)
    assert tree.samples == ()
    assert "articulation section in an unknown layout" in tree.report


def test_a_pitch_that_is_no_number_is_unknown(tmp_path: Path):
    path = write(tmp_path / "a.ddi", replace(PAIR, pitch=float("nan")))
    assert [sample.pitch for sample in read_ddi(path).samples] == [None]


def test_another_layout_gives_a_sentence_and_no_names(tmp_path: Path):
    path = tmp_path / "a.ddi"
    path.write_bytes(b"VOCALOID2 or anything else" * 10)
    tree = read_ddi(path)
    assert tree.samples == ()
    assert "no stationary section" in tree.report
    assert "no articulation section" in tree.report


def test_one_damaged_section_does_not_cost_the_other(tmp_path: Path):
    path = write(tmp_path / "a.ddi", STATIONARY, PAIR)
    path.write_bytes(path.read_bytes().replace(b"STAp", b"STAx"))
    tree = read_ddi(path)
    assert [sample.phones for sample in tree.samples] == [("k", "a")]
    assert "stationary section in an unknown layout" in tree.report
    assert "'STAp' is expected" in tree.report


def test_a_count_larger_than_the_file_is_not_believed(tmp_path: Path):
    path = write(tmp_path / "a.ddi", STATIONARY)
    head = b"STA " + struct.pack("<IQ", 0, 1)
    path.write_bytes(path.read_bytes().replace(head + struct.pack("<I", 1), head + struct.pack("<I", 2**32 - 1)))
    assert "announces 4294967295 entries" in read_ddi(path).report


def test_a_name_longer_than_any_phone_is_not_believed(tmp_path: Path):
    path = write(tmp_path / "a.ddi", STATIONARY)
    path.write_bytes(path.read_bytes().replace(b"\x01\0\0\0a", b"\xff\xff\xff\x7fa"))
    assert "announces a name of 2147483647 bytes" in read_ddi(path).report


def test_articulations_without_end_are_stopped(tmp_path: Path):
    block = bytes(8) + b"ART " + struct.pack("<5I", 0, 1, 0, 0, 1)
    (tmp_path / "a.ddi").write_bytes(b"ARR " + struct.pack("<IQI", 0, 1, 1) + block * 5000)
    assert f"nest deeper than {MAX_DEPTH}" in read_ddi(tmp_path / "a.ddi").report


def test_a_tree_cut_anywhere_is_read_or_reported(tmp_path: Path):
    whole = tree_bytes((STATIONARY, PAIR, TRIPLE))
    path = tmp_path / "a.ddi"
    for length in np.linspace(0, len(whole) - 1, 200).astype(int):
        path.write_bytes(whole[:length])
        assert read_ddi(path).report


def test_a_missing_tree_is_an_error(tmp_path: Path):
    with pytest.raises(CorpusError, match="cannot be read"):
        read_ddi(tmp_path / "a.ddi")


def test_a_file_larger_than_any_tree_is_refused_unread(tmp_path: Path):
    path = tmp_path / "a.ddi"
    with path.open("wb") as file:
        file.truncate(2**30)  # sparse
    with pytest.raises(CorpusError, match="Is it the"):
        read_ddi(path)
