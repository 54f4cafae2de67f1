import math

import numpy as np
import pytest
from scipy.signal import freqz

from duetto.corpus.embedded_cases.room import add_room, room_response
from duetto.errors import ConfigError
from duetto.preprocess.segment import Segment
from duetto.preprocess.steps.dereverb import Dereverb, estimate_rt60, gate
from duetto.preprocess.steps.high_pass import HighPass
from duetto.preprocess.steps.loudness import Loudness, integrated_loudness
from duetto.settings.case_config import RoomConfig

from .conftest import RATE, silence, voice


def sine(frequency_hz: float, duration_s: float, level: float, sample_rate: int = 48_000) -> np.ndarray:
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    return (level * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def bs1770_of_a_tone(frequency_hz: float, level: float) -> float:
    """The loudness of a steady tone in LUFS, from the filter coefficients that BS.1770-4 tabulates for 48 kHz."""
    shelf = freqz(
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
        [frequency_hz],
        fs=48_000,
    )
    high_pass = freqz((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621), [frequency_hz], fs=48_000)
    gain = float(abs(shelf[1][0] * high_pass[1][0]))
    return -0.691 + 10 * math.log10(0.5 * (level * gain) ** 2)


def apply(step, waveform: np.ndarray, sample_rate: int = RATE):
    (segment,), dropped = step.apply((Segment(waveform, sample_rate, "clip"),))
    assert segment.waveform.shape == waveform.shape
    assert segment.waveform.dtype == np.float32
    return segment.waveform, dropped


def rms(waveform: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))


class TestHighPass:
    def test_at_the_cutoff_two_passes_take_six_db(self):
        middle = slice(48_000, 96_000)
        wave = sine(48.0, 3.0, 0.5)
        filtered, _ = apply(HighPass(), wave, 48_000)
        assert 20 * math.log10(rms(filtered[middle]) / rms(wave[middle])) == pytest.approx(-6.02, abs=0.05)

    def test_the_voice_comes_through_in_phase(self):
        wave = sine(220.0, 2.0, 0.5)
        filtered, _ = apply(HighPass(), wave, 48_000)
        assert np.allclose(filtered[10_000:-10_000], wave[10_000:-10_000], atol=1e-4)

    def test_offset_and_rumble_go(self):
        filtered, _ = apply(HighPass(), 0.2 + sine(15.0, 3.0, 0.3), 48_000)
        assert rms(filtered[20_000:-20_000]) < 1e-3

    @pytest.mark.parametrize("num_samples", [0, 1, 2, 10, 100])
    def test_clips_of_a_few_samples_keep_their_length(self, num_samples: int):
        apply(HighPass(), np.ones(num_samples, dtype=np.float32))

    def test_a_cutoff_of_zero_is_refused(self):
        with pytest.raises(ConfigError, match="cutoff_hz"):
            HighPass(cutoff_hz=0)


class TestLoudness:
    @pytest.mark.parametrize("sample_rate", [24_000, 32_000, 40_000, 44_100, 48_000])
    @pytest.mark.parametrize("frequency_hz", [100.0, 997.0, 4000.0, 10_000.0])
    @pytest.mark.parametrize("level", [1.0, 0.01])
    def test_a_tone_measures_what_the_standard_gives(self, frequency_hz: float, sample_rate: int, level: float):
        expected = bs1770_of_a_tone(frequency_hz, level)
        measured = integrated_loudness(sine(frequency_hz, 3.0, level, sample_rate), sample_rate)
        assert measured == pytest.approx(expected, abs=0.1)

    def test_the_analytic_value_at_997_hz_is_the_one_that_the_standard_states(self):
        # ITU-R BS.1770-4, annex 1: 0 dBFS at 997 Hz in one channel is -3.01 LKFS.
        assert bs1770_of_a_tone(997.0, 1.0) == pytest.approx(-3.01, abs=0.005)

    @pytest.mark.parametrize("sample_rate", [11_025, 22_050, 24_000, 44_100])
    def test_a_last_block_that_is_not_full_does_not_count(self, sample_rate: int):
        tone = sine(997.0, 0.4, 0.1, sample_rate)
        longer = np.append(tone, np.zeros(round(0.06 * sample_rate), dtype=np.float32))
        assert integrated_loudness(longer, sample_rate) == pytest.approx(
            integrated_loudness(tone, sample_rate), abs=1e-3
        )

    def test_the_clip_comes_out_at_the_target(self):
        louder, dropped = apply(Loudness(-23.0), sine(997.0, 3.0, 0.01), 48_000)
        assert integrated_loudness(louder, 48_000) == pytest.approx(-23.0, abs=0.01)
        assert dropped == ()

    def test_a_peak_limits_the_gain_and_is_remarked(self):
        clicks = silence(3.0)
        clicks[::4000] = 0.5
        louder, dropped = apply(Loudness(-10.0), clicks)
        assert np.max(np.abs(louder)) == pytest.approx(0.99, abs=1e-4)
        assert dropped[0].seconds == 0.0
        assert "peak allows no more" in dropped[0].reason

    def test_silence_stays_silence_and_is_remarked(self):
        quiet, dropped = apply(Loudness(), silence(1.0))
        assert not np.any(quiet)
        assert "not changed" in dropped[0].reason

    def test_less_than_a_block_is_measured_by_repeating_it(self):
        assert integrated_loudness(sine(1000.0, 0.1, 0.1), 48_000) == pytest.approx(
            integrated_loudness(sine(1000.0, 3.0, 0.1), 48_000), abs=0.1
        )
        assert math.isnan(integrated_loudness(silence(0.0), RATE))

    def test_a_clip_in_parts_measures_as_in_one_piece(self):
        song = voice(6.0)
        cuts = (song[: 2 * RATE], song[2 * RATE :], silence(3.0))
        parts, _ = Loudness().apply(tuple(Segment(part, RATE, "clip") for part in cuts))
        sung = np.concatenate([part.waveform for part in parts[:2]])  # silence has no say in the loudness
        assert integrated_loudness(sung, RATE) == pytest.approx(-23.0, abs=0.05)

    def test_segments_of_one_clip_share_a_gain(self):
        loud, soft = voice(2.0, 0.4), voice(2.0, 0.2)
        (a, b), _ = Loudness().apply((Segment(loud, RATE, "clip"), Segment(soft, RATE, "clip", start=len(loud))))
        assert rms(a.waveform) / rms(b.waveform) == pytest.approx(2.0, rel=1e-4)


class TestDereverb:
    @pytest.mark.parametrize("num_samples", [0, 1, 100, 8_001, 60_000])
    def test_strength_zero_changes_nothing_at_any_length(self, num_samples: int):
        wave = np.random.default_rng(0).uniform(-0.5, 0.5, num_samples).astype(np.float32)
        same, dropped = apply(Dereverb(strength=0.0, rt60_s=0.9), wave)
        assert np.allclose(same, wave, atol=1e-6)
        assert dropped == ()

    def test_blocks_leave_no_seam(self, monkeypatch: pytest.MonkeyPatch):
        wave = np.random.default_rng(0).uniform(-0.5, 0.5, 40_000).astype(np.float32)
        whole, _ = apply(Dereverb(rt60_s=0.9), wave)
        monkeypatch.setattr("duetto.preprocess.steps.dereverb.BLOCK_FRAMES", 50)
        blocks, _ = apply(Dereverb(rt60_s=0.9), wave)
        assert np.allclose(whole, blocks, atol=1e-5)

    def test_the_tail_behind_a_note_gets_softer_and_the_onset_stays(self):
        note = np.concatenate([voice(0.5), silence(1.0)])
        wet = add_room(note, room_response(RoomConfig(0.9, 6.0), RATE))
        dried, _ = apply(Dereverb(rt60_s=0.9), wet)
        tail, onset = slice(round(0.6 * RATE), round(0.9 * RATE)), slice(0, round(0.04 * RATE))
        assert 20 * math.log10(rms(dried[tail]) / rms(wet[tail])) < -6.0
        assert rms(dried[onset]) == pytest.approx(rms(wet[onset]), rel=0.1)

    def test_a_held_sine_keeps_what_the_equation_says(self):
        # Stationary: S_xx = |X|^2, so G^2 = 1 - 1.4 exp(-2 D T) with T = 0.05 s in whole hops of 128 samples.
        held = sine(1000.0, 3.0, 0.5, RATE)
        dried, _ = apply(Dereverb(rt60_s=0.9), held)
        hop = 512 // 4
        delay_s = round(0.05 * RATE / hop) * hop / RATE
        expected = math.sqrt(1 - 1.4 * math.exp(-2 * 3 * math.log(10) / 0.9 * delay_s))
        assert rms(dried[RATE : 2 * RATE]) / rms(held[RATE : 2 * RATE]) == pytest.approx(expected, rel=0.01)

    @pytest.mark.parametrize("rt60_s", [0.3, 0.6, 0.9])
    def test_reverberation_time_is_read_from_free_decays(self, rt60_s: float):
        generator = np.random.default_rng(0)
        time_s = np.arange(round(0.8 * RATE)) / RATE
        burst = generator.standard_normal(round(0.2 * RATE)) * 0.1
        decay = generator.standard_normal(len(time_s)) * 0.1 * 10 ** (-3 * time_s / rt60_s)
        song = np.tile(np.concatenate([burst, decay]), 6).astype(np.float32)
        assert estimate_rt60(song, RATE) == pytest.approx(rt60_s, rel=0.15)

    def test_without_decays_the_clip_is_left_and_that_is_remarked(self):
        held = voice(2.0)
        same, dropped = apply(Dereverb(), held)
        assert np.array_equal(same, held)
        assert [entry.seconds for entry in dropped] == [0.0]
        assert "free decays" in dropped[0].reason

    def test_the_gate_silences_what_is_soft_and_leaves_what_is_loud(self):
        song = np.concatenate([voice(1.0), voice(1.0, 0.001)])
        gated = gate(song, RATE, -42.0)
        assert np.array_equal(gated[: RATE - 500], song[: RATE - 500])
        assert not np.any(gated[RATE + 500 :])
        assert len(gate(silence(0.0), RATE, -42.0)) == 0
