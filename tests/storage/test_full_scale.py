import numpy as np
import pytest

from duetto.storage.full_scale import LoudSamples, fit_full_scale, gain_to_fit, limit_peaks


@pytest.mark.parametrize(("peak", "gain"), [(0.0, 1.0), (0.5, 1.0), (0.99, 1.0), (1.98, 0.5)])
def test_only_what_exceeds_the_limit_is_turned_down(peak, gain):
    assert gain_to_fit(peak) == pytest.approx(gain)


def test_a_loud_waveform_is_scaled_as_a_whole_and_a_soft_one_stays_itself():
    loud = np.array([[0.5, -2.0], [1.0, 0.0]], dtype=np.float32)
    fitted = fit_full_scale(loud)
    np.testing.assert_allclose(fitted, loud * 0.495, rtol=1e-5)
    assert fitted.dtype == np.float32
    soft = np.array([0.9, -0.3], dtype=np.float32)
    assert fit_full_scale(soft) is soft
    assert fit_full_scale(np.zeros(0, dtype=np.float32)).size == 0


def loud_samples(*blocks):
    loud = LoudSamples()
    for block in blocks:
        loud.add(np.asarray(block, np.float32))
    return loud


def test_a_few_damaged_samples_do_not_set_the_ceiling():
    sound = 0.5 * np.sin(np.arange(40_000))
    damaged = sound.copy()
    damaged[[100, 20_000]] = [100.0, -3.0]
    loud = loud_samples(damaged[:30_000], damaged[30_000:])
    assert loud.ceiling == 1.0
    assert loud.num_limited == 2
    limited = loud.limit(damaged.astype(np.float32))
    assert limited[[100, 20_000]].tolist() == [1.0, -1.0]
    assert np.array_equal(np.delete(limited, [100, 20_000]), np.delete(sound, [100, 20_000]).astype(np.float32))
    assert "2 samples far beyond full scale (up to 100.0)" in loud.say_limited()


def test_a_loud_recording_is_no_damage():
    loud = loud_samples(2.0 * np.sin(np.arange(40_000)))
    assert loud.ceiling == pytest.approx(2.0, rel=1e-3)
    assert loud.num_limited == 0
    assert not loud.say_limited()


def test_damage_of_a_loud_recording_is_limited_to_its_own_level():
    damaged = 2.0 * np.sin(np.arange(40_000))
    damaged[7] = 50.0
    loud = loud_samples(damaged)
    assert loud.ceiling == pytest.approx(2.0, rel=0.02)
    assert loud.num_limited == 1


def test_what_stays_within_full_scale_has_it_as_its_ceiling():
    assert loud_samples([0.1, -1.0], []).ceiling == 1.0


def test_a_peak_is_limited_around_itself_and_nowhere_else():
    sound = 0.5 * np.sin(np.arange(16_000) / 5).astype(np.float32)
    sound[8000:8004] = [1.5, -3.0, 2.0, -1.2]
    limited, seconds = limit_peaks(np.stack([sound, sound]), 8000)
    assert np.abs(limited).max() == pytest.approx(0.99, abs=1e-3)
    assert seconds == pytest.approx(0.0105, abs=1e-3)  # 5 ms on either side
    far = np.r_[0:7900, 8100:16_000]
    np.testing.assert_array_equal(limited[:, far], np.stack([sound, sound])[:, far])
