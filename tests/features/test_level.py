"""How loud a recording is does not decide what of it is voiced, or which content is heard in it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from duetto.features.extract import analyse
from duetto.features.f0 import F0Extractor, build_f0_extractor
from duetto.features.moonshine import MoonshineEncoder
from duetto.score.score import Note, Score, Tempo
from duetto.settings.config import F0Config, FeaturesConfig
from duetto.singer.sing import sing
from duetto.singer.voices import VOICES
from duetto.storage.audio import Waveform, read_audio, resample
from duetto.storage.standard_level import say_quiet

RATE = 24_000
LEVELS_DB = (-6.0, -20.0, -30.0, -40.0, -50.0)
ONE_POINT = 0.01


@pytest.fixture(scope="module")
def tracker() -> F0Extractor:
    return build_f0_extractor(F0Config())


@pytest.fixture(scope="module")
def sung() -> Waveform:
    notes = tuple(Note(240 + 480 * i, 480, 60 + (5 * i) % 12, word) for i, word in enumerate("さいたらまえのが"))
    return resample(sing(Score("melody", notes, (Tempo(0, 120.0),)), VOICES["miku"], seed=3).waveform, 48_000, RATE)


@pytest.fixture(scope="module")
def spoken() -> Waveform:
    package = importlib.util.find_spec("moonshine_voice")
    assert package is not None
    assert package.origin is not None
    return read_audio(Path(package.origin).parent / "assets" / "beckett.wav", RATE)[0]


def at_peak(waveform: Waveform, peak_db: float) -> Waveform:
    return (waveform / np.abs(waveform).max() * 10 ** (peak_db / 20)).astype(np.float32)


def voiced_share(tracker: F0Extractor, waveform: Waveform) -> float:
    return float(np.mean(tracker.extract(waveform, RATE, 240, len(waveform) // 240) > 0))


@pytest.mark.parametrize("kind", ["sung", "spoken"])
def test_the_share_of_voiced_frames_stays_down_to_a_peak_of_minus_fifty(kind, tracker, request):
    waveform = request.getfixturevalue(kind)
    share = voiced_share(tracker, at_peak(waveform, 0.0))
    assert share > 0.3
    for peak_db in LEVELS_DB:
        quiet = at_peak(waveform, peak_db)
        assert voiced_share(tracker, quiet) == pytest.approx(share, abs=ONE_POINT)
        for bits in (16, 24):
            rounded = np.round(quiet * 2 ** (bits - 1)).astype(np.float32) / np.float32(2 ** (bits - 1))
            assert voiced_share(tracker, rounded) == pytest.approx(share, abs=ONE_POINT)


@pytest.mark.parametrize("kind", ["sung", "spoken"])
def test_eight_bits_are_enough_only_for_a_loud_recording(kind, tracker, request):
    share, lost = voiced_share(tracker, at_peak(request.getfixturevalue(kind), 0.0)), {}
    for peak_db in (-6.0, -30.0):
        rounded = np.round(at_peak(request.getfixturevalue(kind), peak_db) * 128).astype(np.float32) / np.float32(128)
        lost[peak_db] = share - voiced_share(tracker, rounded)
    assert abs(lost[-6.0]) < ONE_POINT < lost[-30.0]


@pytest.mark.parametrize(
    ("peak_db", "subtype", "is_said"),
    [
        (0.0, "PCM_16", False),
        (-49.9, "FLOAT", False),
        (-50.1, "PCM_16", True),
        (-60.0, "PCM_24", True),
        (-7.9, "PCM_U8", False),
        (-8.1, "PCM_U8", True),
    ],
)
def test_below_the_peak_that_a_format_needs_a_warning_says_so(peak_db, subtype, is_said):
    assert bool(say_quiet(10 ** (peak_db / 20), subtype)) is is_said


def test_content_and_pitch_are_those_of_a_loud_recording(sung, tracker):
    config, encoder = FeaturesConfig(RATE, 240, n_fft=1024, n_mels=80), MoonshineEncoder()
    loud, soft = (analyse(at_peak(sung, peak_db), config, encoder, tracker) for peak_db in (-3.0, -45.0))
    difference = np.sqrt(np.mean((loud.content - soft.content) ** 2) / np.mean(loud.content**2))
    assert difference < 0.1  # 0.06 are the network's rounding to 8 bits; without a copy at standard level it is 0.49
    assert np.abs(soft.waveform).max() == pytest.approx(10 ** (-45 / 20), rel=1e-3)


def test_a_damaged_sample_voices_and_unvoices_nothing(sung, tracker):
    damaged = sung.copy()
    damaged[2 * RATE] = 100.0
    before, after = (tracker.extract(waveform, RATE, 240, len(sung) // 240) > 0 for waveform in (sung, damaged))
    assert np.count_nonzero(before != after) <= 8
    assert not np.any((before != after)[: 2 * RATE // 240 - 8])


def test_soft_noise_is_not_made_a_voice(tracker):
    noise = np.random.default_rng(0).normal(size=2 * RATE).astype(np.float32)
    for level_db in (-30.0, -60.0, -80.0):
        assert voiced_share(tracker, (noise * 10 ** (level_db / 20)).astype(np.float32)) < ONE_POINT
