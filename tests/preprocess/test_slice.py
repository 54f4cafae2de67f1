import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetto.errors import ConfigError
from duetto.preprocess.segment import Segment, total_s
from duetto.preprocess.steps.slice import Slice

from .conftest import RATE, silence, voice


def slice_one(waveform: np.ndarray, step: Slice | None = None, sample_rate: int = RATE):
    return (step or Slice()).apply((Segment(waveform, sample_rate, "clip"),))


def test_two_phrases_with_a_pause_become_two_pieces_with_a_little_silence():
    song = np.concatenate([silence(1.0), voice(2.0), silence(1.0), voice(3.0), silence(1.0)])
    pieces, dropped = slice_one(song)
    # 0.15 s kept on either side; the level window of 70 ms sounds up to 30 ms early and late.
    assert [piece.duration_s for piece in pieces] == pytest.approx([2.36, 3.36], abs=0.03)
    assert pieces[0].start / RATE == pytest.approx(1 - 0.18, abs=0.02)
    assert [entry.reason for entry in dropped] == ["silence"]
    assert dropped[0].seconds == pytest.approx(8.0 - total_s(pieces))


def test_a_pause_shorter_than_the_least_silence_stays_in_the_phrase():
    pieces, dropped = slice_one(np.concatenate([voice(1.5), silence(0.2), voice(1.5)]))
    assert [piece.duration_s for piece in pieces] == [3.2]
    assert dropped == ()


def test_a_long_phrase_is_cut_where_it_is_softest():
    song = voice(12.0)
    song[round(6.5 * RATE) : round(6.6 * RATE)] *= 0.3
    pieces, dropped = slice_one(song)
    assert len(pieces) == 2
    assert pieces[1].start / RATE == pytest.approx(6.55, abs=0.05)
    assert dropped == ()


def test_a_short_phrase_is_joined_with_its_near_neighbour():
    song = np.concatenate([voice(0.3), silence(0.5), voice(2.0), silence(3.0), voice(2.0)])
    pieces, _ = slice_one(song)
    assert len(pieces) == 2
    assert pieces[0].start == 0
    assert pieces[0].duration_s == pytest.approx(2.8 + 0.18, abs=0.03)


def test_a_lonely_short_phrase_takes_silence_around_it():
    song = np.concatenate([silence(5.0), voice(0.2), silence(5.0)])
    pieces, _ = slice_one(song)
    assert [piece.duration_s for piece in pieces] == [1.0]
    assert pieces[0].start / RATE == pytest.approx(4.6, abs=0.02)


def test_a_clip_shorter_than_the_least_piece_stays_whole():
    pieces, dropped = slice_one(np.concatenate([voice(0.3), silence(0.4)]))
    assert [piece.duration_s for piece in pieces] == [pytest.approx(0.7)]
    assert dropped == ()


def test_a_silent_clip_is_a_loss_and_no_error():
    pieces, dropped = slice_one(silence(3.0))
    assert pieces == ()
    assert [(entry.seconds, entry.reason) for entry in dropped] == [(3.0, "silence throughout")]


def test_an_empty_clip_gives_nothing():
    assert slice_one(silence(0.0)) == ((), ())


def test_a_segment_keeps_its_place_in_the_clip():
    segment = Segment(np.concatenate([silence(1.0), voice(2.0)]), RATE, "clip", start=1000)
    pieces, _ = Slice().apply((segment,))
    assert pieces[0].start == pytest.approx(1000 + 0.82 * RATE, abs=0.02 * RATE)


@pytest.mark.parametrize("values", [{"min_s": 0.0}, {"min_s": 5.0}, {"keep_silence_s": 0.2}, {"keep_silence_s": -0.1}])
def test_lengths_that_contradict_each_other_are_refused(values: dict[str, float]):
    with pytest.raises(ConfigError, match=r"preprocess\.slice"):
        Slice(**values)


parts = st.lists(st.tuples(st.booleans(), st.floats(0.0, 4.0)), min_size=1, max_size=12)


@given(
    parts=parts,
    sample_rate=st.sampled_from([1_000, 1_103, 2_205]),
    min_s=st.floats(0.1, 1.5),
    spread=st.floats(2.0, 6.0),
    min_silence_s=st.floats(0.05, 1.0),
    keep=st.floats(0.0, 0.5),
)
@settings(max_examples=150, deadline=None)
def test_every_sample_is_in_one_piece_or_in_the_reported_silence(
    parts: list[tuple[bool, float]], sample_rate: int, min_s: float, spread: float, min_silence_s: float, keep: float
):
    step = Slice(min_s=min_s, max_s=min_s * spread, min_silence_s=min_silence_s, keep_silence_s=keep * min_silence_s)
    song = np.concatenate(
        [
            voice(seconds, sample_rate=sample_rate) if sounds else silence(seconds, sample_rate)
            for sounds, seconds in parts
        ]
    )
    pieces, dropped = slice_one(song, step, sample_rate)
    covered = np.zeros(len(song), dtype=int)
    for piece in pieces:
        span = slice(piece.start, piece.start + len(piece.waveform))
        assert np.array_equal(song[span], piece.waveform)
        covered[span] += 1
    assert covered.max(initial=0) <= 1
    assert not np.any(song[covered == 0])
    lost = sum(entry.seconds for entry in dropped)
    assert lost == pytest.approx(np.count_nonzero(covered == 0) / sample_rate, abs=1e-9)
    for piece in pieces:
        assert len(piece.waveform) <= step.max_s * sample_rate + 1
        assert len(piece.waveform) >= min(step.min_s * sample_rate - 1, len(song))


@pytest.mark.parametrize("gain_db", [-45.0, -20.0, 6.0])
def test_a_soft_clip_is_cut_where_a_loud_one_is(gain_db: float):
    loud = np.concatenate([voice(2.0), silence(1.0), voice(2.0), silence(0.6), voice(1.5)])
    soft = (loud * np.float32(10 ** (gain_db / 20))).astype(np.float32)
    spans = [[(piece.start, piece.num_samples) for piece in slice_one(waveform)[0]] for waveform in (loud, soft)]
    assert len(spans[0]) == 3
    assert spans[0] == spans[1]


def test_a_damaged_sample_makes_no_silence_of_the_rest():
    damaged = voice(4.0)
    damaged[100] = 100.0
    pieces, dropped = slice_one(damaged)
    assert sum(piece.num_samples for piece in pieces) == len(damaged)
    assert not dropped


def test_a_silent_stretch_of_a_soft_clip_leaves_the_rest_as_it_is():
    soft = (voice(2.0) * np.float32(0.003)).astype(np.float32)
    stretches = (Segment(silence(1.0), RATE, "clip"), Segment(soft, RATE, "clip", start=RATE))
    pieces, dropped = Slice().apply(stretches)
    assert [(piece.start, piece.num_samples) for piece in pieces] == [(RATE, len(soft))]
    assert [entry.reason for entry in dropped] == ["silence throughout"]
