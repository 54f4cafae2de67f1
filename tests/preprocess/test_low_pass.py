import numpy as np
import pytest

from duetto.errors import ConfigError
from duetto.preprocess.segment import Segment
from duetto.preprocess.steps.low_pass import LowPass, low_pass

from .conftest import RATE, silence, voice


def energy_db(waveform: np.ndarray) -> float:
    return 10 * float(np.log10(np.sum(np.square(waveform, dtype=np.float64))))


@pytest.mark.parametrize("loss_db", [0.5, 2.6, 6.0])
def test_it_takes_out_as_much_energy_as_it_is_told(loss_db: float):
    noise = np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32) * np.float32(0.1)
    step = LowPass(energy_loss_db=loss_db)
    (filtered,), dropped = step.apply((Segment(noise, RATE, "clip"),))
    assert energy_db(noise) - energy_db(filtered.waveform) == pytest.approx(loss_db, abs=0.15)
    assert dropped[0].seconds == 0
    assert "to lose" in dropped[0].reason


def test_what_lies_below_the_cutoff_stays_in_place_and_what_lies_above_goes():
    time_s = np.arange(RATE) / RATE
    low, high = (np.sin(2 * np.pi * hz * time_s).astype(np.float32) for hz in (200.0, 3000.0))
    (filtered,), dropped = LowPass(cutoff_hz=1000.0).apply((Segment(low + high, RATE, "clip"),))
    assert np.allclose(filtered.waveform[500:-500], low[500:-500], atol=0.01)
    assert dropped == ()


def test_a_cutoff_above_the_highest_frequency_changes_nothing():
    assert np.array_equal(low_pass(voice(0.5), RATE, 5000.0, 4), voice(0.5))


def test_silence_stays_silent():
    (filtered,), _ = LowPass(energy_loss_db=3.0).apply((Segment(silence(1.0), RATE, "clip"),))
    assert not filtered.waveform.any()


@pytest.mark.parametrize("values", [{}, {"cutoff_hz": 1.0, "energy_loss_db": 1.0}, {"cutoff_hz": 0.0}])
def test_settings_without_meaning_are_refused(values: dict[str, float]):
    with pytest.raises(ConfigError, match=r"preprocess\.low_pass"):
        LowPass(**values)
