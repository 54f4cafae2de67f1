import numpy as np
import pytest

from duetto.errors import ConfigError
from duetto.preprocess.segment import Segment
from duetto.preprocess.steps.centre import Centre, extract_centre

from .conftest import RATE, voice

MIDDLE = slice(RATE, 2 * RATE)


def tone(frequency_hz: float = 1000.0, phase: float = 0.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * frequency_hz * np.arange(3 * RATE) / RATE + phase)).astype(np.float32)


def level(waveform: np.ndarray) -> float:
    return float(np.sqrt(2 * np.mean(np.square(waveform[..., MIDDLE])))) / 0.3


@pytest.mark.parametrize("strength", [0.0, 1.0, 4.0])
def test_what_is_equal_in_both_channels_stays(strength: float):
    song = voice(3.0)
    centre = extract_centre(np.stack([song, song]), RATE, strength)
    assert centre.shape == (1, 3 * RATE)
    assert np.allclose(centre[0], song, atol=1e-5)


@pytest.mark.parametrize("strength", [1.0, 2.0])
def test_a_panned_tone_falls_by_what_is_in_the_difference(strength: float):
    # Amplitudes 1 and 0.5: the difference has (0.5 / 1.5)^2 = 1/9 of the sum's power; the mean is 0.75 of the louder.
    panned = np.stack([tone(), 0.5 * tone()])
    expected = 0.75 * (1 - (1 / 9) ** (1 / strength**2))
    assert level(extract_centre(panned, RATE, strength)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("right", [np.zeros(3 * RATE, np.float32), -tone(), tone(phase=np.pi / 2)])
def test_one_side_opposite_phase_and_quadrature_vanish(right: np.ndarray):
    assert level(extract_centre(np.stack([tone(), right]), RATE, 1.0)) < 1e-2


def test_strength_zero_keeps_all_that_is_louder_in_the_sum():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 4000).astype(np.float32)
    panned = np.stack([noise, 0.3 * noise])
    assert np.allclose(extract_centre(panned, RATE, 0.0)[0], panned.mean(axis=0), atol=1e-5)
    assert np.abs(extract_centre(np.stack([noise, -0.3 * noise]), RATE, 0.0)).max() < 1e-5


def test_what_lies_outside_the_band_is_taken_out():
    for frequency_hz, expected in ((60.0, 0.0), (1000.0, 1.0), (3000.0, 0.0)):
        stereo = np.stack([tone(frequency_hz)] * 2)
        assert level(extract_centre(stereo, RATE, 1.0, (120.0, 2000.0))) == pytest.approx(expected, abs=0.01)


def test_the_step_makes_mono_of_stereo_and_leaves_mono_with_a_remark():
    stereo = Segment(np.stack([voice(1.0)] * 2), RATE, "clip", start=77)
    (centre,), dropped = Centre().apply((stereo,))
    assert centre.waveform.shape == (RATE,)
    assert (centre.start, dropped) == (77, ())
    mono = Segment(voice(1.0), RATE, "clip")
    same, dropped = Centre().apply((mono,))
    assert same == (mono,)
    assert [(entry.seconds, entry.reason) for entry in dropped] == [
        (0.0, "no centre extracted: the clip has 1 channel, not two")
    ]


@pytest.mark.parametrize("values", [{"strength": -1.0}, {"strength": 51.0}, {"low_hz": 9000.0}])
def test_values_without_meaning_are_refused(values: dict[str, float]):
    with pytest.raises(ConfigError, match=r"preprocess\.centre"):
        Centre(**values)
