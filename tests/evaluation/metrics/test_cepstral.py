import math

import numpy as np
import pytest

from duetto.evaluation.analysis.audio import analyse
from duetto.evaluation.analysis.cepstrum import cepstrum_of_envelope
from duetto.evaluation.analysis.pitch import track_f0
from duetto.evaluation.metrics.cepstral import cepstral_distance, timbre_distance
from tests.evaluation.voices import BRIGHT, SAMPLE_RATE, melody, sing

SUNG = melody(2.0, rests=((1.0, 1.3),))
VOICE = sing(SUNG)


def distortion(estimate, reference=VOICE):
    f0_hz = track_f0(reference, SAMPLE_RATE)
    return timbre_distance(*(analyse(sound, None, reference.size, f0_hz, None) for sound in (reference, estimate)))


def rippled_envelope(ripple_db, order, num_bins=4097):
    """A flat power envelope with a cosine ripple of a given order along the mel axis."""
    mel = 2595 * np.log10(1 + np.linspace(0, SAMPLE_RATE / 2, num_bins) / 700)
    return 10 ** (ripple_db * np.cos(np.pi * order * mel / mel[-1]) / 10)[None, :]


@pytest.mark.parametrize("order", [1, 5, 24])
def test_a_ripple_of_two_db_is_its_root_mean_square(order):
    flat, rippled = (cepstrum_of_envelope(rippled_envelope(db, order), SAMPLE_RATE) for db in (0.0, 2.0))
    assert cepstral_distance(flat, rippled, np.array([True])) == pytest.approx(2.0 / math.sqrt(2), rel=0.01)


def test_level_is_no_distance():
    flat = np.ones((1, 513))
    louder = cepstrum_of_envelope(100 * flat, SAMPLE_RATE)
    assert cepstral_distance(cepstrum_of_envelope(flat, SAMPLE_RATE), louder, np.array([True])) == pytest.approx(0.0)


def test_what_lies_60_db_below_the_maximum_is_not_compared():
    first, second = np.ones((2, 1, 513))
    first[0, 300:], second[0, 300:] = 1e-7, 1e-12
    a, b = cepstrum_of_envelope(first, SAMPLE_RATE), cepstrum_of_envelope(second, SAMPLE_RATE)
    assert cepstral_distance(a, b, np.array([True])) == 0.0


def test_only_chosen_frames_count_and_surplus_frames_are_ignored():
    reference = np.zeros((3, 24))
    estimate = np.zeros((4, 24))
    estimate[1, 0] = 1.0
    one_frame = 10 / math.log(10) * math.sqrt(2)  # the equation with a single difference of 1
    assert cepstral_distance(reference, estimate, np.array([True, True, False])) == pytest.approx(one_frame / 2)


def test_the_same_performance_has_no_distance():
    assert distortion(VOICE) == 0.0


@pytest.mark.parametrize("gain", [0.25, 0.9, 2.2])
def test_gain_does_not_move_it(gain):
    assert distortion((gain * VOICE).astype(np.float32)) == pytest.approx(0.0, abs=1e-3)


def test_dither_on_digital_silence_hardly_moves_it():
    clean = sing(SUNG, floor_db=-160.0)
    dither = np.random.default_rng(1).standard_normal(clean.size) * 10 ** (-75 / 20)
    assert distortion((clean + dither).astype(np.float32), clean) < 0.2


def test_three_seconds_of_padding_do_not_move_it():
    padded = np.pad(VOICE, (0, 3 * SAMPLE_RATE))
    assert distortion(padded) == pytest.approx(0.0, abs=1e-6)
    assert distortion(padded, padded) == 0.0


def test_another_voice_moves_it_far_and_a_blend_less():
    other = sing(SUNG, BRIGHT)
    blend = 0.7 * VOICE + 0.3 * other
    assert distortion(other) > 6.0
    assert 1.0 < distortion(blend) < 0.8 * distortion(other)


def test_more_noise_is_more_distance():
    noise = np.random.default_rng(2).standard_normal(VOICE.size)
    distances = [distortion((VOICE + level * noise).astype(np.float32)) for level in (0.001, 0.003, 0.01)]
    assert distances == sorted(distances)


def test_silence_and_nothing_are_undefined():
    assert math.isnan(distortion(np.zeros_like(VOICE)))
    assert math.isnan(distortion(VOICE, np.zeros_like(VOICE)))
    assert math.isnan(distortion(np.zeros(0, dtype=np.float32)))


@pytest.mark.parametrize("hz", [55.0, 58.0, 65.0, 73.0, 110.0, 440.0, 880.0, 1000.0])
def test_two_takes_of_a_vowel_are_alike_from_the_lowest_bass_to_the_highest_soprano(hz):
    first, second = (sing(melody_of_one_note(hz), floor_db=-80.0, seed=seed) for seed in (0, 1))
    assert np.mean(track_f0(first, SAMPLE_RATE) > 0) > 0.95
    assert distortion(second, first) < 0.25


def melody_of_one_note(hz):
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    return hz * 2 ** (0.3 * np.sin(2 * np.pi * 5.5 * time) / 12)
