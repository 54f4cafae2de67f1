"""Pitch contours of users: what was written is read, what other programs write is read, mistakes are one sentence."""

import numpy as np
import pytest

from duetto.conversion.curves.read import read_curve
from duetto.conversion.curves.write import require_writable_suffix, write_curve
from duetto.errors import ConfigError

PRAAT_LONG = """File type = "ooTextFile"
Object class = "PitchTier"

xmin = 0
xmax = 2.5
points: size = 2
points [1]:
    number = 0.5
    value = 200
points [2]:
    number = 1.5
    value = 400
"""


def written(path, text):
    path.write_text(text)
    return path


def values(curve, *times_s, tracked=1.0):
    return curve.at(np.array(times_s), np.full(len(times_s), tracked, np.float32)).tolist()


@pytest.mark.parametrize("name", ["curve.csv", "labels.txt", "curve.PitchTier"])
def test_what_is_written_is_read_at_the_same_times(tmp_path, name):
    times_s = (np.arange(200) + 0.5) * 0.01
    f0_hz = np.where((times_s > 0.5) & (times_s < 0.8), 0.0, 220 * 2 ** (0.3 * np.sin(times_s))).astype(np.float32)
    write_curve(tmp_path / name, times_s, f0_hz, 2.0)
    curve = read_curve(tmp_path / name)
    curve.require_length(2.0)
    np.testing.assert_allclose(curve.at(times_s, f0_hz), f0_hz, atol=1e-4)


def test_the_f0_file_of_rvc_webui_has_no_heading(tmp_path):
    curve = read_curve(written(tmp_path / "f0.csv", "0.00,220\n0.01,220\n0.02,0\n0.03,110\n"))
    assert values(curve, 0.005, 0.0249, 0.0251, 9.0) == [220.0, 0.0, 110.0, 110.0]


def test_between_two_drawn_points_the_pitch_glides(tmp_path):
    curve = read_curve(written(tmp_path / "curve.csv", "time_s,f0_hz\n0,100\n1,400\n"))
    assert values(curve, 0.5) == [pytest.approx(200.0)]


def test_audacitys_labels_hold_their_pitch_and_are_unvoiced_between(tmp_path):
    curve = read_curve(written(tmp_path / "labels.txt", "0.1\t0.5\t220\n0.7\t0.9\t330.5\n"))
    assert values(curve, 0.05, 0.3, 0.6, 0.8, 1.0) == [0.0, 220.0, 0.0, 330.5, 0.0]
    curve.require_length(60.0)  # what follows the last label is unvoiced


def test_a_pitch_tier_is_voiced_where_the_recording_is(tmp_path):
    curve = read_curve(written(tmp_path / "curve.PitchTier", PRAAT_LONG))
    assert values(curve, 0.0, 1.0, 2.0) == [200.0, pytest.approx(282.843, abs=1e-3), 400.0]
    assert values(curve, 1.0, tracked=0.0) == [0.0]
    curve.require_length(2.5)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.csv", "0,220,3\n", "line 1: expected time,Hz"),
        ("a.csv", "time,f0\n0,220\n1;220\n", "line 3: expected time,Hz"),
        ("a.csv", "0,220\n0,230\n", "point 2 is negative or does not come after"),
        ("a.csv", "-1,220\n0,230\n", "point 1 is negative or does not come after"),
        ("a.csv", "nan,220\n", "point 1 is negative or does not come after"),
        ("a.csv", "0,220\n1,-3\n", "point 2 has -3 Hz; expected 20 to 4000, or 0"),
        ("a.csv", "0,nan\n", "point 1 has nan Hz"),
        ("a.csv", "", "holds no line of time,Hz"),
        ("a.txt", "0 1 220\n", "expected start, end and Hz with tabs"),
        ("a.txt", "0\t1\t220\n0.5\t2\t220\n", "label 1 ends before it starts, or after the next"),
        ("a.PitchTier", "0\n1\n2\n", "is no PitchTier with points"),
        ("a.PitchTier", PRAAT_LONG.replace("size = 2", "size = 3"), "is no PitchTier with points"),
        ("a.mid", "", "expected a .csv"),
    ],
)
def test_a_mistake_is_a_sentence_with_its_remedy(tmp_path, name, text, sentence):
    with pytest.raises(ConfigError, match=sentence) as error:
        read_curve(written(tmp_path / name, text))
    assert "\n" not in str(error.value)


def test_a_contour_of_another_length_is_refused(tmp_path):
    curve = read_curve(written(tmp_path / "a.csv", "0,220\n3.2,220\n"))
    curve.require_length(3.5)
    for duration_s in (10.0, 2.0):
        with pytest.raises(ConfigError, match=f"ends at 3.20 s, but the recording lasts {duration_s:.2f} s"):
            curve.require_length(duration_s)


def test_no_other_form_is_written(tmp_path):
    with pytest.raises(ConfigError, match=r"expected a \.csv"):
        require_writable_suffix(tmp_path / "curve.wav")
