"""Impulses in pitch and content show at which instant the features of a frame were taken."""

import numpy as np
import pytest

from duetto.errors import ConfigError
from duetto.features.cache import feature_path
from duetto.features.extract import analyse
from duetto.features.f0 import F0Extractor
from duetto.features.timing import deal_units, place_content
from duetto.settings.config import FeaturesConfig
from duetto.voices.interchange.settings import features_config

RATE, HOP = 40_000, 400  # v2-40k: frames of 10 ms
SECONDS = 3.0


class ClockEncoder:
    """HuBERT's grid (units centred at 320 i + 200 of 16 kHz); each unit's content is the time of its centre, ms."""

    name, dimension = "clock", 1

    def encode(self, waveform, sample_rate, layer):
        count = int(len(waveform) / sample_rate * 50) + 1
        times_s = (np.arange(count) * 320 + 200) / 16_000
        return (1000 * times_s[:, None]).astype(np.float32), times_s


def clock_pitch(waveform, sample_rate):
    """100 Hz at the start, rising evenly in octaves: the pitch of a frame tells when it was taken."""
    times_s = np.arange(int(SECONDS * 200) + 1) * 0.005
    return times_s, 100.0 * 2.0**times_s


def features(timing: str):
    config = FeaturesConfig(RATE, HOP, 2048, 125, timing=timing)
    config.validate()
    loud = np.full(int(SECONDS * RATE), 0.5, np.float32)
    clip = analyse(loud, config, ClockEncoder(), F0Extractor(clock_pitch))
    pitch_taken_ms = 1000 * np.log2(clip.f0_hz / 100.0)
    centre_ms = (np.arange(clip.num_frames) + 0.5) * 10.0
    return clip, pitch_taken_ms - centre_ms, clip.content[:, 0] - centre_ms


def test_centred_features_are_taken_at_the_frames_centres():
    _, pitch_skew_ms, content_skew_ms = features("centred")
    np.testing.assert_allclose(pitch_skew_ms, 0.0, atol=0.01)
    np.testing.assert_allclose(content_skew_ms[1:-3], 0.0, atol=0.01)


def test_upstream_takes_pitch_5_ms_early_and_content_7_5_ms_late_then_2_5_ms_early():
    """f0 at 160 j, spectra at 160 j + 80, doubled units at 320 i + 200 samples of 16 kHz."""
    _, pitch_skew_ms, content_skew_ms = features("upstream")
    np.testing.assert_allclose(pitch_skew_ms, -5.0, atol=0.01)
    np.testing.assert_allclose(content_skew_ms[0::2], 7.5, atol=0.01)
    np.testing.assert_allclose(content_skew_ms[1::2], -2.5, atol=0.01)


def test_neither_changes_the_length():
    (centred, *_), (upstream, *_) = features("centred"), features("upstream")
    assert centred.num_frames == upstream.num_frames == 300
    assert centred.content.shape == upstream.content.shape


def test_the_last_unit_is_held_so_that_nothing_is_lost_at_the_end():
    """Upstream drops the frames that its units do not reach: 20 ms of every recording."""
    units = np.arange(149, dtype=np.float32)[:, None]  # what HuBERT gives of 3 s
    placed = place_content(units, np.arange(149) * 0.02 + 0.0125, 300, HOP, RATE, "upstream")
    assert len(placed) == 300
    assert placed[-3:, 0].tolist() == [148.0, 148.0, 148.0]


def test_public_voices_carry_it_in_their_card_and_our_own_do_not():
    assert features_config("v2_40k_f0", "weights.pt").timing == "upstream"
    assert FeaturesConfig(RATE, HOP, 2048, 125).timing == "centred"


def test_features_of_one_timing_are_never_read_for_the_other(tmp_path):
    paths = {
        feature_path(tmp_path, "a", FeaturesConfig(RATE, HOP, 2048, 125, timing=t)) for t in ("centred", "upstream")
    }
    assert len(paths) == 2


def test_unknown_timings_and_other_hops_are_refused():
    with pytest.raises(ConfigError, match="expected centred, upstream or upstream_units"):
        FeaturesConfig(RATE, HOP, 2048, 125, timing="early").validate()
    with pytest.raises(ConfigError, match="10 ms frames"):
        FeaturesConfig(24_000, 256, 1024, 80, timing="upstream").validate()


def test_diffsvcs_units_cover_every_frame_and_are_late():
    index = deal_units(100, 50)  # two frames a unit; upstream keeps the first for three
    assert index[:5].tolist() == [1, 1, 1, 2, 2]
    assert index.min() == 1
    assert index.max() == 50
