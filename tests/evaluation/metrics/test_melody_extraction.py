"""RPA, RCA, VR, VFA against mir_eval, and F0CORR against scipy, on synthetic contours."""

import math

import mir_eval
import numpy as np
import pytest
from scipy.stats import pearsonr

from duetto.evaluation.metrics.melody_extraction import (
    f0_correlation,
    raw_chroma_accuracy,
    raw_pitch_accuracy,
    voicing_false_alarm,
    voicing_recall,
)

MELODY = np.array([0.0, 220.0, 220.0, 246.9, 0.0, 261.6, 329.6, 0.0])


def contours(seed):
    """A random melody, and an estimate with jitter, octave errors and voicing errors."""
    random = np.random.default_rng(seed)
    midi = np.repeat(random.integers(50, 76, 40), 25) + 0.3 * np.sin(np.arange(1000) / 7)
    reference = np.where(random.random(1000) < 0.8, 440.0 * 2 ** ((midi - 69) / 12), 0.0)
    moved = midi + random.normal(0, 0.4, 1000) + 12 * random.integers(-1, 2, 1000) * (random.random(1000) < 0.1)
    is_flipped = random.random(1000) < 0.1
    estimate = np.where((reference > 0) != is_flipped, 440.0 * 2 ** ((moved - 69) / 12), 0.0)
    return reference, estimate


def in_mir_eval(reference_hz, estimate_hz):
    times_s = np.arange(reference_hz.size) * 0.005
    found = mir_eval.melody.evaluate(times_s, reference_hz, times_s, estimate_hz)
    return [
        found[name] for name in ("Raw Pitch Accuracy", "Raw Chroma Accuracy", "Voicing Recall", "Voicing False Alarm")
    ]


@pytest.mark.parametrize("seed", range(5))
def test_rpa_rca_vr_and_vfa_are_those_of_mir_eval(seed):
    pair = contours(seed)
    ours = [
        measure(*pair) for measure in (raw_pitch_accuracy, raw_chroma_accuracy, voicing_recall, voicing_false_alarm)
    ]
    assert ours == pytest.approx(in_mir_eval(*pair), abs=1e-12)
    assert 0.3 < ours[0] < ours[1] < ours[2] < 1.0


@pytest.mark.parametrize("seed", range(5))
def test_f0corr_is_the_correlation_of_log_f0_where_both_are_voiced(seed):
    reference, estimate = contours(seed)
    both = (reference > 0) & (estimate > 0)
    assert f0_correlation(reference, estimate) == pytest.approx(
        pearsonr(np.log(reference[both]), np.log(estimate[both]))[0]
    )


def test_the_same_melody_is_perfect():
    assert raw_pitch_accuracy(MELODY, MELODY) == raw_chroma_accuracy(MELODY, MELODY) == 1.0
    assert (voicing_recall(MELODY, MELODY), voicing_false_alarm(MELODY, MELODY)) == (1.0, 0.0)
    assert f0_correlation(MELODY, MELODY) == pytest.approx(1.0)


def test_an_octave_is_wrong_pitch_and_right_chroma_and_fully_correlated():
    assert raw_pitch_accuracy(MELODY, 2 * MELODY) == 0.0
    assert raw_chroma_accuracy(MELODY, 2 * MELODY) == 1.0
    assert f0_correlation(MELODY, 2 * MELODY) == pytest.approx(1.0)


def test_unvoiced_frames_of_the_estimate_are_wrong():
    estimate = np.where(np.arange(8) == 1, 0.0, MELODY)
    assert raw_pitch_accuracy(MELODY, estimate) == voicing_recall(MELODY, estimate) == pytest.approx(4 / 5)


def test_nothing_to_compare_is_undefined_not_perfect():
    silence = np.zeros(4)
    assert all(math.isnan(m(silence, silence)) for m in (raw_pitch_accuracy, raw_chroma_accuracy, voicing_recall))
    assert math.isnan(voicing_false_alarm(np.full(4, 220.0), silence))
    assert math.isnan(f0_correlation(np.full(4, 220.0), np.full(4, 220.0)))
    assert math.isnan(f0_correlation(silence, silence))
