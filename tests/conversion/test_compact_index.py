"""The index of a long training: units in eight bits, built clip by clip."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import faiss
import numpy as np
import pytest

from duetto.conversion import compact_index
from duetto.conversion.compact_index import IndexOrigin, write_index
from duetto.conversion.index_writer import ListWriter
from duetto.conversion.retrieval import build_index, load_index, share_found
from duetto.errors import CheckpointError, StorageError
from duetto.features.units import EVERY_FRAME, UnitGrid, mix_units
from duetto.settings.config import RetrievalConfig
from duetto.voices.interchange.index_file import read_index_file
from duetto.voices.interchange.public_index import write_public_index

GRID = UnitGrid(-0.5, 2.4)
ORIGIN = IndexOrigin("test", 4, 8, seed=3)
WIDTH = 16


def clip(num_frames: int, seed: int, grid: UnitGrid = GRID) -> np.ndarray:
    """Frames between units that wander around common centres."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(9).standard_normal((40, WIDTH))
    count = int(num_frames / grid.step) + 2
    which = np.repeat(generator.integers(0, 40, count // 8 + 1), 8)[:count]
    units = (centres[which] + 0.3 * generator.standard_normal((count, WIDTH))).astype(np.float32)
    left, share = grid.places(num_frames, count)
    return mix_units(units, left, share)


class Rows:
    """Clips in memory."""

    def __init__(self, clips, grid=GRID):
        self.clips, self.grid, self.num_rows = clips, grid, sum(map(len, clips))

    def __iter__(self):
        return iter(self.clips)


CLIPS = [clip(1000, seed) for seed in range(8)]


@pytest.fixture(scope="module", autouse=True)
def few_are_many():
    """Corpora of 5000 frames count as long, so that tests are quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compact_index, "EXACT_ROWS", 5000)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voice")
    write_index(Rows(CLIPS), ORIGIN, folder)
    return folder


def test_it_finds_the_neighbours_that_exact_search_finds_and_blends_alike(folder):
    index, exact = load_index(folder), faiss.IndexFlatL2(WIDTH)
    rows, queries = np.concatenate(CLIPS), clip(300, 50)
    exact.add(rows)
    assert share_found(index.index, queries, exact.search(queries, 8)[1]) > 0.93
    assert index.card.recall_at_k > 0.93
    config, voiced = RetrievalConfig(index_rate=1.0), np.ones(len(queries), bool)
    flat = build_index(rows, "test", 4, 8, 0)
    wanted = flat.blend(queries, voiced, config)
    error = np.linalg.norm(index.blend(queries, voiced, config) - wanted) / np.linalg.norm(wanted)
    assert error < 0.05


def test_it_takes_less_than_a_sixth_of_the_frames_and_is_not_read_into_memory(folder):
    rows = np.concatenate(CLIPS)
    assert (folder / "index.faiss").stat().st_size < (WIDTH + 8) / 2.4 * len(rows) * 1.2
    assert isinstance(faiss.downcast_InvertedLists(load_index(folder).index.units.invlists), faiss.OnDiskInvertedLists)


def test_all_frames_come_back_within_the_eight_bits(folder):
    rows = np.concatenate(CLIPS)
    np.testing.assert_allclose(load_index(folder).rows, rows, atol=(rows.max() - rows.min()) / 200)


def test_the_same_rows_give_the_same_bytes_however_large_the_blocks(folder, tmp_path, monkeypatch):
    write_index(Rows(CLIPS), ORIGIN, tmp_path / "a")
    for name in ("index.faiss", "index.json"):
        assert (tmp_path / "a" / name).read_bytes() == (folder / name).read_bytes()
    monkeypatch.setattr(compact_index, "BLOCK_UNITS", 1000)
    write_index(Rows(CLIPS), ORIGIN, tmp_path / "b")
    np.testing.assert_array_equal(load_index(tmp_path / "b").rows, load_index(folder).rows)


def test_faiss_alone_reads_the_file(folder):
    index = faiss.read_index(str(folder / "index.faiss"))
    card = json.loads((folder / "index.json").read_text())
    assert index.ntotal == sum(units for _, units in card["clips"])


def test_a_clip_on_another_grid_is_kept_frame_by_frame(tmp_path):
    noise = np.random.default_rng(1).standard_normal((500, WIDTH)).astype(np.float32)
    write_index(Rows([*CLIPS[:7], noise]), ORIGIN, tmp_path)
    index = load_index(tmp_path)
    assert index.card.clips[-1] == [500, 500]
    np.testing.assert_allclose(index.rows[-500:], noise, atol=0.05)


def test_an_encoder_without_a_grid_has_every_frame(tmp_path):
    write_index(Rows(CLIPS[:7], EVERY_FRAME), ORIGIN, tmp_path)
    index = load_index(tmp_path)
    assert index.index.units.ntotal == index.card.num_rows == 7000


def test_units_are_exported_and_come_back_in_a_public_index(folder, tmp_path):
    stored = load_index(folder).stored_rows
    assert 2 * len(stored) < 8000
    _, rows, _ = read_index_file(write_public_index(stored, tmp_path, "mei", "v2", seed=0))
    np.testing.assert_array_equal(rows, stored)


def test_lists_that_do_not_fit_the_disk_leave_nothing(folder, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(ListWriter, "_read", full)
    with pytest.raises(StorageError, match="the disk is full"):
        write_index(Rows(CLIPS[:7]), ORIGIN, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_small_corpus_stays_exact(tmp_path):
    write_index(Rows(CLIPS[:2]), ORIGIN, tmp_path)
    index = load_index(tmp_path)
    assert (index.card.kind, index.card.clips) == ("Flat", None)
    np.testing.assert_array_equal(index.rows, np.concatenate(CLIPS[:2]))


def test_undefined_or_no_content_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="finite"):
        write_index(Rows([*CLIPS, np.full((9, WIDTH), np.nan, np.float32)]), ORIGIN, tmp_path)
    with pytest.raises(CheckpointError, match="finite"):
        write_index(Rows([]), ORIGIN, tmp_path)


def test_clips_that_do_not_add_up_to_the_rows_are_refused(folder, tmp_path):
    card = json.loads((folder / "index.json").read_text())
    (tmp_path / "index.faiss").write_bytes((folder / "index.faiss").read_bytes())
    (tmp_path / "index.json").write_text(json.dumps({**card, "clips": card["clips"][:-1]}))
    with pytest.raises(CheckpointError, match="its card says otherwise"):
        load_index(tmp_path)


MEMORY = """
import numpy as np, faiss
from pathlib import Path
from duetto.conversion.compact_index import IndexOrigin, write_index
from duetto.features.units import UnitGrid
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
class Rows:
    grid, num_rows = UnitGrid(0.0, 2.0, True), 300_000
    def __iter__(self):
        for seed in range(150):
            units = np.random.default_rng(seed % 40).standard_normal((1000, 128), np.float32)
            yield np.repeat(units, 2, axis=0)
faiss.omp_set_num_threads(1)
before = peak()
write_index(Rows(), IndexOrigin("test", 4, 8, 0), Path(FOLDER))
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the peak of the memory")
def test_building_takes_less_memory_than_the_rows(tmp_path):
    script = MEMORY.replace("FOLDER", repr(str(tmp_path)))
    grown = float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
    assert grown < 90, "megabytes; the rows take 154"
