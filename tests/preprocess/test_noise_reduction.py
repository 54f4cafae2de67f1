import math

import numpy as np
import pytest

from duetto.errors import ConfigError
from duetto.preprocess.noise_profile import Stretch, noise_profile
from duetto.preprocess.segment import Segment
from duetto.preprocess.spectrum import power_blocks
from duetto.preprocess.steps.noise_reduction import NoiseReduction
from duetto.preprocess.steps.spectral_subtraction import SpectralSubtraction

from .conftest import RATE, silence, voice

LEVEL = 0.01


def noise(duration_s: float, level: float = LEVEL, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal(round(duration_s * RATE))).astype(np.float32)


def noisy_song() -> np.ndarray:
    return np.concatenate([silence(1.0), voice(1.0), silence(1.0)]) + noise(3.0)


def db(before: np.ndarray, after: np.ndarray) -> float:
    return 10 * float(np.log10(np.mean(np.square(after)) / np.mean(np.square(before))))


def treat(step: NoiseReduction | SpectralSubtraction, waveform: np.ndarray) -> np.ndarray:
    (segment,), dropped = step.apply((Segment(waveform, RATE, "clip"),))
    assert dropped == ()
    assert segment.waveform.shape == waveform.shape
    return segment.waveform


class TestProfile:
    def test_white_noise_has_the_power_of_its_window_in_every_bin(self):
        # Variance times the sum of the squared window, 3/8 of its length.
        profile = noise_profile((Segment(noise(20.0), RATE, "clip"),), 256, Stretch(15.0))
        assert profile is not None
        assert np.median(profile) == pytest.approx(LEVEL**2 * 256 * 3 / 8, rel=0.05)

    def test_the_quietest_stretch_is_found_and_digital_silence_is_passed_over(self):
        song = np.concatenate([voice(1.0), noise(1.0), voice(1.0), silence(1.0), noise(1.0, 0.1)])
        profile = noise_profile((Segment(song, RATE, "clip"),), 256, Stretch())
        assert profile is not None
        assert np.median(profile) == pytest.approx(LEVEL**2 * 256 * 3 / 8, rel=0.3)

    def test_a_given_stretch_is_used_where_it_lies_in_the_clip(self):
        song = np.concatenate([noise(1.0), noise(1.0, 0.1), noise(1.0)])
        parts = (Segment(song[: RATE // 2], RATE, "clip"), Segment(song[RATE // 2 :], RATE, "clip", RATE // 2))
        profile = noise_profile(parts, 256, Stretch(0.9, 1.05))
        assert profile is not None
        assert np.median(profile) == pytest.approx(0.1**2 * 256 * 3 / 8, rel=0.2)

    @pytest.mark.parametrize("waveform", [silence(1.0), silence(0.0), noise(0.2)])
    def test_without_noise_to_learn_from_there_is_none(self, waveform: np.ndarray):
        assert noise_profile((Segment(waveform, RATE, "clip"),), 256, Stretch()) is None


class TestNoiseReduction:
    @pytest.mark.parametrize("reduction_db", [0.0, 6.0, 24.0])
    def test_noise_alone_falls_by_the_reduction(self, reduction_db: float):
        song = noisy_song()
        reduced = treat(NoiseReduction(reduction_db=reduction_db), song)
        pause = slice(0, round(0.7 * RATE))
        assert db(song[pause], reduced[pause]) == pytest.approx(-reduction_db, abs=0.3)

    def test_the_voice_comes_through(self):
        song = noisy_song()
        sung = slice(round(1.2 * RATE), round(1.8 * RATE))
        reduced = treat(NoiseReduction(reduction_db=24.0, smoothing_bands=0), song)
        assert db(song[sung], reduced[sung]) == pytest.approx(0.0, abs=0.1)

    def test_smoothing_takes_level_from_single_partials(self):
        song = noisy_song()
        sung = slice(round(1.2 * RATE), round(1.8 * RATE))
        losses_db = [-db(song[sung], treat(NoiseReduction(smoothing_bands=n), song)[sung]) for n in (0, 3, 6)]
        assert losses_db == sorted(losses_db)
        assert 1.0 < losses_db[-1] < 6.0  # less than the reduction

    def test_noise_is_taken_for_sound_as_often_as_the_sensitivity_says(self):
        # Exponential powers: one exceeds s ln(10) times the mean with p = 10^-s. The second greatest of five frames of
        # which each overlaps its neighbours lies between that of one and of five independent ones.
        step = NoiseReduction(sensitivity=1.0, smoothing_bands=0)
        power = np.random.default_rng(0).exponential(1.0, (4000, 65)).astype(np.float32)
        gain = step.gain(power, np.ones(65, np.float32), frame_rate=1e-6)  # no attack, no release
        p = 0.1
        two_of_five = 1 - (1 - p) ** 5 - 5 * p * (1 - p) ** 4
        assert np.mean(gain == 1.0) == pytest.approx(two_of_five, abs=0.005)

    def test_a_dose_in_db_is_the_same_threshold(self):
        assert NoiseReduction(sensitivity=2.0).threshold == pytest.approx(2 * math.log(10))
        assert NoiseReduction(threshold_over_profile_db=12.0).threshold == pytest.approx(15.85, abs=0.01)

    def test_smoothing_averages_gains_in_db_over_bands(self):
        power = np.zeros((9, 33), np.float32)
        power[:, 16] = 1e6
        gain = NoiseReduction(reduction_db=30.0, smoothing_bands=1).gain(power, np.ones(33, np.float32), 1e-6)
        # Of three bands one is open: 2/3 of 30 dB.
        assert 20 * np.log10(gain[4, 14:19]) == pytest.approx([-30, -20, -20, -20, -30], abs=1e-3)

    def test_channels_are_treated_with_one_profile(self):
        stereo = np.stack([noisy_song(), noisy_song()])
        (segment,), _ = NoiseReduction().apply((Segment(stereo, RATE, "clip"),))
        assert np.allclose(segment.waveform[0], segment.waveform[1])
        assert np.allclose(segment.waveform[0], treat(NoiseReduction(), stereo[0]), atol=1e-6)

    @pytest.mark.parametrize("step", [NoiseReduction(), SpectralSubtraction()])
    def test_a_clip_without_noise_is_left_and_that_is_remarked(self, step: NoiseReduction | SpectralSubtraction):
        segments = (Segment(silence(1.0), RATE, "clip"),)
        same, dropped = step.apply(segments)
        assert same == segments
        assert [(entry.seconds, entry.reason) for entry in dropped] == [
            (0.0, "noise not reduced: no stretch of 0.5 s to measure it")
        ]
        assert step.apply(()) == ((), ())

    @pytest.mark.parametrize("values", [{"reduction_db": -1.0}, {"sensitivity": -1.0}, {"profile_s": 0.1}])
    def test_values_without_meaning_are_refused(self, values: dict[str, float]):
        with pytest.raises(ConfigError, match=r"preprocess\.noise_reduction"):
            NoiseReduction(**values)


class TestSpectralSubtraction:
    def test_nothing_subtracted_changes_nothing(self):
        song = noisy_song()
        assert np.allclose(treat(SpectralSubtraction(over_subtraction=0.0, floor=0.0), song), song, atol=1e-6)

    def test_gains_are_those_of_the_equation(self):
        # Noise 1, alpha 2, beta 0.01. Power 4: (4 - 2) / 4. Power 2 and 1: the floor 0.01 / 2 and 0.01. Power 0.001 is
        # below the floor and stays.
        power = np.array([[4.0, 2.0, 1.0, 0.001]], np.float32)
        gain = SpectralSubtraction(over_subtraction=2.0, floor=0.01).gain(power, np.ones(4, np.float32))
        assert gain[0] ** 2 == pytest.approx([0.5, 0.005, 0.01, 1.0], rel=1e-4)

    def test_a_whole_floor_under_full_subtraction_is_no_louder_than_the_noise(self):
        song = noise(3.0)
        assert -6.0 < db(song, treat(SpectralSubtraction(over_subtraction=20.0, floor=1.0), song)) < 0.0

    def test_a_held_tone_keeps_its_level_as_the_equation_says(self):
        # The tone stands 40 dB over the noise: subtracting twice the noise takes 0.001 dB.
        tone = np.concatenate([silence(1.0), voice(1.0)]) + noise(2.0, 1e-4)
        sung = slice(round(1.2 * RATE), round(1.8 * RATE))
        assert db(tone[sung], treat(SpectralSubtraction(), tone)[sung]) == pytest.approx(0.0, abs=0.01)

    def test_more_subtraction_leaves_rarer_and_more_isolated_cells(self):
        shares = []
        for alpha in (1.0, 2.0, 4.0, 8.0):
            left = treat(SpectralSubtraction(over_subtraction=alpha, floor=0.0), noise(10.0))
            power = np.concatenate(list(power_blocks(left, 256)))
            shares.append(float(np.mean(power**4) / np.mean(power**2) ** 2))
        assert shares == sorted(shares)
        assert shares[-1] > 5 * shares[0]

    @pytest.mark.parametrize("values", [{"over_subtraction": -1.0}, {"floor": 1.5}, {"profile_s": 0.0}])
    def test_values_without_meaning_are_refused(self, values: dict[str, float]):
        with pytest.raises(ConfigError, match=r"preprocess\.spectral_subtraction"):
            SpectralSubtraction(**values)
