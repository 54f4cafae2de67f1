"""Each check against sounds whose answer is known, and where it cannot know."""

import math

import numpy as np
import pytest

from duetto.diagnosis.checks import (
    bleed,
    clipping,
    codec,
    fragments,
    gate,
    holes,
    lengths,
    register,
    room,
    tempo,
    usable,
)
from duetto.diagnosis.checks import noise as noise_check
from duetto.preprocess.segment import Segment
from duetto.preprocess.steps.spectral_subtraction import SpectralSubtraction
from duetto.storage.audio import resample
from duetto.units import db_to_amplitude
from tests.diagnosis.sounds import RATE, heard, noise, phrases, tone

CHECKS = (bleed, clipping, codec, fragments, gate, holes, lengths, noise_check, register, room, tempo, usable)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.rsplit(".", 1)[-1])
@pytest.mark.parametrize("samples", [0, 1, 100, 48_000], ids=["empty", "one sample", "2 ms", "1 s of silence"])
def test_silence_and_splinters_are_fine_or_unknown_and_never_an_error(check, samples):
    finding = check.conclude([check.measure(heard(np.zeros(samples)))])
    assert finding.severity in ("unknown", "fine")
    assert check.conclude([]).severity in ("unknown", "fine")


def test_register_counts_seconds_at_each_semitone():
    evidence = register.measure(heard(tone(3.0), [220.0] * 200 + [440.0] * 100))
    assert evidence.seconds[57] == pytest.approx(2.0)  # A3
    assert evidence.seconds[69] == pytest.approx(1.0)  # A4
    assert evidence.seconds.sum() == pytest.approx(3.0)


def test_percentiles_of_a_flat_scale_are_its_ends():
    seconds = np.zeros(128)
    seconds[40:60] = 1.0
    numbers = register.percentiles(seconds)
    assert (numbers["p5_midi"], numbers["p50_midi"], numbers["p95_midi"]) == (40, 49, 58)
    assert numbers["covered_semitones"] == 20


def test_a_song_half_above_the_register_is_half_outside_and_serious():
    evidence = [register.RegisterEvidence(np.where((np.arange(128) >= 45) & (np.arange(128) < 60), 2.0, 0.0), ())]
    song = np.where((np.arange(128) >= 55) & (np.arange(128) < 65), 1.0, 0.0)  # 55 to 64: five covered, five not
    finding = register.conclude(evidence, {"high": song})
    assert finding.evidence["songs_outside_share"] == pytest.approx(0.5)
    assert finding.severity == "serious"
    assert "C4" in finding.advice  # the lowest missing pitch, MIDI 60
    assert register.conclude(evidence, {"inside": np.roll(song, -8)}).severity == "fine"


def test_too_little_singing_is_no_register():
    assert register.conclude([register.measure(heard(tone(2.0), [220.0]))]).severity == "unknown"


def test_two_notes_on_one_breath_are_two_and_vibrato_is_none():
    time = np.arange(60) / 100
    vibrato = 220.0 * 2 ** (0.4 * np.sin(2 * np.pi * 5.5 * time) / 12)
    contour = np.concatenate([vibrato, np.full(60, 261.6), np.zeros(20), np.full(30, 220.0)])
    spans = tempo.find_notes(np.where(contour > 0, 69 + 12 * np.log2(np.maximum(contour, 1) / 440), np.nan))
    assert len(spans) == 3
    assert spans[0][1] == pytest.approx(60, abs=3)
    assert spans[2] == (140, 170)


def test_short_notes_alone_are_serious_and_long_ones_fine():
    short = tempo.measure(heard(tone(20.0), ([220.0] * 20 + [0.0] * 5) * 80))
    held = tempo.measure(heard(tone(20.0), ([220.0] * 90 + [0.0] * 10) * 20))
    assert tempo.conclude([short]).evidence["held_share"] == 0.0
    assert tempo.conclude([short]).severity == "serious"
    assert tempo.conclude([held]).evidence["held_share"] == 1.0
    assert tempo.conclude([held]).evidence["notes_per_s"] == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("snr_db", [40.0, 25.0, 12.0])
def test_signal_to_noise_ratio_is_right_to_one_decibel(snr_db):
    waveform, contour = phrases(6, floor=0.0)
    sung = np.repeat(contour > 0, RATE // 100)
    level = float(np.sqrt(np.mean(np.square(waveform[sung])))) * db_to_amplitude(-snr_db)
    evidence = noise_check.measure(heard(waveform + noise(len(waveform) / RATE, level), contour))
    assert evidence.snr_db == pytest.approx(snr_db, abs=1.0)


def test_noise_is_unknown_without_pauses_and_after_a_gate():
    assert "no pauses" in noise_check.conclude([noise_check.measure(heard(tone(6.0), [220.0]))]).what
    gated, contour = phrases(5, floor=0.0)
    assert "silenced" in noise_check.conclude([noise_check.measure(heard(gated, contour))]).what


@pytest.mark.parametrize("rt60_s", [0.4, 0.8])
def test_reverberation_time_of_exponential_decays(rt60_s):
    time = np.arange(round(1.2 * RATE)) / RATE
    decay = 10 ** (-3 * time / rt60_s)
    one = np.concatenate([tone(0.8), tone(1.2) * decay])
    waveform = np.tile(one, 6) + noise(12.0, 2e-5)
    finding = room.conclude([room.measure(heard(waveform, [220.0] * 80 + [0.0] * 120))])
    assert finding.evidence["rt60_s"] == pytest.approx(rt60_s, rel=0.15)
    assert finding.severity in ("warning", "serious")


def test_a_dry_voice_has_no_room_and_four_falls_are_too_few():
    waveform, contour = phrases(8)
    assert room.conclude([room.measure(heard(waveform, contour))]).evidence["rt60_s"] < 0.2
    waveform, contour = phrases(3)
    assert room.conclude([room.measure(heard(waveform, contour))]).severity == "unknown"


def test_holes_of_a_gate_are_counted_and_a_floor_is_not():
    gated, contour = phrases(6, sung_s=1.0, pause_s=0.5, floor=0.0)
    finding = gate.conclude([gate.measure(heard(gated, contour))])
    assert finding.evidence["silenced_share"] == pytest.approx(2.5 / 8.5, abs=0.03)  # five pauses between six phrases
    assert finding.evidence["holes"] == 5
    assert finding.severity == "serious"
    natural, _ = phrases(6, pause_s=0.5, floor=1e-3)
    assert gate.conclude([gate.measure(heard(natural, contour))]).severity == "fine"


@pytest.mark.parametrize("peak_db", [-6.0, -40.0, -52.0])
def test_a_quiet_take_with_a_floor_is_not_gated(peak_db):
    natural, contour = phrases(6, pause_s=0.5, floor=1e-3)
    quiet = natural / np.abs(natural).max() * 10 ** (peak_db / 20)
    assert gate.conclude([gate.measure(heard(quiet, contour))]).severity == "fine"
    in_16_bits = np.round(quiet * 2**15) / 2**15
    assert gate.conclude([gate.measure(heard(in_16_bits, contour))]).severity in ("fine", "unknown")


def test_a_quiet_take_that_was_gated_is_told():
    gated, contour = phrases(6, sung_s=1.0, pause_s=0.5, floor=0.0)
    assert gate.conclude([gate.measure(heard(0.003 * gated, contour))]).severity == "serious"


def test_pauses_that_rounding_has_emptied_are_unknown():
    natural, contour = phrases(6, pause_s=0.5, floor=1e-4)
    rounded = np.round(0.003 * natural * 2**15) / 2**15
    finding = gate.conclude([gate.measure(heard(rounded, contour))])
    assert finding.severity == "unknown"
    assert "rounded" in finding.what


def test_silence_before_and_after_is_trimming_not_gating():
    waveform = np.concatenate([np.zeros(RATE), tone(3.0) + noise(3.0, 1e-3), np.zeros(RATE)])
    assert gate.measure(heard(waveform)).silenced_s == 0.0


def test_noise_has_the_holes_of_an_exponential_distribution():
    power = np.random.default_rng(0).exponential(size=(4000, 200)).astype(np.float32)
    # median ln 2; P(power < ln 2 / 200) = 0.35 %
    assert holes.hole_cells(power).mean() == pytest.approx(0.0035, rel=0.15)


@pytest.mark.parametrize("sung_s", [0.2, 0.3, 0.5, 1.0])
def test_a_stretch_of_holes_is_placed_in_less_singing_than_a_stretch_lasts(sung_s):
    breath = np.concatenate([noise(sung_s, 0.1, seed=2), np.zeros(2 * RATE)])  # its holes are those of noise
    measured = holes.measure(heard(breath))
    assert 0.0 < measured.hole_share < 0.03
    assert measured.place is not None
    assert measured.place.start_s < sung_s


def test_emptied_cells_are_holes():
    power = np.random.default_rng(0).exponential(size=(400, 100)).astype(np.float32)
    power[::10] *= 1e-6
    assert holes.hole_cells(power).mean() == pytest.approx(0.1, abs=0.01)


def test_kurtosis_of_noise_in_pauses_is_six_and_of_subtracted_noise_more():
    waveform, contour = phrases(4, sung_s=0.8, pause_s=1.5, floor=1e-3)
    assert holes.pause_kurtosis(heard(waveform, contour)) == pytest.approx(0.0, abs=0.3)
    step = SpectralSubtraction(over_subtraction=3.0, floor=1e-3)
    treated, _ = step.apply((Segment(waveform.astype(np.float32), RATE, "clip"),))
    assert holes.pause_kurtosis(heard(treated[0].waveform, contour)) > 0.7


def test_clipped_tops_are_counted_and_a_loud_sine_is_not():
    time = np.arange(RATE) / RATE
    sung = np.sin(2 * np.pi * 100 * time) * (1 + 0.3 * np.sin(2 * np.pi * 3 * time))
    assert clipping.measure(heard(0.6 * sung)).stretches < clipping.LEAST_STRETCHES
    clipped = clipping.measure(heard(np.clip(sung, -0.8, 0.8)))
    # 1 + 0.3 sin(x) is above 0.8 for (pi + 2 asin(2 / 3)) / 2 pi = 73 % of the time, two tops a period
    assert clipped.stretches == pytest.approx(146, abs=3)
    assert clipping.conclude([clipped]).severity == "serious"


@pytest.mark.parametrize("cutoff_hz", [4000.0, 5500.0, 6000.0, 8000.0, 11_000.0])
def test_a_cut_off_is_found_to_half_a_kilohertz(cutoff_hz):
    fade = np.clip(np.minimum(np.arange(2 * RATE), np.arange(2 * RATE)[::-1]) / (0.2 * RATE), 0, 1)
    waveform = fade * (tone(2.0, harmonics=200) + noise(2.0, 0.01))
    low_rate = resample(waveform.astype(np.float32), RATE, round(2 * cutoff_hz))
    cut = resample(low_rate, round(2 * cutoff_hz), RATE)
    evidence = codec.measure(heard(cut))
    assert evidence.cutoff_hz == pytest.approx(cutoff_hz, abs=600)
    assert codec.conclude([evidence]).severity == "serious"
    assert math.isnan(codec.measure(heard(waveform)).cutoff_hz)


@pytest.mark.parametrize("rate", [8000, 11_025, 12_000, 16_000])
def test_a_file_of_a_low_rate_is_serious_by_its_header(rate):
    low = codec.measure(heard(tone(2.0, rate=rate), rate=rate))
    whole = codec.measure(heard(tone(2.0, harmonics=200) + noise(2.0, 0.01)))
    for evidence in ([low], [low] * 6 + [whole]):
        finding = codec.conclude(evidence)
        assert finding.severity == "serious"
        assert f"ends at {rate / 2000:.1f} kHz" in finding.what


def test_side_level_of_a_known_mix():
    voice, music = tone(1.0), noise(1.0, 0.03)
    evidence = bleed.side_level_db(heard(np.stack([voice + music, voice - music])))
    middle, side = np.mean(voice**2), np.mean(music**2)
    assert evidence == pytest.approx(10 * np.log10(side / middle), abs=0.1)
    assert math.isnan(bleed.side_level_db(heard(voice)))
    assert bleed.side_level_db(heard(np.stack([voice, voice]))) < -100


def test_tones_in_pauses_are_bleed_and_noise_is_not():
    waveform, contour = phrases(6, floor=1e-3)
    assert bleed.conclude([bleed.measure(heard(waveform, contour))]).severity == "fine"
    leaking = waveform + tone(len(waveform) / RATE, hz=523.0, level=6e-3)
    finding = bleed.conclude([bleed.measure(heard(leaking, contour))])
    assert finding.severity in ("warning", "serious")
    assert finding.places


def test_lengths_of_pieces_and_shares_are_exact():
    waveform, _ = phrases(5, sung_s=0.3, pause_s=0.5, fade_s=0.001)
    long, _ = phrases(1, sung_s=3.0, pause_s=0.5, fade_s=0.001)
    evidence = lengths.measure(heard(np.concatenate([waveform, long])))
    assert len(evidence.piece_s) == 6
    finding = lengths.conclude([evidence])
    assert finding.evidence["under_segment_share"] == pytest.approx(1.5 / 4.5, abs=0.03)


def test_joins_are_found_where_they_are_and_a_voice_has_none():
    first, second = tone(1.0, hz=200.0), np.roll(tone(1.0, hz=233.0), 117)
    joined = np.concatenate([first, second, first[300:]]) + noise(3.0, 1e-4)[: 3 * RATE - 300]
    assert fragments.find_joins(joined.astype(np.float32), RATE) == pytest.approx([1.0, 2.0], abs=0.002)
    assert fragments.find_joins((tone(2.0) + noise(2.0, 1e-3)).astype(np.float32), RATE) == []


def test_phrases_are_cut_at_joins_and_pitches_counted_by_time():
    assert fragments.uninterrupted([(0.0, 2.0)], [0.5, 1.5]) == pytest.approx((0.5, 1.0, 0.5))
    held = np.zeros(128)
    held[[60, 64, 67]] = 10.0, 10.0, 0.5  # 0.95 of 20.5 s is reached with two
    assert fragments.pitches_for(held, 0.95) == 2
    assert fragments.pitches_for(np.zeros(128), 0.95) == 0


def test_windows_follow_the_rules_of_the_trainers():
    assert usable.windows_used(0.7, 3.7, 0.75) == 0.0  # under the sampler's shortest
    assert usable.windows_used(2.0, 3.7, 0.75) == pytest.approx(1.98)  # less the last 20 ms
    # 4.1 s: one window of 3.4 s net, a rest of 0.7 s that is too short
    assert usable.windows_used(4.1, 3.7, 0.75) == pytest.approx(3.4)
    assert usable.windows_used(4.1, 3.0, 0.375) == pytest.approx(2.7 + 1.38)


def test_fragments_are_lost_upstream_and_kept_here():
    evidence = [usable.UsableEvidence(0.3, 0.3, (0.3,)) for _ in range(20)]
    finding = usable.conclude(evidence)
    assert finding.evidence["rvc_s"] == 0.0
    assert finding.evidence["duetto_s"] == pytest.approx(6.0)
    assert finding.severity == "serious"
