"""Checks that compare: duplicates, pitch trackers, vowels, singers."""

import numpy as np
import pytest
from scipy.signal import lfilter

from duetto.diagnosis.checks import coverage, duplicates, pitch_audit, singers
from duetto.diagnosis.finding import Place
from tests.diagnosis.sounds import RATE, heard, noise, tone


def melody(seed, seconds=6.0):
    random = np.random.default_rng(seed)
    notes = [tone(0.3, hz=float(hz)) * np.hanning(round(0.3 * RATE)) for hz in random.uniform(150, 500, 20)]
    return np.concatenate(notes)[: round(seconds * RATE)] + noise(seconds, 1e-3, seed)


def test_the_same_samples_are_a_duplicate_by_hash_alone():
    one = duplicates.measure(heard(melody(0), recording="a"), has_landmarks=False)
    two = duplicates.measure(heard(melody(0), recording="b", split="test"), has_landmarks=False)
    finding = duplicates.conclude([one, two])
    assert finding.evidence["leaks"] == 1
    assert finding.severity == "serious"


def test_a_copy_with_gain_noise_and_another_start_is_found_and_another_song_is_not():
    original = melody(1)
    copy = 0.5 * original[RATE // 3 :] + noise(6.0, 2e-3, 9)[: len(original) - RATE // 3]
    evidence = [
        duplicates.measure(heard(original, recording="a")),
        duplicates.measure(heard(copy, recording="b")),
        duplicates.measure(heard(melody(2), recording="c", split="test")),
    ]
    finding = duplicates.conclude(evidence)
    assert finding.evidence["duplicates"] == 1
    assert finding.evidence["leaks"] == 0
    assert finding.severity == "warning"
    assert {place.recording for place in finding.places} == {"a", "b"}


def test_an_octave_is_1200_cents_and_unvoiced_is_not_compared():
    cents = pitch_audit.difference_cents(np.array([220.0, 0.0, 330.0]), np.array([440.0, 220.0, 0.0]))
    assert cents[0] == pytest.approx(1200.0)
    assert np.isnan(cents[1:]).all()


def test_a_jump_that_comes_back_is_an_error_and_one_that_stays_is_a_melody():
    midi = np.full(100, 60.0)
    midi[30:40] = 72.0
    assert pitch_audit.octave_excursions(midi) == [(30, 40)]
    midi[30:] = 72.0
    assert pitch_audit.octave_excursions(midi) == []


@pytest.mark.slow
def test_a_tracker_that_is_an_octave_off_is_told_on():
    waveform = tone(3.0, hz=220.0) + noise(3.0, 1e-3)
    right = pitch_audit.conclude([pitch_audit.measure(heard(waveform, [220.0]), 3.0)])
    wrong = pitch_audit.conclude([pitch_audit.measure(heard(waveform, [440.0]), 3.0)])
    assert right.severity == "fine"
    assert wrong.evidence["octave_share"] > 0.95
    assert wrong.severity == "serious"
    assert pitch_audit.conclude([pitch_audit.measure(heard(waveform, [440.0]), 0.0)]).severity == "unknown"


def vowel(first_hz, second_hz, seconds=3.0):
    pulses = np.zeros(round(seconds * 10_000))
    pulses[::83] = 1.0  # 120 Hz
    for formant_hz, width_hz in ((first_hz, 80), (second_hz, 120)):
        radius, angle = np.exp(-np.pi * width_hz / 10_000), 2 * np.pi * formant_hz / 10_000
        pulses = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], pulses)
    return pulses / np.max(np.abs(pulses))


@pytest.mark.parametrize(("first_hz", "second_hz"), [(300.0, 2300.0), (700.0, 1200.0), (500.0, 1500.0)])
def test_formants_of_a_filter_are_right_to_half_a_harmonic(first_hz, second_hz):
    found = coverage.find_formants(vowel(first_hz, second_hz).astype(np.float32), np.arange(0.5, 2.5, 0.05))
    assert np.nanmedian(found, axis=0) == pytest.approx([first_hz, second_hz], abs=60)  # of 120 Hz


def test_one_vowel_is_few_cells_and_a_soprano_unknown():
    one = coverage.measure(heard(vowel(500.0, 1500.0, 12.0), [120.0], rate=10_000))
    assert coverage.conclude([one]).severity in ("warning", "serious")
    assert coverage.conclude([coverage.measure(heard(tone(12.0, hz=500.0), [500.0]))]).severity == "unknown"


def test_cells_are_counted_by_entropy():
    seconds = np.zeros((12, 18))
    seconds[0, :4] = 2.0
    assert coverage.effective_cells(seconds) == pytest.approx(4.0)
    assert coverage.effective_cells(np.zeros((12, 18))) == 0.0


def embedding(*values):
    vector = np.zeros(256, dtype=np.float32)
    vector[: len(values)] = values
    return vector / np.linalg.norm(vector)


def evidence(recording, vector, band=20):
    return singers.SingerEvidence(recording, "", ((band, vector),), Place(recording, 0.0, 1.0))


def test_singers_are_compared_at_equal_pitch_only():
    alike = [evidence("a", embedding(1, 0.1)), evidence("b", embedding(1, 0.2)), evidence("c", embedding(1, 0))]
    assert singers.conclude(alike).severity == "fine"
    other = [*alike, evidence("d", embedding(0.1, 1)), evidence("e", embedding(0, 1))]
    finding = singers.conclude(other)
    assert finding.severity == "warning"
    assert "weak" in finding.what
    assert singers.conclude([evidence("a", embedding(1), 20), evidence("b", embedding(1), 25)]).severity == "unknown"


@pytest.mark.slow
def test_harvest_is_not_advised_where_it_misses_notes():
    waveform = tone(3.0, hz=220.0) + noise(3.0, 1e-3)
    keeps = pitch_audit.conclude([pitch_audit.measure(heard(waveform, [440.0]), 3.0)])
    assert "method=harvest" in keeps.advice
    silenced = waveform.copy()
    silenced[RATE : 2 * RATE] = noise(1.0, 1e-3)
    misses = pitch_audit.conclude([pitch_audit.measure(heard(silenced, [440.0]), 3.0)])
    assert 0.1 < misses.evidence["second_misses_share"] < 0.4  # a second of three, less what harvest bridges
    assert "Do not change to harvest" in misses.advice
