"""Files of any length and rate come out as long as they went in, to the sample, and nothing in them moves."""

import numpy as np
import pytest
import soundfile

from duetto.conversion.converter import ConversionRequest
from duetto.conversion.recording import convert_file
from duetto.conversion.sources import check_source
from duetto.errors import AudioError
from tests.conversion.transparent import transparent_converter

PERIOD_S = 3.7  # of the sweep
EDGE = 64  # samples at both ends where a resampling filter sees the end of the world


def sweep(num_samples: int, rate: int) -> np.ndarray:
    """A sweep from 150 Hz to 4 kHz again and again: one sample off is 0.5 rad or more at its top."""
    time = np.arange(min(num_samples, int(PERIOD_S * rate))) / rate
    phase = 2 * np.pi * (150 * time + (4000 - 150) * time**2 / (2 * PERIOD_S))
    once = 0.4 * np.sin(phase) * np.minimum(1, np.minimum(time, PERIOD_S - time) / 0.05)
    waveform = np.resize(once, num_samples).astype(np.float32)
    fade = np.linspace(0, 1, rate // 50, dtype=np.float32)
    waveform[: len(fade)] *= fade
    waveform[-len(fade) :] *= fade[::-1]
    return waveform


def clicks(num_samples: int, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Band-limited clicks at odd places, 1 s apart or so."""
    width = rate // 1000
    shape = np.hanning(2 * width + 1)
    places = np.arange(rate // 20 + 7, num_samples - width - 1, rate + 13)
    waveform = np.zeros(num_samples)
    for place in places:
        waveform[place - width : place + width + 1] += 0.8 * shape
    return waveform.astype(np.float32), places


def convert(tmp_path, waveform, rate, **request):
    soundfile.write(tmp_path / "in.wav", waveform.T, rate, subtype="FLOAT")
    source = check_source(tmp_path / "in.wav")
    convert_file(transparent_converter(), source, tmp_path / "out.wav", ConversionRequest(**request))
    output, output_rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert output_rate == rate
    return output


LONG = pytest.param(20 * 60 + 0.123, marks=pytest.mark.slow)


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000])
@pytest.mark.parametrize("seconds", [0.1, 0.5, 7.3, 61.0, LONG])
def test_a_sweep_keeps_its_length_and_its_phase(tmp_path, rate, seconds):
    source = sweep(round(seconds * rate) + 1, rate)
    output = convert(tmp_path, source, rate)
    assert len(output) == len(source)
    np.testing.assert_allclose(output[EDGE:-EDGE], source[EDGE:-EDGE], atol=0.01)


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000])
@pytest.mark.parametrize("seconds", [0.1, 0.5, 7.3, 61.0, LONG])
def test_clicks_stay_where_they_are(tmp_path, rate, seconds):
    source, places = clicks(round(seconds * rate), rate)
    output = convert(tmp_path, source, rate)
    assert len(output) == len(source)
    for place in places:
        around = output[max(place - rate // 4, 0) : place + rate // 4]
        assert np.argmax(around) == min(place, rate // 4)


def test_stereo_is_mixed_to_mono(tmp_path):
    left = sweep(48_000, 48_000)
    source = np.stack([left, np.zeros_like(left)])
    output = convert(tmp_path, source, 48_000)
    np.testing.assert_allclose(output[EDGE:-EDGE], left[EDGE:-EDGE] / 2, atol=0.01)
    assert check_source(tmp_path / "in.wav").num_channels == 2


def test_flac_comes_out_as_flac(tmp_path):
    soundfile.write(tmp_path / "in.flac", sweep(9000, 44_100), 44_100)
    convert_file(
        transparent_converter(), check_source(tmp_path / "in.flac"), tmp_path / "out.flac", ConversionRequest()
    )
    assert soundfile.info(tmp_path / "out.flac").format == "FLAC"
    assert soundfile.info(tmp_path / "out.flac").frames == 9000


def test_one_click_does_not_lower_the_song(tmp_path):
    source = sweep(48_000, 24_000)
    source[24_000] = 3.0
    output = convert(tmp_path, source, 24_000)
    assert np.abs(output).max() <= 1.0
    np.testing.assert_allclose(output[2000:22_000], source[2000:22_000], atol=0.01)


def test_a_source_that_turns_bad_leaves_no_output(tmp_path):
    samples = sweep(48_000, 24_000)
    soundfile.write(tmp_path / "in.wav", samples, 24_000, subtype="FLOAT")
    source = check_source(tmp_path / "in.wav")
    samples[40_000] = np.nan
    soundfile.write(tmp_path / "in.wav", samples, 24_000, subtype="FLOAT")
    with pytest.raises(AudioError, match="NaN"):
        convert_file(transparent_converter(), source, tmp_path / "out.wav", ConversionRequest())
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


def test_progress_is_told_within_a_long_file(tmp_path):
    soundfile.write(tmp_path / "in.wav", sweep(24_000 * 30, 24_000), 24_000)
    told = []
    source = check_source(tmp_path / "in.wav")
    convert_file(transparent_converter(), source, tmp_path / "out.wav", ConversionRequest(chunk_s=5.0), told.append)
    assert told == sorted(told)
    assert len(told) >= 6
    assert told[-1] == pytest.approx(30.0)
