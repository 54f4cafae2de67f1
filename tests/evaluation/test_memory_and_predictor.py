import math
import mmap
import time

import numpy as np
import pytest

from duetto.errors import CheckpointError
from duetto.evaluation.metrics import memory
from duetto.evaluation.metrics.memory import MemoryWatch, resident_mib
from duetto.evaluation.models.predictor import QualityPredictor

from .voices import SAMPLE_RATE, melody, sing

MIB = 2**20
LINUX = pytest.mark.skipif(math.isnan(resident_mib()), reason="no /proc here")


@LINUX
def test_memory_that_was_held_in_between_is_in_the_peak():
    before = resident_mib()
    with MemoryWatch() as watch:
        with mmap.mmap(-1, 200 * MIB) as held:  # pages of its own: an array might get some that are resident already
            held.write(bytes(200 * MIB))
            deadline = time.monotonic() + 20.0
            while watch.highest < before + 150 and time.monotonic() < deadline:
                time.sleep(0.01)
        after = resident_mib()
    assert watch.peak.process > before + 150
    assert watch.peak.process > after + 150


def test_where_the_system_does_not_tell_memory_is_undefined(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATUS", tmp_path / "gone")
    with MemoryWatch() as watch:
        pass
    assert math.isnan(watch.peak.process)


def test_nothing_is_known_before_the_work(monkeypatch):
    assert math.isnan(MemoryWatch().peak.process)
    assert math.isnan(MemoryWatch().peak.gpu)


@pytest.fixture(scope="module")
def predictor():
    return QualityPredictor()


@pytest.mark.slow
def test_a_prediction_is_on_the_scale_and_hears_noise(predictor):
    voice = sing(melody(9.2))
    noise = 0.1 * np.random.default_rng(0).standard_normal(voice.size)
    clean, noisy = (predictor.predict(wave.astype(np.float32), SAMPLE_RATE) for wave in (voice, voice + noise))
    assert 1.0 <= noisy < clean <= 5.0


@pytest.mark.slow
def test_the_end_of_a_performance_is_heard(predictor):
    voice = sing(melody(11.0))
    spoilt = voice.copy()
    spoilt[9 * SAMPLE_RATE :] += 0.2 * np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE).astype(np.float32)
    assert predictor.predict(spoilt, SAMPLE_RATE) < predictor.predict(voice, SAMPLE_RATE) - 0.1


@pytest.mark.parametrize("num_samples", [0, SAMPLE_RATE // 2, 2 * SAMPLE_RATE])
def test_silence_and_snippets_have_no_prediction(predictor, num_samples):
    assert math.isnan(predictor.predict(np.zeros(num_samples, dtype=np.float32), SAMPLE_RATE))


def test_a_missing_or_damaged_package_is_said_in_a_sentence(monkeypatch, tmp_path):
    class Package:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr("importlib.util.find_spec", lambda name: Package)
    with pytest.raises(CheckpointError, match="reinstall the package speechmos"):
        QualityPredictor()
    (tmp_path / "dnsmos_models").mkdir()
    (tmp_path / "dnsmos_models" / "sig_bak_ovr.onnx").write_bytes(b"no network")
    with pytest.raises(CheckpointError, match="reinstall the package speechmos"):
        QualityPredictor()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match="speechmos is not installed"):
        QualityPredictor()
