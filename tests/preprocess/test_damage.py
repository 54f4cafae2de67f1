import math

import numpy as np
import pytest

from duetto.preprocess.damage import (
    Damage,
    band_energies,
    hole_fraction,
    level_change_db,
    log_kurtosis_ratio,
    measure_damage,
    mel_levels_db,
    pause_frames,
    voiced_frames,
    voiced_lost,
)
from duetto.preprocess.segment import Segment
from duetto.preprocess.spectrum import power_blocks, transform_spectrum

from .conftest import silence, voice

RATE = 24_000


def sung(duration_s: float) -> np.ndarray:
    return voice(duration_s, sample_rate=RATE)


def noise(duration_s: float, level: float = 0.001, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal(round(duration_s * RATE))).astype(np.float32)


def song() -> np.ndarray:
    parts = [silence(1.0, RATE), sung(1.0), silence(1.0, RATE), sung(1.0)]
    return np.concatenate(parts) + noise(4.0)


def damage(before: np.ndarray, after: np.ndarray) -> Damage:
    return measure_damage((Segment(before, RATE, "clip"),), (Segment(after, RATE, "clip"),))


def test_nothing_done_is_no_damage():
    same = damage(song(), song())
    assert same.band_loss_db == (0.0, 0.0, 0.0, 0.0)
    for value in (same.level_change_db, same.hole_fraction, same.log_kurtosis_ratio, same.voiced_lost):
        assert value == 0.0


def test_a_gain_is_a_change_of_level_and_nothing_else():
    softer = damage(song(), song() * np.float32(0.1))
    assert softer.level_change_db == pytest.approx(-20.0, abs=0.01)
    assert softer.band_loss_db == pytest.approx([20.0] * 4, abs=0.01)
    assert softer.hole_fraction == 0.0
    assert softer.log_kurtosis_ratio == pytest.approx(0.0, abs=1e-4)
    assert softer.voiced_lost == 0.0


def test_a_gain_of_sixty_db_makes_no_holes():
    assert damage(song(), song() * np.float32(0.001)).hole_fraction == 0.0


def test_taking_a_band_out_is_seen_in_that_band():
    # Half of a white noise's band of 300 to 3000 Hz is 3.01 dB.
    def cut(spectrum: np.ndarray) -> np.ndarray:
        hz = np.arange(spectrum.shape[-1]) * RATE / 1024
        return spectrum * np.where((hz > 1650) & (hz < 3000), 0, 1)

    white = noise(20.0, 0.1)
    treated = transform_spectrum(white[None], 1024, cut)[0]
    loss_db = damage(white, treated).band_loss_db
    assert loss_db[0] == pytest.approx(0.0, abs=0.01)
    assert loss_db[1] == pytest.approx(3.01, abs=0.2)
    assert loss_db[2] == pytest.approx(0.0, abs=0.1)


def test_bands_of_white_noise_share_its_energy_by_their_width():
    energy = band_energies(Segment(noise(20.0), RATE, "clip"))
    assert energy / energy.sum() == pytest.approx(np.array([300, 2700, 5000, 4000]) / 12_000, rel=0.1)


def test_energy_does_not_depend_on_the_sample_rate():
    slow, fast = (band_energies(Segment(voice(2.0, sample_rate=rate), rate, "clip")) for rate in (16_000, 48_000))
    assert fast[:2] == pytest.approx(slow[:2], rel=0.02)


def test_holes_are_counted_among_active_cells():
    before = np.array([[0, -30, -49, -51], [-10, -20, -59, -70], [-130, -130, -130, -130]], np.float32)
    after = before.copy()
    after[0, 1] -= 25.0  # a hole
    after[0, 2] -= 15.0  # too shallow
    after[0, 3] -= 40.0  # was not active
    after[1, 1] -= 21.0  # a hole
    after[2] -= 99.0  # a silent frame
    assert hole_fraction(before, after, 0.0) == pytest.approx(2 / 6)
    assert hole_fraction(before, after - 6, -6.0) == pytest.approx(2 / 6)
    assert math.isnan(hole_fraction(before[2:], after[2:], 0.0))


def test_the_level_is_compared_where_it_is_loud():
    before = np.zeros((20, 3), np.float32)
    before[:18] -= 30.0
    after = before - 6.0
    after[:18] -= 60.0  # a gate
    assert level_change_db(before, after) == -6.0
    assert math.isnan(level_change_db(before - 200, after))


def test_a_full_scale_sine_measures_zero_db_in_its_cell():
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    assert mel_levels_db(tone, RATE)[20].max() == pytest.approx(0.0, abs=2.0)


def test_the_kurtosis_of_white_noise_is_that_of_exponential_powers():
    # E[P^4] / E[P^2]^2 = 4! / 2!^2 = 6, against constant powers 1.
    white = noise(60.0)
    power = np.concatenate(list(power_blocks(white, 512)))[4:-4, 4:-4].astype(np.float64)
    kurtosis = np.mean(np.mean(power**4, axis=0) / np.mean(power**2, axis=0) ** 2)
    assert kurtosis == pytest.approx(6.0, rel=0.05)
    tone = np.ones(len(white), np.float32)
    every = np.ones(len(white) // 128 + 3, dtype=bool)
    assert log_kurtosis_ratio(white, white + tone * 0, 512, every) == 0.0


def test_isolated_cells_raise_the_kurtosis_ratio_by_what_they_are():
    # Keep a tenth of the cells: each moment falls to a tenth, so K rises tenfold; the overlap of frames smears it.
    generator = np.random.default_rng(1)

    def thin(spectrum: np.ndarray) -> np.ndarray:
        return spectrum * (generator.random(spectrum.shape) < 0.1)

    white = noise(20.0)
    thinned = transform_spectrum(white[None], 512, thin)[0]
    ratio = log_kurtosis_ratio(white, thinned, 512, np.ones(len(white) // 128 + 4, dtype=bool))
    assert 0.5 < ratio < math.log(10)


def test_pauses_are_the_soft_stretches_and_whole():
    hop = 128
    is_pause = pause_frames(song(), 512, RATE)
    starts_s = (np.flatnonzero(is_pause) - 3) * hop / RATE
    ends_s = starts_s + 4 * hop / RATE
    in_first = ends_s <= 1.0
    in_second = (starts_s >= 2.0) & (ends_s <= 3.0)
    assert np.all(in_first | in_second)
    assert len(starts_s) > 0.5 * 2 * RATE / hop


def test_a_frame_that_touches_a_note_is_no_pause(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("duetto.preprocess.damage.PAUSE_LEVEL_S", 0.0)
    is_pause = pause_frames(song(), 512, RATE)
    ends = (np.flatnonzero(is_pause) + 1) * 128
    before_note = ends[ends < 1.5 * RATE]
    assert RATE - 1024 < before_note.max() <= RATE


def test_without_pauses_the_ratio_is_undefined():
    tone = sung(2.0)
    assert math.isnan(damage(tone, tone * np.linspace(1, 0.5, len(tone), dtype=np.float32)).log_kurtosis_ratio)


def test_voicing_tells_tones_from_noise_and_silence():
    assert voiced_frames(sung(1.0), RATE).mean() > 0.95
    assert voiced_frames(noise(1.0, 0.1), RATE).mean() < 0.05
    assert not voiced_frames(silence(1.0, RATE), RATE).any()


def test_what_is_far_below_the_loudest_is_not_voiced():
    assert voiced_frames(np.concatenate([sung(1.0), 1e-3 * sung(1.0)]), RATE).mean() == pytest.approx(0.5, abs=0.03)


def test_silencing_half_of_a_voice_loses_half_of_its_voiced_frames():
    gated = np.concatenate([sung(1.0), silence(1.0, RATE)])
    assert voiced_lost(sung(2.0), gated, RATE) == pytest.approx(0.5, abs=0.02)
    assert math.isnan(voiced_lost(silence(1.0, RATE), silence(1.0, RATE), RATE))


def test_zeroed_frames_are_counted():
    gated = song()
    gated[: RATE * 2] = 0.0
    found = damage(song(), gated)
    assert (found.zero_share_before, found.zero_share_after) == (0.0, pytest.approx(0.5, abs=0.01))


def test_a_trim_is_compared_where_both_have_the_audio():
    whole = Segment(song(), RATE, "clip", start=100)
    piece = whole.cut(RATE, 2 * RATE)
    louder = piece.with_waveform(piece.waveform * np.float32(2.0))
    trimmed = measure_damage((whole,), (louder,))
    assert trimmed.level_change_db == pytest.approx(6.02, abs=0.01)
    assert trimmed.hole_fraction == 0.0
    assert trimmed.band_loss_db == pytest.approx([-6.02] * 4, abs=0.01)


def test_of_another_sample_rate_only_bands_and_zeros_count():
    slow = voice(1.0, sample_rate=16_000)
    resampled = measure_damage((Segment(sung(1.0), RATE, "clip"),), (Segment(slow, 16_000, "clip"),))
    assert resampled.band_loss_db[1] == pytest.approx(0.0, abs=0.1)
    assert resampled.band_loss_db[3] > 10.0
    assert math.isnan(resampled.hole_fraction)
    assert resampled.zero_share_after == 0.0


@pytest.mark.parametrize("after", [(), (Segment(silence(0.0), RATE, "clip"),)])
def test_where_nothing_is_left_there_is_nothing_to_compare(after: tuple[Segment, ...]):
    gone = measure_damage((Segment(song(), RATE, "clip"),), after)
    for value in (*gone.band_loss_db, gone.level_change_db, gone.hole_fraction, gone.voiced_lost):
        assert math.isnan(value)


def test_a_silenced_clip_lost_every_band_and_all_its_voice():
    gone = damage(song(), np.zeros_like(song()))
    assert min(gone.band_loss_db) == pytest.approx(160.0)
    assert gone.voiced_lost == 1.0
    assert gone.zero_share_after == 1.0


def test_the_row_names_its_bands():
    row = damage(song(), song()).as_dict()
    assert list(row["band_loss_db"]) == ["0-300", "300-3000", "3000-8000", "8000-inf"]
    assert row["hole_fraction"] == 0.0
