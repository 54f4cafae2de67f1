"""A conversion fits the melody to the voice, has the rate asked for, and refuses what the voice does not read."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from rich.console import Console

from duetto.conversion.register import CARD_FIELD, as_json, register_of
from duetto.errors import ConfigError
from duetto.runs import infer as infer_module
from duetto.runs.infer import infer
from duetto.settings.config import DiffusionConfig
from duetto.settings.model_config import ModelConfig
from duetto.settings.run_config import InferConfig
from tests.conversion.transparent import transparent_converter
from tests.runs.voiced import settings, tone, voiced_run

__all__ = ["voiced_run"]  # a fixture


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"diffusion": DiffusionConfig(steps=5)}, r"diffusion\.steps: rvc does not use diffusion\. Leave it out"),
        ({"protect": 0.1, "neighbours": 4}, "neighbours and protect: this voice has no index"),
        ({"index_rate": 0.0, "protect": 0.1}, "protect: index_rate=0 turns retrieval off"),
        ({"vocoder": "nsf"}, r"vocoder=FILE goes with checkpoint"),
        ({"output": "a.wav", "format": "flac"}, r"format=flac: output=a\.wav says another format"),
        ({"transpose": "auto"}, "card does not say what it was sung at"),
    ],
)
def test_what_a_voice_does_not_read_is_refused_by_name(tmp_path, voiced_run, monkeypatch, changes, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nsf").touch()
    source = str(tone(tmp_path / "song.wav"))
    with pytest.raises(ConfigError, match=sentence):
        infer(InferConfig(**{"logs": str(tmp_path / "logs"), "source": source, "output": "out", **changes}), Console())
    assert not list(tmp_path.glob("out/*.wav"))


@pytest.fixture
def high_voice(voiced_run, monkeypatch):
    """A transparent voice that was sung from A4 to A5, and a source at A3."""
    card = {CARD_FIELD: as_json(register_of([np.geomspace(440, 880, 1000)], 0.1))}
    voice = SimpleNamespace(card=card, model=ModelConfig(name="rvc", num_speakers=1))
    monkeypatch.setattr(infer_module, "choose_converter", lambda *_: (transparent_converter(f0_hz=220.0), voice))


def test_a_transposition_is_chosen_for_each_source_and_told(tmp_path, high_voice):
    console = Console(record=True, width=200, file=io.StringIO())
    source = str(tone(tmp_path / "a.wav", seconds=2.0))
    [output] = infer(settings(tmp_path, source=source, transpose="auto"), console)
    assert output == tmp_path / "out" / "a_auto.wav"
    said = console.export_text()
    assert "a.wav: transpose=12: the voice (A#4 to G#5) covers 100 % of the melody, untransposed 0 %." in said
    assert "+12" in said
    assert json.loads((tmp_path / "out" / "a_auto.wav.json").read_text())["settings"]["transpose_semitones"] == 12


def test_a_melody_outside_the_register_is_told_before_it_is_converted(tmp_path, high_voice, monkeypatch):
    console = Console(record=True, width=200, file=io.StringIO())
    monkeypatch.setattr(infer_module, "convert_file", lambda *_: pytest.fail(console.export_text()))
    with pytest.raises(pytest.fail.Exception, match=r"100 % of the melody lies outside .*transpose=12 would leave 0 %"):
        infer(settings(tmp_path, source=str(tone(tmp_path / "a.wav", seconds=2.0))), console)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_an_output_has_the_rate_asked_for_and_the_length_of_its_source(tmp_path, voiced_run, rate):
    console = Console(record=True, width=200, file=io.StringIO())
    [output] = infer(settings(tmp_path, source=str(tone(tmp_path / "a.wav", seconds=1.7)), rate=rate), console)
    info = soundfile.info(output)
    assert (info.samplerate, info.frames) == (rate, round(1.7 * rate))
    assert f"{rate / 1000:g} kHz" in console.export_text()
