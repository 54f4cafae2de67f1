"""`python -m duetto doctor`: table, JSON, page, exit status; and what is read as what."""

import json

import numpy as np
import pytest

from duetto.__main__ import main
from duetto.corpus.embedded_cases.songs import song_path
from duetto.diagnosis.checks.songs import song_seconds
from duetto.diagnosis.finding import graded
from duetto.diagnosis.gather import pieces
from duetto.storage.audio import write_audio
from tests.diagnosis.sounds import RATE, phrases


@pytest.fixture(scope="module")
def take(tmp_path_factory):
    """A clipped take of eight seconds, in a folder with a name that asks for trouble."""
    folder = tmp_path_factory.mktemp("my takes [1] ü")
    waveform, _ = phrases(5, sung_s=1.2, pause_s=0.4)
    write_audio(folder / "take [a].wav", np.clip(2.5 * waveform, -0.4, 0.4).astype(np.float32), RATE)
    return folder


@pytest.mark.slow
def test_a_clipped_take_is_named_in_table_json_and_page_and_fails_a_script(take, tmp_path, capsys):
    (take / "broken.wav").write_bytes(b"no audio")
    page, record = tmp_path / "page.html", tmp_path / "found.json"
    status = main(
        ["doctor", str(take), f"json={record}", f"html={page}", "songs=slow_01", "transpose=-12", "quick=true"]
    )
    said = capsys.readouterr().out
    found = json.loads(record.read_text())
    severities = {finding["check"]: finding["severity"] for finding in found["findings"]}
    assert status == found["exit_status"] == 1
    assert severities["clipping"] == "serious"
    assert severities["register"] == "serious"  # one pitch
    assert severities["gate"] == severities["room"] == "fine"
    assert "clipping" in said
    assert "broken.wav" in said  # reported, and the rest went on
    assert [problem["recording"] for problem in found["problems"]] == ["broken.wav"]
    html = page.read_text()
    assert "data:audio/mpeg;base64," in html
    assert "data:image/png;base64," in html
    assert "clipped peaks" in html
    assert "http://" not in html
    assert "https://" not in html
    (take / "broken.wav").unlink()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere"], "There is no"),
        ([], "Name one path"),
        (["a", "b"], "Name one path"),
        (["a", "data=case_b"], "Name one path"),
        (["data.target=low"], "Name one path"),
        (["data=case_z"], "case_z"),
    ],
)
def test_what_cannot_be_examined_is_one_sentence_and_status_2(arguments, expected, capsys):
    assert main(["doctor", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert expected in said


def test_a_ddb_without_a_statement_of_rights_is_refused(tmp_path, capsys):
    (tmp_path / "voice.ddb").write_bytes(b"SND ")
    assert main(["doctor", str(tmp_path / "voice.ddb")]) == 2
    assert "consent" in capsys.readouterr().err


def test_a_song_that_is_none_is_one_sentence(take, capsys):
    assert main(["doctor", str(take), "songs=no_such_song"]) == 2
    assert "no_such_song" in capsys.readouterr().err


def test_songs_are_read_from_names_and_files_and_transposed():
    by_name, by_file = song_seconds("slow_01"), song_seconds(str(song_path("slow_01")))
    assert by_name == pytest.approx(by_file)
    assert by_name.sum() > 10.0
    assert song_seconds("slow_01", -12.0)[:116] == pytest.approx(by_name[12:])


def test_pieces_keep_every_sample_and_leave_no_splinter():
    blocks = [np.arange(start, start + 7, dtype=np.float32)[None] for start in range(0, 70, 7)]
    parts = list(pieces(iter(blocks), size=20, least=5))
    assert np.concatenate(parts, axis=1)[0].tolist() == list(range(70))
    assert [part.shape[1] for part in parts] == [20, 20, 20, 10]
    parts = list(pieces(iter([np.zeros((1, 43), dtype=np.float32)]), size=20, least=5))
    assert [part.shape[1] for part in parts] == [20, 23]


def test_limits_belong_to_the_worse_grade():
    assert [graded(value, 2.0, 4.0) for value in (1.9, 2.0, 3.9, 4.0)] == ["fine", "warning", "warning", "serious"]
