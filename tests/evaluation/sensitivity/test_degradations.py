"""Each degradation moves the metrics that it should, more with every dose, and leaves the others within bounds.

One embedded clip, so the sizes are existence proofs; `python -m benchmarks.degradations` draws all of it.
"""

import numpy as np
import pytest

from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.registry import all_metrics
from duetto.evaluation.sensitivity.degradations import DEGRADATIONS, SAMPLE_RATE
from duetto.evaluation.sensitivity.sensitivity import make_clip, sensitivity, sung_excerpt

pytestmark = pytest.mark.slow

# family: change against the clean clip at the greatest dose, at least; the sign says where to
MOVES = {
    "gain": {},
    "dither": {"modulation_distance": 0.2, "mcd": 0.08},
    "padding": {},
    "low-pass": {
        "high_band_ratio": -40,
        "mcd": 2,
        "mel_distance": 1.5,
        "log_spectral_distance": 0.5,
        "hole_fraction": 0.15,
    },
    "over-subtraction": {"log_kurtosis_ratio": 1.2, "hole_fraction": 0.08, "mcd": 0.8, "mel_distance": 0.8},
    "gate": {
        "f2_slope_error": 5,
        "hole_fraction": 0.2,
        "mcd": 3,
        "mel_distance": 2,
        "harmonics_to_noise": 2,
        "modulation_distance": 5,
    },
    "comb": {"comb_index": 4, "mcd": 2, "mel_distance": 1.5, "delta_distance_elsewhere": 10},
    "buzz": {"buzz": 12, "mcd": 1, "mel_distance": 1.5, "harmonics_to_noise": -2},
    "jitter": {"f0_rmse_cents": 70, "held_pitch_deviation": 30, "harmonics_to_noise": -8, "spectral_flux": 50},
    "stutter": {"dip_rate": 2.5, "modulation_energy": 1.5, "modulation_distance": 8, "spectral_flux": 100},
    "reverb": {
        "delta_distance_boundary": 80,
        "f2_slope_error": 4,
        "mcd": 2,
        "voicing_error": 0.03,
        "f0_rmse_cents": 8,
        "harmonics_to_noise": -3,
    },
    "MP3": {"mcd": 0.7, "mel_distance": 0.8, "cutoff_hz": -2500, "log_spectral_distance": 0.5},
}
EXACT = 0.01  # of families that a degradation cannot reach
# family: change in any dose, at most
HOLDS = {
    "dither": {
        "f0_rmse_cents": 2,
        "buzz": 0.1,
        "hole_fraction": 1e-3,
        "comb_index": 0.1,
        "speaker_similarity": 0.01,
        "dip_rate": 0,
        "mcd": 0.6,
    },
    "low-pass": {
        "f0_rmse_cents": 1,
        "dip_rate": 0,
        "comb_index": 0.4,
        "held_pitch_deviation": 0.2,
        "speaker_similarity": 0.1,
    },
    "over-subtraction": {"f0_rmse_cents": 10, "dip_rate": 0, "speaker_similarity": 0.02, "held_pitch_deviation": 0.4},
    "gate": {"f0_rmse_cents": 15, "dip_rate": 0, "speaker_similarity": 0.03, "held_pitch_deviation": 0.4},
    "comb": {
        "hole_fraction": 2e-3,
        "dip_rate": 0,
        "log_kurtosis_ratio": 0.1,
        "f0_rmse_cents": 10,
        "held_pitch_deviation": 0.6,
    },
    "buzz": {"hole_fraction": 1e-3, "dip_rate": 0, "cutoff_hz": 0, "comb_index": 1},
    "jitter": {
        "buzz": 0.2,
        "hole_fraction": 0.01,
        "dip_rate": 0,
        "log_kurtosis_ratio": 0.3,
        "cutoff_hz": 0,
        "voicing_error": 0.02,
    },
    "stutter": {
        "f2_slope_error": 2,
        "mcd": 0.4,
        "hole_fraction": 5e-3,
        "comb_index": 0.6,
        "log_kurtosis_ratio": 0.5,
        "cutoff_hz": 0,
    },
    "reverb": {"hole_fraction": 5e-3, "comb_index": 2.5, "log_kurtosis_ratio": 0.8, "cutoff_hz": 0, "dip_rate": 1.2},
    "MP3": {
        "dip_rate": 0,
        "f0_rmse_cents": 10,
        "held_pitch_deviation": 1,
        "speaker_similarity": 0.01,
        "hole_fraction": 0.15,
    },
}


@pytest.fixture(scope="module")
def matrix():
    clip = make_clip(*sung_excerpt(), SpeakerEncoder())
    clean, rows = sensitivity(clip)
    changes = {
        row.degradation.name: {family: [scores[family] - clean[family] for scores in row.scores] for family in clean}
        for row in rows
    }
    return clean, changes


def test_every_family_of_sound_is_in_the_matrix_and_defined(matrix):
    clean, changes = matrix
    outside = {"predicted_quality", "phone_error", "word_error", "character_error", ""}
    sound = {m.family for m in all_metrics() if m.group not in ("cost", "signal")} - outside
    assert sound <= set(clean)
    assert all(np.isfinite(value) for value in clean.values())
    assert {row.name for row in DEGRADATIONS} == set(changes) == set(MOVES)


def test_the_clean_clip_is_at_no_distance_from_itself(matrix):
    clean, _ = matrix
    for metric in all_metrics():
        if metric.place == "output" and metric.family in clean and metric.needs_reference:
            perfect = 1.0 if metric.direction == "up" else 0.0
            assert clean[metric.family] == pytest.approx(perfect, abs=1e-5), metric.name


@pytest.mark.parametrize(
    ("name", "family"), [(name, family) for name, families in MOVES.items() for family in families]
)
def test_a_degradation_moves_what_it_should_more_with_every_dose(matrix, name, family):
    change, least = np.array(matrix[1][name][family]), MOVES[name][family]
    assert np.sign(least) * change[-1] >= abs(least)
    assert np.all(np.diff(np.sign(least) * change) >= 0), change


@pytest.mark.parametrize(
    ("name", "family"), [(name, family) for name, families in HOLDS.items() for family in families]
)
def test_a_degradation_leaves_the_rest_within_bounds(matrix, name, family):
    assert np.abs(matrix[1][name][family]).max() <= HOLDS[name][family]


@pytest.mark.parametrize("name", ["gain", "padding"])
def test_gain_and_padding_move_nothing(matrix, name):
    for family, change in matrix[1][name].items():
        allowed = 0.06 if family == "island_rate" else EXACT
        assert np.abs(change).max() <= allowed, family


def test_jitter_and_stutter_are_measured_at_their_dose(matrix):
    doses = {row.name: np.array(row.doses) for row in DEGRADATIONS}
    np.testing.assert_allclose(matrix[1]["jitter"]["f0_rmse_cents"], doses["jitter"], rtol=0.15)
    np.testing.assert_allclose(matrix[1]["stutter"]["dip_rate"], doses["stutter"], rtol=0.4)


def test_over_subtraction_makes_islands_and_then_removes_them(matrix):
    few, more, less, least = matrix[1]["over-subtraction"]["island_rate"]
    assert min(few, more) > 3.0
    assert max(few, more) > 1.5 * less > 1.5 * least


def test_degradations_keep_the_time_base_and_are_the_same_every_time():
    voice = sung_excerpt()[0][: 4 * SAMPLE_RATE]
    for degradation in DEGRADATIONS:
        degraded = degradation.apply(voice, degradation.doses[0])
        if degradation.name != "padding":
            assert degraded.shape == voice.shape
        assert np.array_equal(degraded, degradation.apply(voice, degradation.doses[0]))
        middle = slice(2 * SAMPLE_RATE, 3 * SAMPLE_RATE)
        fits = [np.dot(voice[middle], degraded[middle.start + lag : middle.stop + lag]) for lag in (-24, 0, 24)]
        assert fits[1] == max(fits), degradation.name
