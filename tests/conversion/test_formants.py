"""The formants of a vowel move by the ratio asked for; its pitch and its length do not."""

import numpy as np
import pytest
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from duetto.conversion.chunking import Grid
from duetto.conversion.formants import shift_formants
from duetto.features.f0 import build_f0_extractor
from duetto.settings.config import F0Config

RATE, HOP, F0_HZ = 24_000, 240, 110.0
FORMANTS_HZ = (730.0, 1090.0, 2440.0)  # of an adult's "ah", Peterson and Barney 1952
GRID = Grid(RATE, HOP)


def vowel(seconds: float) -> np.ndarray:
    pulses = np.zeros(int(seconds * RATE))
    pulses[(np.arange(int(seconds * F0_HZ)) * RATE / F0_HZ).astype(int)] = 1.0
    for formant in FORMANTS_HZ:
        pole = np.exp(-np.pi * 80.0 / RATE) * np.exp(2j * np.pi * formant / RATE)
        pulses = lfilter([1.0], np.poly([pole, pole.conjugate()]).real, pulses)
    return (0.5 * pulses / np.abs(pulses).max()).astype(np.float32)


def peaks_hz(waveform: np.ndarray, near_hz: list[float]) -> list[float]:
    """Resonances by linear prediction (autocorrelation, order 8), the nearest to each expectation."""
    windowed = waveform.astype(np.float64) * np.hanning(len(waveform))
    correlation = np.array([windowed[lag:] @ windowed[: len(windowed) - lag] for lag in range(9)])
    coefficients = solve_toeplitz(correlation[:-1], correlation[1:])
    roots = [root for root in np.roots([1.0, *-coefficients]) if root.imag > 0.01 and abs(root) > 0.9]
    found = np.sort([np.angle(root) * RATE / (2 * np.pi) for root in roots])
    return [found[np.argmin(np.abs(found - near))] for near in near_hz]


@pytest.mark.parametrize("semitones", [-3.0, 2.0, 4.0])
def test_formants_move_by_the_ratio_and_pitch_and_length_stay(semitones):
    source = vowel(1.0)
    f0_hz = np.full(len(source) // HOP, F0_HZ, np.float32)
    shifted = shift_formants(source, f0_hz, GRID, semitones)
    assert shifted.shape == source.shape
    expected = [formant * 2 ** (semitones / 12) for formant in FORMANTS_HZ]
    middle = slice(RATE // 4, 3 * RATE // 4)
    np.testing.assert_allclose(peaks_hz(source[middle], list(FORMANTS_HZ)), FORMANTS_HZ, rtol=0.03)
    np.testing.assert_allclose(peaks_hz(shifted[middle], expected), expected, rtol=0.04)
    tracked = build_f0_extractor(F0Config("harvest")).extract(shifted, RATE, HOP, len(f0_hz))[25:75]
    np.testing.assert_allclose(tracked, F0_HZ, rtol=0.01)


def test_no_shift_is_the_waveform_itself():
    source = vowel(0.3)
    assert shift_formants(source, np.full(30, F0_HZ, np.float32), GRID, 0.0) is source


def test_silence_and_unvoiced_noise_stay_finite():
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    noise[: RATE // 2] = 0.0
    shifted = shift_formants(noise, np.zeros(100, np.float32), GRID, 5.0)
    assert np.isfinite(shifted).all()
    assert np.abs(shifted[: RATE // 3]).max() < 1e-3
