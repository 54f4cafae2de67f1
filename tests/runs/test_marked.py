"""Conversions are marked by default; without a mark only with a reason, which is recorded; scores do not move."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from duetto.errors import ConfigError
from duetto.evaluation.inputs import Instruments, SongFiles
from duetto.evaluation.metric import place_name
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.song import score_song
from duetto.ownership.home import home
from duetto.ownership.marking.stream import marked
from duetto.runs.infer import infer
from duetto.runs.verification import verify
from duetto.settings.run_config import InferConfig
from duetto.voices import marks
from duetto.voices.marks import Marking, own_pattern
from tests.ownership.marking.sounds import RATE, sung
from tests.runs.voiced import settings, voiced_run

__all__ = ["voiced_run"]  # a fixture


def convert(tmp_path: Path, source: Path, **changes) -> tuple[Path, dict, str]:
    console = Console(record=True, width=200, file=io.StringIO())
    output = tmp_path / f"{source.stem} sung.wav"
    config = settings(tmp_path, source=str(source), **changes)
    config.output = str(output)
    infer(config, console)
    return output, json.loads(output.with_name(f"{output.name}.json").read_text()), console.export_text()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "song.wav", sung(4.0), RATE)
    return tmp_path / "song.wav"


def test_a_conversion_is_marked_and_its_record_says_how(tmp_path, voiced_run, source):
    output, record, said = convert(tmp_path, source)
    assert record["marking"]["watermark"] == {"key": "public", "installation": marks.name_of(own_pattern())}
    found = verify(output)
    assert found.marks.is_marked
    assert found.beside == f"{output.name}.json fits"
    assert "watermark" not in said


def test_a_conversion_that_is_converted_again_is_told(tmp_path, voiced_run, source):
    output, _, _ = convert(tmp_path, source)
    again, _, said = convert(tmp_path, output)
    assert "song sung.wav carries duetto's watermark" in said
    assert verify(again).marks.is_marked


def test_without_a_mark_only_with_a_reason_which_is_recorded(tmp_path, voiced_run, source):
    output, record, _ = convert(tmp_path, source, mark=False, mark_reason="listening test 3")
    assert record["marking"] == {"watermark": None, "reason": "listening test 3", "manifest": "none"}
    found = verify(output)
    assert not found.marks.is_marked
    assert "AI-generated" in found.tags["title"], "the metadata stays"
    assert "not marked, because: listening test 3" in found.beside


@pytest.mark.parametrize("changes", [{"mark": False}, {"mark": False, "mark_reason": " "}, {"mark_reason": "why not"}])
def test_a_mark_is_not_left_out_in_silence(changes: dict):
    with pytest.raises(ConfigError, match="mark_reason"):
        InferConfig(**changes).validate()


def test_a_file_too_short_for_a_mark_says_so(tmp_path, voiced_run):
    soundfile.write(tmp_path / "a.wav", sung(0.2), RATE)
    _, record, _ = convert(tmp_path, tmp_path / "a.wav")
    assert record["marking"]["watermark"] is None
    assert "shorter than" in record["marking"]["reason"]


def test_without_the_package_of_manifests_the_record_says_so(tmp_path, voiced_run, source, monkeypatch, caplog):
    monkeypatch.setattr(marks, "is_available", lambda: False)
    _, record, _ = convert(tmp_path, source)
    assert record["marking"]["manifest"] == "none: c2pa-python is not installed"
    assert "gets no C2PA manifest" in caplog.text or "get no C2PA manifest" in caplog.text


def test_where_no_key_can_be_written_the_public_mark_stays(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("in the way of a folder")
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "file" / "home"))
    assert own_pattern().identity is None
    assert "without this installation's signs" in caplog.text
    assert not home().exists()


@pytest.mark.slow
def test_marking_moves_no_score_beyond_the_stated_bounds(tmp_path: Path):
    files = {"source": sung(4.0, seed=1), "reference": sung(4.0, seed=0)}
    files["output"] = 0.9 * files["reference"] + 0.002 * np.random.default_rng(0).standard_normal(4 * RATE)
    pattern = Marking(own_pattern()).pattern
    files["marked"] = np.concatenate(list(marked([files["output"].astype(np.float32)], RATE, pattern)))
    for name, waveform in files.items():
        soundfile.write(tmp_path / f"{name}.wav", waveform, RATE, subtype="PCM_24")
    instruments = Instruments(SpeakerEncoder())
    plain, moved = (
        score_song(
            SongFiles(
                "x", "x", tmp_path / "source.wav", tmp_path / f"{name}.wav", tmp_path / "reference.wav", None, 0, None
            ),
            instruments,
        )
        for name in ("output", "marked")
    )
    bounds = {"mcd": 0.05, "speaker_similarity": 0.02, "f0_rmse_cents": 3.0}  # dB, cosine, cents
    for name, bound in bounds.items():
        at_output = place_name(name, "output")
        assert abs(moved[at_output] - plain[at_output]) <= bound, name
