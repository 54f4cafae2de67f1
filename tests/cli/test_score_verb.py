"""`python -m duetto score`."""

from dataclasses import replace

import pytest

from duetto.__main__ import main
from duetto.score.formats.registry import read_score, write_score
from duetto.score.score import Note, Score, Tempo

LEAD = Score("lead", (Note(0, 480, 60, "ら", "4 a", 90), Note(480, 480, 95, "-")), (Tempo(0, 120.0),))
ALTO = replace(LEAD, name="[alto]", notes=(Note(0, 960, 57, "ま"),), is_muted=True)


@pytest.fixture
def duet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_score((LEAD, ALTO), tmp_path / "duet.vsqx")
    return tmp_path


def test_a_score_is_shown(duet, capsys):
    assert main(["score", "duet.vsqx"]) == 0
    said = capsys.readouterr().out
    assert "VOCALOID 3 and 4" in said
    assert "[alto]" in said
    assert sorted(path.name for path in duet.iterdir()) == ["duet.vsqx"]


def test_a_score_is_written_in_another_format_and_what_is_lost_is_told(duet, capsys):
    assert main(["score", "duet.vsqx", "duet.mid"]) == 0
    assert "MIDI with lyrics does not hold: phones of 1 note, velocity, mute" in capsys.readouterr().out
    lead, alto = read_score(duet / "duet.mid")
    assert [(note.tick, note.midi, note.lyric) for note in lead.notes] == [(0, 60, "ら"), (480, 95, "-")]
    assert alto.name == "[alto]"


def test_a_format_of_one_track_gets_a_file_for_each(duet):
    assert main(["score", "duet.vsqx", "out.ust"]) == 0
    assert [read_score(duet / f"out_track{number}.ust")[0].name for number in (1, 2)] == ["lead", "[alto]"]
    assert main(["score", "duet.vsqx", "one.ust", "tracks=2"]) == 0
    assert read_score(duet / "one.ust")[0].name == "[alto]"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["duet.vsqx", "out.pdf"], "no suffix of a score"),
        (["duet.vsqx", "./duet.vsqx"], "name another"),
        (["duet.vsqx", "out.mid", "tracks=3"], "there is no track 3"),
        (["none.vsqx"], "cannot be opened"),
    ],
)
def test_a_mistake_is_one_sentence(duet, capsys, arguments, told):
    assert main(["score", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert told in said
    assert sorted(path.name for path in duet.iterdir()) == ["duet.vsqx"]
