"""Copies at other pitches and tempos: how high, how long, and what the ledger says of them."""

import numpy as np
import pytest

from duetto.errors import ConfigError
from duetto.preprocess.damage import measure_damage
from duetto.preprocess.segment import Segment, total_s
from duetto.preprocess.steps.augment import Augment, analyse_voice
from duetto.preprocess.steps.slice import Slice

RATE = 24000
F0_HZ = 200.0


def sung(duration_s: float = 1.2) -> np.ndarray:
    time_s = np.arange(round(duration_s * RATE)) / RATE
    harmonics = sum(np.sin(2 * np.pi * F0_HZ * k * time_s) / k for k in range(1, 12))
    noise = np.random.default_rng(0).normal(0.0, 1e-3, time_s.size)
    return (0.2 * harmonics + noise).astype(np.float32)


def segment(waveform: np.ndarray, start: int = 0) -> Segment:
    return Segment(waveform, RATE, "target/air_01", start)


def pitch_hz(waveform: np.ndarray) -> float:
    f0_hz = analyse_voice(waveform, RATE).f0_hz
    return float(np.median(f0_hz[f0_hz > 0]))


def test_a_copy_six_semitones_up_is_that_much_higher_and_as_long_and_loud():
    original = segment(sung())
    (kept, copy), dropped = Augment(semitones=(6.0,)).apply((original,))
    assert np.array_equal(kept.waveform, original.waveform)
    assert pitch_hz(copy.waveform) == pytest.approx(F0_HZ * 2**0.5, rel=0.01)
    assert len(copy.waveform) == len(original.waveform)
    assert np.max(np.abs(copy.waveform)) == pytest.approx(np.max(np.abs(original.waveform)), rel=1e-5)
    assert dropped[0].seconds == pytest.approx(-1.2)


def test_a_copy_twice_as_slow_is_twice_as_long_at_the_same_pitch():
    _, copy = Augment(stretches=(2.0,)).apply((segment(sung()),))[0]
    assert len(copy.waveform) == 2 * round(1.2 * RATE)
    assert pitch_hz(copy.waveform) == pytest.approx(F0_HZ, rel=0.01)


def test_seconds_in_are_seconds_out_and_lost():
    before = (segment(sung(), start=0), segment(sung(0.8), start=40000))
    after, dropped = Augment(semitones=(3.0, -3.0), stretches=(1.5,)).apply(before)
    assert len(after) == 2 + 6
    assert total_s(before) == pytest.approx(total_s(after) + sum(entry.seconds for entry in dropped))


def test_a_copy_lies_behind_the_clip_so_that_it_is_not_taken_for_damage():
    before = (segment(sung()),)
    after, _ = Augment(semitones=(6.0,)).apply(before)
    assert after[1].start >= before[0].num_samples
    damage = measure_damage(before, after)
    assert damage.hole_fraction == 0.0
    assert damage.voiced_lost == 0.0


def test_copies_are_sliced_like_everything_else():
    after, _ = Augment(stretches=(2.0,)).apply((segment(sung(3.0)),))
    pieces, _ = Slice(max_s=4.0).apply(after)
    assert len(pieces) >= 3
    assert all(piece.duration_s <= 4.0 for piece in pieces)


def test_silence_has_no_copies_and_stereo_is_not_asked_for():
    silent = (segment(np.zeros(RATE, np.float32)),)
    assert Augment(semitones=(6.0,)).apply(silent) == (silent, ())
    assert Augment(semitones=(6.0,)).apply(()) == ((), ())


@pytest.mark.parametrize("settings", [{}, {"semitones": (0.0,)}, {"stretches": (1.0,)}, {"stretches": (9.0,)}])
def test_copies_that_are_none_are_refused(settings: dict):
    with pytest.raises(ConfigError, match=r"preprocess\.augment"):
        Augment(**settings)
