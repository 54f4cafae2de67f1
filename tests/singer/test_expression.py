"""Each controller is heard: measured on what is sung, against the same song without it."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from duetto.score.score import Curve, Note, Score, Tempo
from duetto.score.tempo import TempoMap
from duetto.singer.expression import Expression, controller_frames, expression_of
from duetto.singer.f0 import sung_midi
from duetto.singer.sing import sing
from duetto.singer.timing import lay_out
from duetto.singer.voices import VOICES, PitchStyle

VOICE = replace(VOICES["mei"], cepstral_motion=0.0, style=PitchStyle(0.06, 0.0, 0.0, 0.0, 0.0, 0.0))
HELD = Score("held", (Note(0, 2880, 60, "あ"),), (Tempo(0, 120.0),))  # 3 s of one vowel


@lru_cache
def spectrum_db(score: Score) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, and the level of the vowel's middle second at each, dB."""
    waveform = sing(score, VOICE).waveform[48_000:96_000].astype(np.float64)
    power = np.abs(np.fft.rfft(waveform * np.hanning(waveform.size))) ** 2
    return np.fft.rfftfreq(waveform.size, 1 / 48_000), 10 * np.log10(power + 1e-12)


def band_db(score: Score, low_hz: float, high_hz: float) -> float:
    hz, level = spectrum_db(score)
    return float(10 * np.log10(np.sum(10 ** (level[(hz >= low_hz) & (hz < high_hz)] / 10))))


def harmonics_to_noise_db(score: Score) -> float:
    """Level of the harmonics over what lies between them, 1 to 5 kHz."""
    hz, level = spectrum_db(score)
    f0_hz = 261.63
    distance = np.abs(hz / f0_hz - np.round(hz / f0_hz))
    inside = (hz > 1000) & (hz < 5000)
    power = 10 ** (level / 10)
    return float(10 * np.log10(power[inside & (distance < 0.05)].mean() / power[inside & (distance > 0.3)].mean()))


def held(**curves: float) -> Score:
    return replace(HELD, **{name: Curve(((0, value),)) for name, value in curves.items()})


def test_breathiness_puts_noise_between_the_harmonics():
    plain, breathy = harmonics_to_noise_db(HELD), harmonics_to_noise_db(held(breathiness=127.0))
    assert breathy < plain - 10


def test_brightness_tilts_the_spectrum_both_ways():
    slope = [
        band_db(s, 4000, 8000) - band_db(s, 500, 1000) for s in (held(brightness=0.0), HELD, held(brightness=127.0))
    ]
    assert slope[1] - slope[0] == pytest.approx(3.0 * 3, abs=3)  # three octaves
    assert slope[2] - slope[1] == pytest.approx(3.0 * 3, abs=3)


def test_clearness_raises_what_lies_above_two_kilohertz():
    rise = [
        band_db(held(clearness=127.0), low, high) - band_db(HELD, low, high)
        for low, high in ((200, 1500), (5000, 8000))
    ]
    assert rise[1] - rise[0] == pytest.approx(9.0, abs=2.5)


@pytest.mark.parametrize(("gender", "octaves"), [(127.0, -0.25), (0.0, 0.25)])
def test_gender_moves_the_formants_and_not_the_pitch(gender, octaves):
    def envelope(score):
        """Level over a fine grid of log frequency, 600 Hz to 6 kHz, smoothed over the harmonics."""
        hz, level = spectrum_db(score)
        grid = np.geomspace(600.0, 6000.0, 400)
        return np.array([10 * np.log10(np.mean(10 ** (level[np.abs(hz - f) < 200] / 10))) for f in grid])

    before, after = envelope(HELD), envelope(held(gender=gender))
    steps = range(-60, 61)  # of 1/120 octave and a bit
    octave_per_step = np.log2(10.0) / 399
    errors = []
    for step in steps:
        moved = np.roll(before, step)[60:-60] - after[60:-60]
        errors.append(np.std(moved))
    found = steps[int(np.argmin(errors))] * octave_per_step
    assert found == pytest.approx(octaves, abs=0.08)
    np.testing.assert_array_equal(
        sing(HELD, VOICE).annotations.f0_hz, sing(held(gender=gender), VOICE).annotations.f0_hz
    )


@pytest.mark.parametrize(("portamento", "early_frames"), [(0.0, 6), (64.0, 0), (127.0, -6)])
def test_portamento_timing_moves_the_glide_before_or_after_the_note(portamento, early_frames):
    score = Score("two", (Note(0, 480, 60, "あ"), Note(480, 480, 64, "い")), (Tempo(0, 120.0),))
    score = replace(score, portamento=Curve(((0, portamento),)))
    pitch = sung_midi(score, lay_out(score), VOICE.style, np.random.default_rng(0))
    halfway = int(np.argmax(pitch > 62.0))
    assert 100 - halfway == pytest.approx(early_frames, abs=1)


def test_a_controller_holds_from_its_tick_on():
    values = controller_frames(Curve(((480, 100.0), (960, 20.0))), TempoMap((Tempo(0, 120.0),)), 300, 0.0)
    assert values is not None
    assert values[[0, 99, 100, 199, 200, 299]].tolist() == [0.0, 0.0, 100.0, 100.0, 20.0, 20.0]


def test_at_the_editors_defaults_nothing_changes_to_the_bit():
    default = held(breathiness=0.0, brightness=64.0, clearness=0.0, gender=64.0, portamento=64.0)
    assert expression_of(default, 10) == Expression()
    np.testing.assert_array_equal(sing(default, VOICE).waveform, sing(HELD, VOICE).waveform)


def test_controllers_act_together_and_only_where_they_are_drawn():
    score = replace(
        HELD,
        gender=Curve(((1440, 127.0),)),
        breathiness=Curve(((1440, 60.0),)),
        clearness=Curve(((1440, 60.0),)),
        brightness=Curve(((1440, 100.0),)),
    )
    plain, changed = sing(HELD, VOICE), sing(score, VOICE)
    ratio = changed.gain_db - plain.gain_db
    early, late = slice(24_000, 60_000), slice(84_000, 120_000)
    np.testing.assert_allclose(
        changed.waveform[early], plain.waveform[early] * 10 ** (ratio / 20), atol=2e-3 * np.abs(plain.waveform).max()
    )
    assert np.std(changed.waveform[late] - plain.waveform[late]) > 0.3 * np.std(plain.waveform[late])
