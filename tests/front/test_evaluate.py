import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

import duetto
from duetto.errors import AudioError, ConfigError

RATE = 24_000


def tone(frequency_hz: float, duration_s: float = 1.5) -> np.ndarray:
    time_s = np.arange(round(duration_s * RATE)) / RATE
    return 0.2 * sum(np.sin(2 * np.pi * frequency_hz * k * time_s) / k for k in range(1, 12))


def test_files_and_arrays_score_the_same(tmp_path: Path):
    output, reference, source = tone(220.0), tone(222.0), tone(330.0)
    paths = []
    for name, waveform in (("output", output), ("reference", reference), ("source", source)):
        paths.append(tmp_path / f"{name}.wav")
        soundfile.write(paths[-1], waveform, RATE, "FLOAT")
    scored = duetto.evaluate(*paths, transpose=-7, is_quick=True)
    arrays = duetto.evaluate(output, reference, source, transpose=-7, sample_rate=RATE, is_quick=True)
    assert scored == pytest.approx(arrays, nan_ok=True)
    cents = 1200 * math.log2(222 / 220)
    assert scored["f0_rmse_cents"] == pytest.approx(cents, abs=1.5)
    assert math.isfinite(scored["mcd_source"])


def test_without_a_source_there_is_no_lower_bound_and_no_gap():
    scores = duetto.evaluate(tone(220.0), tone(222.0), sample_rate=RATE, is_quick=True)
    assert scores["mcd_output"] > 0
    undefined = ("mcd_source", "mcd_gap_closed", "mcd_distance_closed", "mcd_output_to_source", "f0_rmse_cents_source")
    for name in undefined:
        assert math.isnan(scores[name]), name


def test_without_a_reference_only_diagnostics_are_defined():
    scores = duetto.evaluate(tone(220.0), source=tone(220.0), sample_rate=RATE, is_quick=True)
    assert math.isnan(scores["mcd_output"])
    assert scores["f0_rmse_cents"] == pytest.approx(0.0, abs=0.1)


def test_what_cannot_be_scored_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="needs a reference or a source"):
        duetto.evaluate(tone(220.0), sample_rate=RATE)
    with pytest.raises(ConfigError, match="give sample_rate"):
        duetto.evaluate(tone(220.0), tone(220.0))
    with pytest.raises(AudioError, match="There is no audio file"):
        duetto.evaluate(tmp_path / "missing.wav", tone(220.0), sample_rate=RATE, is_quick=True)
