from itertools import pairwise

import numpy as np
import pytest

from duetto.conversion.chunking import MIN_FRAMES, Grid, cut_chunks, join_pieces

RATE, HOP = 1000, 10
GRID = Grid(RATE, HOP)


def noise(num_frames: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, num_frames * HOP).astype(np.float32)


def cut(waveform: np.ndarray, chunk_s: float = 2):
    return list(cut_chunks([waveform], GRID, chunk_s))


def test_a_short_clip_is_one_chunk_padded_to_the_least_length():
    [(chunk, piece)] = cut(noise(50))
    assert (chunk.read_start, chunk.read_stop, chunk.keep_start, chunk.keep_stop) == (0, MIN_FRAMES, 0, MIN_FRAMES)
    assert chunk.is_last
    np.testing.assert_array_equal(piece, np.pad(noise(50), (0, (MIN_FRAMES - 50) * HOP)))


@pytest.mark.parametrize("num_frames", [64, 199, 200, 201, 777, 5000])
def test_own_parts_tile_the_whole_and_are_never_too_long(num_frames):
    chunks = [chunk for chunk, _ in cut(noise(num_frames))]
    edges = [chunk.keep_start for chunk in chunks] + [chunks[-1].keep_stop]
    assert edges[0] == 0
    assert edges[-1] == num_frames
    assert all(0 < stop - start <= 200 for start, stop in pairwise(edges))
    assert [chunk.is_last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


def test_the_cut_falls_into_the_pause():
    waveform = noise(300)
    waveform[1700:1750] = 0.0
    stop = cut(waveform)[0][0].keep_stop
    assert 170 <= stop < 175


def test_the_middle_of_a_steady_tone_is_not_quiet():
    """Applio's |sum x| is least inside the tone, where positive and negative samples cancel; the pause is short."""
    waveform = (0.3 * np.sin(2 * np.pi * 100 * np.arange(3000) / RATE)).astype(np.float32)
    waveform[1810:1830] = 0.001
    assert abs(waveform[1600:1610].sum()) < waveform[1810:1820].sum()
    assert cut(waveform)[0][0].keep_stop in (181, 182)


@pytest.mark.parametrize("size", [1, 7, 333, 4999])
def test_the_size_of_the_blocks_does_not_matter(size):
    waveform = noise(1234)[:-3]
    blocks = [waveform[start : start + size] for start in range(0, len(waveform), size)]
    streamed = list(cut_chunks(blocks, GRID, 2))
    for (chunk, piece), (expected, whole) in zip(streamed, cut(waveform), strict=True):
        assert chunk == expected
        np.testing.assert_array_equal(piece, whole)


@pytest.mark.parametrize("num_frames", [64, 150, 400, 1234])
def test_joining_untouched_pieces_gives_the_original(num_frames):
    waveform = noise(num_frames)
    joined = np.concatenate(list(join_pieces(cut(waveform), GRID)))
    np.testing.assert_allclose(joined, waveform, atol=1e-6)
