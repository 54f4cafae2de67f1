"""Centre extraction and the noise gate against Audacity's formulas, written down here by themselves.

Isolation (Vocal Reduction and Isolation 3.0.1): frames of 8192 samples of which the root of a Hann window of 7168
covers the first, every 3584 samples, before and after; the weight of a cell is (1 - min(1, P_side / P_middle)^s) / 2
on the spectrum of L + R, with s = 1 / strength^2; bins outside the cuts are 0.

Gate (Noise Gate 3.0.4 on Nyquist's `gate`): hold, fall and rise with constant factors, looking ahead by the attack;
where there is no time for a whole fall and rise, both are shortened in proportion; at -96 dB and below the floor is
taken off, so that it ends at silence.
"""

from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import fftconvolve

from duetto.preprocess.steps.centre import extract_centre
from duetto.preprocess.steps.gate import Gate

RATE = 44_100
TOLERANCE_DB = 0.5
FRAME, WINDOW = 8192, 7168


def isolate(stereo, strength, low_hz=120.0, high_hz=9000.0):
    """Mono (S,) of (2, S)."""
    hop, num_samples = WINDOW // 2, stereo.shape[1]
    window = np.pad(np.sin(np.pi * np.arange(WINDOW) / WINDOW), (0, FRAME - WINDOW))
    middle, side = (np.pad(x, (hop, 2 * FRAME)) for x in (stereo[0] + stereo[1], stereo[0] - stereo[1]))
    bins = np.arange(FRAME // 2 + 1) * RATE / FRAME
    output = np.zeros(len(middle))
    for start in range(0, num_samples + hop, hop):
        m, s = (np.fft.rfft(window * x[start : start + FRAME]) for x in (middle, side))
        share = np.minimum(1.0, np.abs(s) ** 2 / np.maximum(np.abs(m) ** 2, 1e-30))
        weight = 0.5 * (1 - share ** (1 / max(strength, 0.02) ** 2)) * ((bins >= low_hz) & (bins <= high_hz))
        output[start : start + FRAME] += window * np.fft.irfft(weight * m, FRAME)
    return output[hop : hop + num_samples]


def voice(seconds=2.0):
    """Notes of a sung-like tone, and breath."""
    time = np.arange(round(seconds * RATE)) / RATE
    hz = np.where(time % 1.0 < 0.5, 220.0, 294.0) * 2 ** (0.3 * np.sin(2 * np.pi * 5.5 * time) / 12)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    sung = sum(np.sin(k * phase + k * k) / k for k in range(1, 25))
    return 0.1 * sung + 0.003 * np.random.default_rng(0).standard_normal(len(time))


def in_room(sound, rt60_s=0.6):
    """Direct in the middle, tails of their own on the sides."""
    random = np.random.default_rng(1)
    decay = 0.02 * 10 ** (-3 * np.arange(round(rt60_s * RATE)) / RATE / rt60_s)
    return np.stack(
        [sound + fftconvolve(sound, decay * random.standard_normal(len(decay)))[: len(sound)] for _ in "lr"]
    )


MATERIAL = {
    "centred": lambda: np.stack([voice()] * 2),
    "panned 1 : 0.9": lambda: np.stack([voice(), 0.9 * voice()]),
    "panned 1 : 0.5": lambda: np.stack([voice(), 0.5 * voice()]),
    "in a room": lambda: in_room(voice()),
}


def level_db(waveform):
    return 10 * np.log10(np.mean(np.square(waveform[RATE // 2 : -RATE // 2], dtype=np.float64)) + 1e-20)


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("material", MATERIAL)
def test_centre_does_what_isolate_vocals_does_at_the_same_strength(material, strength):
    stereo = MATERIAL[material]()
    ours = extract_centre(stereo.astype(np.float32), RATE, strength, (120.0, 9000.0))[0]
    assert level_db(ours) == pytest.approx(level_db(isolate(stereo, strength)), abs=TOLERANCE_DB)


def test_a_sound_panned_by_a_tenth_falls_by_ten_decibels_at_strength_4():
    stereo = MATERIAL["panned 1 : 0.9"]()
    middle = stereo.mean(axis=0)
    assert level_db(isolate(stereo, 4.0, 0.0, RATE)) - level_db(middle) == pytest.approx(-10.2, abs=0.1)


def gate_gain(sound, threshold_db=-40.0, reduction_db=-24.0, attack_ms=10.0, hold_ms=50.0, decay_ms=100.0, rate=8000):
    """Gain of each sample, by the events that the plug-in's states go through."""
    attack, hold, decay = (round(rate * time_ms / 1000) for time_ms in (attack_ms, hold_ms, decay_ms))
    floor = 10 ** (reduction_db / 20)
    above = np.flatnonzero(np.abs(sound) >= 10 ** (threshold_db / 20))
    held = np.zeros(len(sound) + hold + 1, dtype=bool)
    for at in above:
        held[at : at + hold + 1] = True
    at_open = np.flatnonzero(held[: len(sound)])
    depth = np.ones(len(sound))  # 1 = at the floor, in the logarithm
    depth[at_open] = 0.0
    if len(at_open):
        first, last = at_open[0], at_open[-1]
        before, after = np.arange(first), np.arange(last, len(sound))
        depth[before] = np.minimum(1.0, (first - before) / attack)
        depth[after] = np.minimum(1.0, (after - last) / decay)
        for end, begin in pairwise(at_open):
            if begin - end <= attack:
                depth[end:begin] = 0.0  # seen in time: it does not begin to fall
                continue
            available, inside = begin - end, np.arange(end + 1, begin)
            rise = attack * min(1.0, available / (attack + decay))
            falling, rising = (inside - end) / decay, (begin - inside) / attack
            depth[inside] = np.minimum(1.0, np.where(inside < begin - rise, falling, rising))
    gain = floor**depth
    return (gain - floor) / (1 - floor) if reduction_db <= -96 else gain


def with_dips(rate=8000):
    """A tone with dips below the threshold of 40 to 400 ms."""
    parts = []
    for dip_s in (0.04, 0.055, 0.059, 0.065, 0.08, 0.12, 0.2, 0.4):
        parts += [np.full(round(0.1 * rate), 0.3), np.full(round(dip_s * rate), 0.002)]
    level = np.concatenate([*parts, np.full(round(0.1 * rate), 0.3)])
    return level * np.where(np.arange(len(level)) % 2, -1.0, 1.0)


@pytest.mark.parametrize("reduction_db", [-12.0, -24.0, -60.0])
def test_the_gate_falls_and_rises_as_the_plug_in_does_in_dips_of_any_length(reduction_db):
    sound = with_dips()
    gain = Gate(level_reduction_db=reduction_db).gain(sound[None].astype(np.float32), 8000)[0]
    wanted = gate_gain(sound, reduction_db=reduction_db)
    in_5_ms = [np.sqrt(np.mean(np.square(x[: len(x) // 40 * 40].reshape(-1, 40)), axis=1)) for x in (gain, wanted)]
    difference_db = 20 * np.log10(in_5_ms[0] / in_5_ms[1])
    assert np.abs(difference_db).max() < TOLERANCE_DB


def test_a_dip_that_ends_within_hold_and_attack_stays_open():
    sound = np.full(8000, 0.3)
    sound[4000:4472] = 0.002  # 59 ms: hold 50, attack 10
    assert Gate().gain(sound[None].astype(np.float32), 8000).min() == 1.0


@pytest.mark.parametrize("reduction_db", [-96.0, -100.0])
def test_at_96_decibels_and_more_the_gate_silences(reduction_db):
    sound = with_dips()
    gain = Gate(level_reduction_db=reduction_db).gain(sound[None].astype(np.float32), 8000)[0]
    assert gain.min() == pytest.approx(0.0, abs=1e-7)
    assert gain.max() == pytest.approx(1.0)
    assert gate_gain(sound, reduction_db=reduction_db).min() == pytest.approx(0.0, abs=1e-12)
