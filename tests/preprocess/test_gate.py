import numpy as np
import pytest

from duetto.errors import ConfigError
from duetto.preprocess.envelope import closing_depth
from duetto.preprocess.segment import Segment
from duetto.preprocess.steps.gate import Gate, low_pass

from .conftest import RATE, silence, voice

LOUD = 0.5


def square(duration_s: float, level: float) -> np.ndarray:
    """Alternates between +level and -level: the peak of every block is the level."""
    return (level * np.tile([1.0, -1.0], round(duration_s * RATE / 2))).astype(np.float32)


def gain_db(before: np.ndarray, after: np.ndarray, time_s: float) -> float:
    at = round(time_s * RATE)
    return 20 * np.log10(abs(after[at]) / abs(before[at]))


def test_depth_runs_linearly_before_and_after_a_sound():
    is_open = np.zeros((12, 1), dtype=bool)
    is_open[5] = True
    depth = closing_depth(is_open, attack=2, hold=1, decay=4)
    # Instant 4 is half of the attack before the sound; instant 7 a quarter of the decay after the hold.
    assert depth[:, 0].tolist() == [1, 1, 1, 1, 0.5, 0, 0, 0.25, 0.5, 0.75, 1, 1]


def test_a_gate_without_any_sound_stays_closed():
    assert closing_depth(np.zeros((4, 1), dtype=bool), 2, 1, 4).tolist() == [[1], [1], [1], [1]]


def test_each_parameter_does_what_its_name_says():
    song = np.concatenate([square(1.0, 0.001), square(1.0, LOUD), square(1.0, 0.001)])
    step = Gate(threshold_db=-40, level_reduction_db=-24, attack_ms=100, hold_ms=200, decay_ms=400)
    gated = step.gate(song[None], RATE)[0]
    assert gain_db(song, gated, 0.5) == pytest.approx(-24.0, abs=0.01)
    assert gain_db(song, gated, 0.95) == pytest.approx(-12.0, abs=0.2)  # half of the attack, before the sound
    assert np.allclose(gated[RATE : 2 * RATE], song[RATE : 2 * RATE], rtol=0.01)
    assert gain_db(song, gated, 2.19) == pytest.approx(0.0, abs=0.1)  # held
    assert gain_db(song, gated, 2.4) == pytest.approx(-12.0, abs=0.2)  # half of the decay
    assert gain_db(song, gated, 2.8) == pytest.approx(-24.0, abs=0.01)


@pytest.mark.parametrize(("level", "is_kept"), [(0.0101, True), (0.0099, False)])
def test_the_threshold_is_a_peak_level(level: float, is_kept: bool):
    gated = Gate(threshold_db=-40).gate(square(1.0, level)[None], RATE)[0]
    expected = level if is_kept else level * 10 ** (-24 / 20)
    assert np.max(np.abs(gated)) == pytest.approx(expected, rel=1e-4)


def test_linked_channels_open_together_and_others_by_themselves():
    stereo = np.stack([square(1.0, LOUD), square(1.0, 0.001)])
    linked = Gate().gate(stereo, RATE)
    assert np.array_equal(linked, stereo)
    single = Gate(stereo_link=False).gate(stereo, RATE)
    assert np.array_equal(single[0], stereo[0])
    assert np.max(np.abs(single[1])) == pytest.approx(0.001 * 10 ** (-24 / 20), rel=1e-4)


def test_frequencies_below_the_limit_are_not_gated():
    time_s = np.arange(2 * RATE) / RATE
    low, high = (0.003 * np.sin(2 * np.pi * hz * time_s).astype(np.float32) for hz in (100.0, 3000.0))
    gated = Gate(gate_frequencies_above_hz=800.0, level_reduction_db=-100).gate((low + high)[None], RATE)[0]
    middle = slice(RATE // 2, -RATE // 2)
    assert np.allclose(gated[middle], low[middle], atol=3e-5)


def test_a_split_above_nyquist_leaves_everything_below():
    noise = np.random.default_rng(0).uniform(-0.001, 0.001, (1, 100)).astype(np.float32)
    assert np.array_equal(low_pass(noise, RATE, RATE), noise)


def test_a_gate_of_no_reduction_changes_nothing():
    song = np.concatenate([voice(0.5), silence(0.5), voice(0.5, 0.001)])
    assert np.array_equal(Gate(level_reduction_db=0.0).gate(song[None], RATE)[0], song)


@pytest.mark.parametrize("num_samples", [0, 1, 7, 8, 9, 1001])
@pytest.mark.parametrize("shape", [(), (2,)])
def test_any_length_and_number_of_channels_keeps_its_shape(num_samples: int, shape: tuple[int, ...]):
    segment = Segment(np.ones((*shape, num_samples), dtype=np.float32), RATE, "clip")
    (gated,), dropped = Gate(gate_frequencies_above_hz=300.0).apply((segment,))
    assert gated.waveform.shape == segment.waveform.shape
    assert gated.waveform.dtype == np.float32
    assert dropped == ()


@pytest.mark.parametrize("values", [{"attack_ms": -1}, {"threshold_db": 3}, {"level_reduction_db": -101}])
def test_values_without_meaning_are_refused(values: dict[str, float]):
    with pytest.raises(ConfigError, match=r"preprocess\.gate"):
        Gate(**values)
