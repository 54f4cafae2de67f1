from itertools import pairwise

import numpy as np
import pytest

from duetto.conversion.chunking import join_chunks, plan_chunks

RATE, HOP = 1000, 10


def noise(num_frames: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, num_frames * HOP).astype(np.float32)


def test_a_short_clip_is_one_chunk():
    chunks = plan_chunks(noise(50), RATE, HOP, chunk_s=20)
    assert len(chunks) == 1
    assert (chunks[0].read_start, chunks[0].read_stop, chunks[0].keep_start, chunks[0].keep_stop) == (0, 50, 0, 50)


@pytest.mark.parametrize("num_frames", [1, 199, 200, 201, 777, 5000])
def test_own_parts_tile_the_whole_and_are_never_too_long(num_frames):
    chunks = plan_chunks(noise(num_frames), RATE, HOP, chunk_s=2)
    edges = [chunk.keep_start for chunk in chunks] + [chunks[-1].keep_stop]
    assert edges[0] == 0
    assert edges[-1] == num_frames
    assert all(0 < stop - start <= 200 for start, stop in pairwise(edges))


def test_the_cut_falls_into_the_pause():
    waveform = noise(300)
    waveform[1700:1750] = 0.0
    cut = plan_chunks(waveform, RATE, HOP, chunk_s=2)[0].keep_stop
    assert 170 <= cut < 175


@pytest.mark.parametrize("num_frames", [150, 400, 1234])
def test_joining_untouched_pieces_gives_the_original(num_frames):
    waveform = noise(num_frames)
    chunks = plan_chunks(waveform, RATE, HOP, chunk_s=2)
    pieces = [(chunk, waveform[chunk.read_start * HOP : chunk.read_stop * HOP]) for chunk in chunks]
    joined = join_chunks(pieces, len(waveform), RATE, HOP)
    np.testing.assert_allclose(joined, waveform, atol=1e-6)
