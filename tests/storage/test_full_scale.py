import numpy as np
import pytest

from duetto.storage.full_scale import fit_full_scale, gain_to_fit


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
