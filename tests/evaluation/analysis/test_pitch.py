import math

import numpy as np
import pytest

from duetto.evaluation.analysis.pitch import match_lengths, settle_octaves, track_f0
from duetto.evaluation.analysis.world import remove_islands
from duetto.evaluation.metrics.melody import f0_rmse_cents, gross_pitch_error, voicing_error
from duetto.units import semitones_to_ratio
from tests.evaluation.voices import SAMPLE_RATE, melody, sing


def test_one_octave_too_high_is_1200_cents():
    contour = np.array([220.0, 440.0, 0.0])
    assert f0_rmse_cents(contour, 2 * contour) == pytest.approx(1200.0)


def test_errors_are_averaged_as_squares_over_frames_voiced_in_both():
    reference = np.array([200.0, 200.0, 200.0, 0.0])
    estimate = np.array([200.0, 200.0 * 2 ** (30 / 1200), 0.0, 200.0])
    assert f0_rmse_cents(reference, estimate) == pytest.approx(math.sqrt(30.0**2 / 2))


def test_the_same_contour_has_no_error():
    contour = np.array([0.0, 220.0, 247.0])
    assert f0_rmse_cents(contour, contour) == 0.0
    assert gross_pitch_error(contour, contour) == 0.0
    assert voicing_error(contour, contour) == 0.0


def test_a_gross_error_is_more_than_two_semitones():
    reference = np.full(4, 220.0)
    estimate = 220.0 * semitones_to_ratio(np.array([0.0, 1.9, -2.1, 12.0]))
    assert gross_pitch_error(reference, estimate) == pytest.approx(2 / 4)


def test_voicing_error_counts_both_kinds_of_mistake_over_all_frames():
    reference = np.array([220.0, 220.0, 0.0, 0.0, 220.0])
    estimate = np.array([220.0, 0.0, 220.0, 0.0, 330.0])
    assert voicing_error(reference, estimate) == pytest.approx(2 / 5)


def test_nothing_voiced_is_undefined_not_perfect():
    silence = np.zeros(4)
    assert math.isnan(f0_rmse_cents(silence, silence))
    assert math.isnan(gross_pitch_error(silence, silence))
    assert math.isnan(voicing_error(silence, silence))
    assert math.isnan(f0_rmse_cents(np.array([220.0, 0.0]), np.array([0.0, 220.0])))


@pytest.mark.parametrize("metric", [f0_rmse_cents, gross_pitch_error, voicing_error])
def test_contours_of_different_length_are_refused(metric):
    with pytest.raises(ValueError, match="differ in length"):
        metric(np.full(3, 220.0), np.full(4, 220.0))


def test_a_contour_is_cut_or_filled_with_unvoiced_frames():
    reference = np.full(3, 220.0)
    assert match_lengths(reference, np.full(5, 110.0)).tolist() == [110.0, 110.0, 110.0]
    assert match_lengths(reference, np.full(1, 110.0)).tolist() == [110.0, 0.0, 0.0]


def test_the_tracker_finds_the_pitch_and_the_rests_that_were_sung():
    sung = melody(4.0, rests=((1.0, 1.5),))
    found = track_f0(sing(sung), SAMPLE_RATE)
    asked = sung[np.minimum(np.arange(found.size) * SAMPLE_RATE // 200, sung.size - 1)]
    assert f0_rmse_cents(asked, found) < 12.0
    assert gross_pitch_error(asked, found) == 0.0
    assert voicing_error(asked, found) < 0.01


@pytest.mark.parametrize("jitter_cents", [15.0, 40.0])
def test_injected_jitter_is_measured_at_its_size(jitter_cents):
    sung = melody(4.0)
    knots = np.random.default_rng(0).standard_normal(sung.size // 600 + 2) * jitter_cents
    jitter = np.interp(np.arange(sung.size), np.arange(knots.size) * 600, knots)
    plain = track_f0(sing(sung), SAMPLE_RATE)
    jittered = track_f0(sing(sung * 2 ** (jitter / 1200)), SAMPLE_RATE)
    assert f0_rmse_cents(plain, jittered) == pytest.approx(np.sqrt(np.mean(jitter**2)), rel=0.05)


def test_the_tracker_ignores_the_gain():
    voice = sing(melody(1.0))
    np.testing.assert_allclose(track_f0(voice, SAMPLE_RATE), track_f0(0.25 * voice, SAMPLE_RATE))


def test_short_islands_and_stray_edges_are_unvoiced_and_notes_stay():
    note, island, stray = [220.0] * 10, [66.0] * 9, [440.0, 880.0]
    contour = np.array([0.0, *island, 0.0, *stray, *note, 247.0, *[247.0] * 10, 0.0])
    expected = np.array([0.0] * 13 + note + [247.0] * 11 + [0.0])
    np.testing.assert_array_equal(remove_islands(contour), expected)
    assert remove_islands(np.zeros(0)).size == 0


def test_a_glide_is_no_jump():
    glide = 220.0 * 2 ** (np.arange(20) * 90 / 1200)
    np.testing.assert_array_equal(remove_islands(glide), glide)


def test_silence_has_no_pitch():
    assert not track_f0(np.zeros(SAMPLE_RATE, dtype=np.float32), SAMPLE_RATE).any()


def test_known_pitch_settles_octaves_and_leaves_voicing_and_small_errors_alone():
    tracked = np.array([0.0, 220.0, 440.0, 225.0, 330.0, 220.0])
    known = np.array([220.0, 220.0, 220.0, 220.0, 0.0])
    np.testing.assert_array_equal(settle_octaves(tracked, known), [0.0, 220.0, 220.0, 225.0, 330.0, 220.0])


def test_known_pitch_of_any_length_is_taken():
    tracked = np.full(3, 440.0)
    np.testing.assert_array_equal(settle_octaves(tracked, np.full(9, 220.0)), np.full(3, 220.0))
    np.testing.assert_array_equal(settle_octaves(tracked, np.zeros(0)), tracked)
