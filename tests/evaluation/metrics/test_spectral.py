import math

import numpy as np
import pytest

from duetto.evaluation.analysis.spectra import HOP_S, analyse_spectra, at_contour, at_frames
from duetto.evaluation.metrics.artefacts import hole_fraction, island_rate, log_kurtosis_ratio
from duetto.evaluation.metrics.bandwidth import cutoff, high_band_ratio
from duetto.evaluation.metrics.comb import comb_index
from duetto.evaluation.metrics.spectral import log_spectral_distance, mel_distance
from tests.evaluation.voices import SAMPLE_RATE, melody, sing

VOICE = sing(melody(2.0, rests=((0.8, 1.3),)))
SPECTRA = analyse_spectra(VOICE)
SILENCE = analyse_spectra(np.zeros_like(VOICE))
NOISE = np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE).astype(np.float32)
UNVOICED = np.zeros(601)


def filtered(waveform, response):
    """The waveform with a gain for each frequency in Hz."""
    frequency = np.fft.rfftfreq(waveform.size, 1 / SAMPLE_RATE)
    return np.fft.irfft(np.fft.rfft(waveform) * response(frequency), waveform.size).astype(np.float32)


def test_a_tone_has_its_level_and_its_time():
    tone = np.sin(2 * np.pi * 1500 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    spectra = analyse_spectra(np.pad(0.5 * tone, (SAMPLE_RATE, 0)))
    assert spectra.level_db[150, 64] == pytest.approx(-6.02, abs=0.01)  # 1500 Hz is bin 64
    begin = np.flatnonzero(spectra.level_db[:, 64] > -12.1)[0]  # half the window is in the tone
    assert (begin - 1) * HOP_S == pytest.approx(1.0, abs=HOP_S)


def test_contour_and_spectrum_share_their_times():
    contour = np.arange(201) * 5.0  # its value is its time in ms
    assert at_frames(contour, 90)[50] == pytest.approx(49 * 1000 * HOP_S, abs=2.5)
    frames = np.arange(95) >= 48  # from 0.5 s on
    assert np.flatnonzero(at_contour(frames, 201))[0] * 5 == pytest.approx(47 * 1000 * HOP_S, abs=6)


@pytest.mark.parametrize(
    ("distance", "share_above_6k"),
    [(log_spectral_distance, 0.5), (mel_distance, 1 - math.log10(1 + 6000 / 700) / math.log10(1 + 12000 / 700))],
)
def test_a_step_in_the_spectrum_is_its_root_mean_square_beside_the_gain(distance, share_above_6k):
    stepped = filtered(NOISE, lambda f: np.where(f < 6000, 1.0, 2.0))
    gain_db, step_db = 10 * math.log10((1 + 4) / 2), 20 * math.log10(2)
    expected = math.sqrt((1 - share_above_6k) * gain_db**2 + share_above_6k * (step_db - gain_db) ** 2)
    assert distance(analyse_spectra(NOISE), analyse_spectra(stepped)) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("distance", [log_spectral_distance, mel_distance])
def test_gain_is_no_distance_and_silence_is_undefined(distance):
    assert distance(SPECTRA, analyse_spectra(0.25 * VOICE)) == pytest.approx(0.0, abs=1e-3)
    assert math.isnan(distance(SPECTRA, SILENCE))
    assert math.isnan(distance(SILENCE, SPECTRA))


def test_what_is_missing_counts_no_more_than_the_clamp():
    gone = VOICE.copy()
    gone[SAMPLE_RATE // 2 :] = 0
    assert 5.0 < log_spectral_distance(SPECTRA, analyse_spectra(gone)) <= 50.0


def test_holes_are_the_share_of_cells_that_are_gone():
    assert hole_fraction(SPECTRA, SPECTRA) == 0.0
    assert hole_fraction(SPECTRA, analyse_spectra(0.1 * VOICE)) == 0.0
    cut = filtered(NOISE, lambda f: np.where(f > 3000, 1.0, 1e-3))
    mel_below_3k = math.log10(1 + 3000 / 700) / math.log10(1 + 12000 / 700)
    assert hole_fraction(analyse_spectra(NOISE), analyse_spectra(cut)) == pytest.approx(mel_below_3k, abs=0.03)
    assert math.isnan(hole_fraction(SPECTRA, SILENCE))


def test_sparser_noise_in_the_pauses_has_heavier_tails():
    voice = sing(melody(3.0, rests=((0.8, 2.2),)))
    random = np.random.default_rng(1)
    sparse = voice.copy()
    blips = random.random(voice.size // 240) < 0.8
    pause = slice(round(0.85 * SAMPLE_RATE), round(2.15 * SAMPLE_RATE))
    sparse[pause] *= np.where(np.repeat(blips, 240), 0.1, 1.0)[pause]
    assert log_kurtosis_ratio(voice, voice) == 0.0
    assert log_kurtosis_ratio(voice, 0.5 * voice) == pytest.approx(0.0, abs=1e-4)
    assert log_kurtosis_ratio(voice, sparse) > 0.5


def test_without_pauses_the_kurtosis_ratio_is_undefined():
    sung = sing(melody(2.0))
    assert math.isnan(log_kurtosis_ratio(sung, sung))
    assert math.isnan(log_kurtosis_ratio(np.zeros(0, np.float32), np.zeros(0, np.float32)))


def test_lone_tones_are_counted_by_second_and_kilohertz():
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    wave = 1e-3 * NOISE
    for number in range(20):
        at = slice(round((0.2 + 0.13 * number) * SAMPLE_RATE), round((0.22 + 0.13 * number) * SAMPLE_RATE))
        wave[at] += 0.02 * np.hanning(time[at].size) * np.sin(2 * np.pi * (2000 + 300 * number) * time[at])
    added = island_rate(analyse_spectra(wave), UNVOICED) - island_rate(analyse_spectra(1e-3 * NOISE), UNVOICED)
    assert added == pytest.approx(20 / (3.0 * 10.8), rel=0.3)
    assert math.isnan(island_rate(SILENCE, UNVOICED))


def test_harmonics_are_no_islands_and_padding_does_not_thin_islands_out():
    short = sing(np.repeat([250.0, 0.0] * 10, 1200))  # notes of 50 ms
    contour = np.repeat([250.0, 0.0] * 10, 10)
    spectra = analyse_spectra(short)
    assert island_rate(spectra, contour) < 0.3 * island_rate(spectra, np.zeros_like(contour))
    padded = analyse_spectra(np.pad(short, (0, SAMPLE_RATE)))
    assert island_rate(padded, np.pad(contour, (0, 200))) == pytest.approx(island_rate(spectra, contour), rel=0.1)


def test_the_high_band_ratio_of_noise_is_that_of_the_bandwidths():
    white = analyse_spectra(NOISE)
    assert high_band_ratio(white) == pytest.approx(0.0, abs=0.2)  # 3 kHz each
    assert high_band_ratio(analyse_spectra(filtered(NOISE, lambda f: np.where(f < 6000, 1.0, 0.1)))) == pytest.approx(
        -20.0, abs=0.3
    )
    assert math.isnan(high_band_ratio(SILENCE))


@pytest.mark.parametrize("edge_hz", [4000.0, 8500.0])
def test_a_cliff_is_found_where_it_is_and_white_noise_has_none(edge_hz):
    found_hz, fall_db = cutoff(analyse_spectra(filtered(NOISE, lambda f: np.where(f < edge_hz, 1.0, 1e-3))))
    assert found_hz == pytest.approx(edge_hz, abs=400)
    assert fall_db == pytest.approx(60.0, abs=3.0)
    assert cutoff(analyse_spectra(NOISE))[0] == 12_000.0
    assert all(map(math.isnan, cutoff(SILENCE)))


@pytest.mark.parametrize("echo", [0.3, 0.5])
def test_an_echo_is_a_comb_of_its_gain_and_delay(echo):
    delayed = np.pad(NOISE, (72, 0))[: NOISE.size]  # 3 ms
    index_db, delay_ms = comb_index(analyse_spectra(NOISE), analyse_spectra(NOISE + np.float32(echo) * delayed))
    assert index_db == pytest.approx(20 / math.log(10) * echo, rel=0.08)
    assert delay_ms == pytest.approx(3.0, abs=0.06)


def test_gain_is_no_comb_and_silence_has_no_index():
    assert comb_index(SPECTRA, analyse_spectra(0.3 * VOICE))[0] == pytest.approx(0.0, abs=1e-3)
    assert all(map(math.isnan, comb_index(SPECTRA, SILENCE)))
    assert all(map(math.isnan, comb_index(SILENCE, SPECTRA)))
