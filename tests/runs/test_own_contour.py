"""infer.py with f0=FILE and f0_out=FILE: a curve replaces the tracker's, and the source's is written."""

from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from duetto.conversion.curves.read import read_curve
from duetto.errors import ConfigError
from duetto.runs import infer as infer_module
from duetto.runs.infer import infer
from duetto.settings.model_config import ModelConfig
from tests.conversion.transparent import transparent_converter
from tests.runs.voiced import make_run, settings, tone


@pytest.fixture
def rendered(tmp_path, monkeypatch):
    """The frames that the voice was asked to render, in order."""
    make_run(tmp_path / "logs", "rvc-x-0123456789")
    converter = transparent_converter(f0_hz=440.0)
    voice = SimpleNamespace(card={}, model=ModelConfig(name="rvc", num_speakers=1))
    monkeypatch.setattr(infer_module, "choose_converter", lambda *_: (converter, voice))
    return converter.renderer.frames


def test_a_drawn_curve_replaces_the_trackers_and_is_transposed(tmp_path, rendered):
    (tmp_path / "curve.csv").write_text("0,200\n12.5,200\n12.51,0\n25,0\n")
    source = tone(tmp_path / "a.wav", seconds=25.0)
    infer(
        settings(tmp_path, source=str(source), f0=str(tmp_path / "curve.csv"), transpose=12.0, chunk_s=10.0),
        Console(quiet=True),
    )
    assert len(rendered) > 2, "in several pieces"
    assert rendered[0].f0_hz[100] == pytest.approx(400.0)
    assert not rendered[-1].f0_hz.any()


def test_the_sources_contour_is_written_untransposed_and_read_back(tmp_path, rendered):
    source, contour = tone(tmp_path / "a.wav", seconds=2.0), tmp_path / "out.csv"
    infer(settings(tmp_path, source=str(source), f0_out=str(contour), transpose=12.0), Console(quiet=True))
    curve = read_curve(contour)
    curve.require_length(2.0)
    np.testing.assert_allclose(curve.at(np.array([0.5, 1.5]), np.ones(2, np.float32)), 440.0)
    assert rendered[0].f0_hz[50] == pytest.approx(880.0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"f0": "short.csv"}, "ends at 1.00 s, but the recording lasts 2.00 s"),
        ({"f0_out": "curve.xls"}, "f0_out=curve.xls: expected a .csv"),
        ({"f0": "nowhere.csv"}, "f0=nowhere.csv is not a file"),
    ],
)
def test_a_curve_that_does_not_fit_is_refused(tmp_path, rendered, monkeypatch, changes, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.csv").write_text("0,200\n1,200\n")
    source = tone(tmp_path / "a.wav", seconds=2.0)
    with pytest.raises(ConfigError, match=sentence):
        infer(settings(tmp_path, source=str(source), **changes), Console(quiet=True))
    assert not rendered


def test_a_curve_belongs_to_one_recording(tmp_path, rendered):
    sources = [str(tone(tmp_path / name)) for name in ("a.wav", "b.wav")]
    with pytest.raises(ConfigError, match="the pitch of one recording, but source names 2"):
        infer(settings(tmp_path, source=sources, f0_out="f0.csv"), Console(quiet=True))


def test_a_song_takes_no_curve(tmp_path):
    with pytest.raises(ConfigError, match="f0 and f0_out go with source=FILE"):
        settings(tmp_path, song="mix.mp3", f0="curve.csv").wants_song()
