import math

import numpy as np
import pytest

from duetto.evaluation.analysis.held import held_notes
from duetto.evaluation.analysis.spectra import analyse_spectra
from duetto.evaluation.metrics.harmonicity import harmonics_to_noise_ratio
from duetto.evaluation.metrics.modulation import dip_rate, modulation_distance, modulation_energy
from duetto.evaluation.metrics.steadiness import held_pitch_deviation, spectral_flux
from tests.evaluation.voices import SAMPLE_RATE, sing

FRAME_S = np.arange(400) * 0.005  # 2 s
VIBRATO = 220 * 2 ** (50 * np.sin(2 * np.pi * 5.7 * FRAME_S) / 1200)
NOTE = [(20, 380)]
TIME = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
NOISE = np.random.default_rng(0).standard_normal(TIME.size)
WHOLE = [(20, 580)]
SILENCE = np.zeros(TIME.size, dtype=np.float32)


def trembling(depth_db, rate_hz):
    """Noise whose level swings by +-depth_db."""
    return (0.05 * NOISE * 10 ** (depth_db * np.sin(2 * np.pi * rate_hz * TIME) / 20)).astype(np.float32)


def test_a_note_with_vibrato_is_held_and_steps_and_rests_divide_notes():
    contour = np.concatenate([VIBRATO, VIBRATO * 2 ** (2 / 12), np.zeros(50), VIBRATO])
    notes = held_notes(contour)
    assert len(notes) == 3
    for (first, last), (begin, end) in zip(notes, [(0, 400), (400, 800), (850, 1250)], strict=True):
        assert begin + 10 <= first <= begin + 40
        assert end - 40 <= last <= end - 10


def test_short_notes_and_slides_are_not_held():
    short = np.concatenate([VIBRATO[:100], np.zeros(20)] * 3)
    slide = 220 * 2 ** (FRAME_S * 12 / 12)  # an octave a second
    assert held_notes(short) == []
    assert held_notes(slide) == []
    assert held_notes(np.zeros(400)) == []
    assert held_notes(np.zeros(0)) == []


@pytest.mark.parametrize("rate_hz", [4.0, 5.7, 7.9])
def test_vibrato_alone_is_no_deviation(rate_hz):
    contour = 220 * 2 ** (50 * np.sin(2 * np.pi * rate_hz * FRAME_S) / 1200)
    assert held_pitch_deviation(contour, NOTE) < 1.0


@pytest.mark.parametrize("cents", [10.0, 30.0])
def test_jitter_is_measured_at_its_size_beside_vibrato(cents):
    jitter = np.random.default_rng(1).standard_normal(400) * cents
    measured = held_pitch_deviation(VIBRATO * 2 ** (jitter / 1200), NOTE)
    assert measured == pytest.approx(np.std(jitter[20:380]), rel=0.05)


def test_a_note_that_is_not_voiced_has_no_deviation():
    assert math.isnan(held_pitch_deviation(np.zeros(400), NOTE))
    assert math.isnan(held_pitch_deviation(VIBRATO, []))


def test_flux_is_the_change_from_frame_to_frame_in_a_second():
    wave = 0.05 * NOISE
    rising = (wave * 10 ** (20 * TIME / 20)).astype(np.float32)  # 20 dB a second, over noise that moves too
    plain = spectral_flux(analyse_spectra(wave.astype(np.float32)), WHOLE)
    assert spectral_flux(analyse_spectra(rising), WHOLE) == pytest.approx(math.hypot(plain, 20.0), rel=0.02)


def test_a_steady_tone_has_hardly_any_flux_and_nothing_has_none():
    tone = np.sin(2 * np.pi * 1500 * TIME).astype(np.float32)  # whole periods in a hop
    assert spectral_flux(analyse_spectra(tone), WHOLE) == pytest.approx(0.0, abs=0.1)
    assert math.isnan(spectral_flux(analyse_spectra(tone), []))
    assert math.isnan(spectral_flux(analyse_spectra(SILENCE), WHOLE))


@pytest.mark.parametrize(("rate_hz", "smeared"), [(3.0, 0.04), (6.0, 0.08), (12.0, 0.15)])  # by the window of 43 ms
def test_a_swing_of_the_level_is_measured_as_its_root_mean_square(rate_hz, smeared):
    still = modulation_energy(analyse_spectra(trembling(0.0, rate_hz)), WHOLE)
    moved = modulation_energy(analyse_spectra(trembling(8.0, rate_hz)), WHOLE)
    assert math.sqrt(moved**2 - still**2) == pytest.approx(8 / math.sqrt(2), rel=smeared)


def test_swings_outside_2_to_16_hz_are_not_counted():
    still, slow, fast = (
        modulation_energy(analyse_spectra(trembling(depth, rate)), WHOLE) for depth, rate in ((0, 1), (8, 0.4), (8, 25))
    )
    assert slow < still + 0.7
    assert fast < still + 0.7


def test_the_modulation_distance_grows_with_the_swing_and_ignores_gain():
    reference = analyse_spectra(trembling(0.0, 6.0))
    distances = [modulation_distance(reference, analyse_spectra(trembling(d, 6.0)), WHOLE) for d in (0.0, 2.0, 8.0)]
    assert distances[0] == 0.0
    assert distances == sorted(distances)
    assert modulation_distance(reference, analyse_spectra(0.2 * trembling(0.0, 6.0)), WHOLE) < 0.01


def test_ten_times_the_modulation_is_20_db_apart_in_its_octave():
    phases = np.random.default_rng(2).uniform(0, 2 * np.pi, 60)
    tones = 0.01 * sum(np.sin(2 * np.pi * 187.5 * k * TIME + phase) for k, phase in enumerate(phases, 1))
    first, second = (
        analyse_spectra((tones * 10 ** (d * np.sin(2 * np.pi * 6 * TIME) / 20)).astype(np.float32)) for d in (1.0, 10.0)
    )
    measured = modulation_distance(first, second, WHOLE)
    assert 20 / math.sqrt(3) * 0.85 < measured < 20.0  # one octave of three; the others are moved by its harmonics


def test_modulation_needs_a_note_and_a_sound():
    sound, silence = analyse_spectra(trembling(4.0, 6.0)), analyse_spectra(SILENCE)
    assert math.isnan(modulation_energy(sound, []))
    assert math.isnan(modulation_energy(silence, WHOLE))
    assert math.isnan(modulation_distance(sound, silence, WHOLE))
    assert math.isnan(modulation_distance(sound, sound, []))


def test_dips_are_counted_where_notes_are_held():
    voice = sing(np.full(TIME.size, 220.0))
    for start in (0.5, 1.0, 1.5, 2.0):
        voice[round(start * SAMPLE_RATE) : round((start + 0.06) * SAMPLE_RATE)] *= 0.1  # 20 dB for 60 ms
    assert dip_rate(voice, WHOLE) == pytest.approx(4 / 2.8)
    assert dip_rate(0.1 * voice, WHOLE) == pytest.approx(4 / 2.8)
    assert dip_rate(voice, [(260, 380)]) == pytest.approx(1 / 0.6)
    assert dip_rate(sing(np.full(TIME.size, 220.0)), WHOLE) == 0.0


def test_shallow_and_long_dips_are_not_counted_and_silence_has_no_rate():
    voice = sing(np.full(TIME.size, 220.0))
    voice[SAMPLE_RATE : SAMPLE_RATE + 1440] *= 0.6  # 4.4 dB
    voice[2 * SAMPLE_RATE : 2 * SAMPLE_RATE + 9600] *= 0.1  # 400 ms
    assert dip_rate(voice, WHOLE) == 0.0
    assert math.isnan(dip_rate(voice, []))
    assert math.isnan(dip_rate(SILENCE, WHOLE))


@pytest.mark.parametrize(("f0_hz", "snr_db"), [(110.0, 10.0), (220.0, 20.0), (700.0, 30.0)])
def test_a_periodic_wave_in_noise_has_the_ratio_of_their_powers(f0_hz, snr_db):
    wave = sum(np.sin(2 * np.pi * k * f0_hz * TIME) / k for k in range(1, 4))
    noise = NOISE * np.sqrt(np.mean(wave**2)) * 10 ** (-snr_db / 20)
    contour = np.full(601, f0_hz * 1.01)  # a tracker that is a little off
    measured = harmonics_to_noise_ratio((0.1 * (wave + noise)).astype(np.float32), contour, SAMPLE_RATE)
    assert measured == pytest.approx(snr_db, abs=0.7)


def test_what_is_nowhere_voiced_or_silent_has_no_harmonics():
    wave = np.sin(2 * np.pi * 220 * TIME).astype(np.float32)
    assert harmonics_to_noise_ratio(wave, np.full(601, 220.0), SAMPLE_RATE) > 45.0
    assert math.isnan(harmonics_to_noise_ratio(wave, np.zeros(601), SAMPLE_RATE))
    assert math.isnan(harmonics_to_noise_ratio(SILENCE, np.full(601, 220.0), SAMPLE_RATE))
    assert math.isnan(harmonics_to_noise_ratio(np.zeros(0, np.float32), np.zeros(0), SAMPLE_RATE))
