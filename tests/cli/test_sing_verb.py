"""`python -m duetto sing`."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from duetto.__main__ import main
from duetto.score.formats.registry import SCORE_SUFFIXES, write_score
from duetto.score.formats.vsqx.writer import write_vsqx
from duetto.score.score import Curve, Note, Score, Tempo
from duetto.singer.annotations import load_annotations
from duetto.singer.voices import VOICES

LEAD = Score("lead", (Note(0, 480, 60, "ら"), Note(480, 480, 95, "漢")), (Tempo(0, 120.0),))
ALTO = Score("[alto]", (Note(0, 960, 57, "ま"),), (Tempo(0, 120.0),), gender=Curve(((0, 90.0),)))


@pytest.fixture
def duet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_vsqx((LEAD, ALTO), tmp_path / "duet.vsqx")
    return tmp_path


def test_key_value_settings_are_taken_and_every_track_is_sung(duet, capsys):
    assert main(["sing", "duet.vsqx", "voice=mei", "annotations=annotations.json", "seed=4"]) == 0
    said = capsys.readouterr().out
    assert "track 1: 1 note beyond any voice: moved by octaves" in said
    assert "track 1: 1 lyric not understood: sung as ra" in said
    assert "[alto]" in said
    for track, notes in ((1, 2), (2, 1)):
        info = soundfile.info(duet / f"duet_mei_track{track}.wav")
        assert (info.samplerate, info.channels) == (48_000, 1)
        assert info.duration == pytest.approx(1.4, abs=0.01)
        assert len(json.loads((duet / f"annotations_track{track}.json").read_text())["notes"]) == notes


def test_one_track_goes_to_the_file_that_was_asked_for(duet, capsys):
    assert main(["sing", "duet.vsqx", "track=2", "voice=bass", "output=b.wav", "annotations=b.npz", "transpose=2"]) == 0
    assert load_annotations(duet / "b.npz").note_midi.tolist() == [57 - 12 + 2]
    assert sorted(path.name for path in duet.iterdir()) == ["b.npz", "b.wav", "duet.vsqx"]
    first = soundfile.read(duet / "b.wav")[0]
    assert main(["sing", "duet.vsqx", "--track", "2", "--voice", "bass", "--output", "c.wav", "--transpose", "2"]) == 0
    np.testing.assert_array_equal(first, soundfile.read(duet / "c.wav")[0])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["voice=nobody"], "alto, bass, low, mei, miku"),
        (["track=3"], "there is no track 3"),
        (["track=-1"], "there is no track -1"),
        (["annotations=annotations.txt"], ".npz or .json"),
    ],
)
def test_a_wrong_setting_is_one_sentence(duet, capsys, settings, told):
    assert main(["sing", "duet.vsqx", *settings]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert told in said


def test_a_muted_track_is_left_out_and_all_sings_it(duet, capsys):
    write_vsqx((LEAD, replace(ALTO, is_muted=True)), duet / "duet.vsqx")
    assert main(["sing", "duet.vsqx"]) == 0
    said = capsys.readouterr().out
    assert "track 2 ([alto]) is muted in the file (or not soloed) and left out; tracks=all takes it" in said
    assert sorted(path.name for path in duet.iterdir()) == ["duet.vsqx", "duet_miku.wav"]
    assert main(["sing", "duet.vsqx", "tracks=all"]) == 0
    assert (duet / "duet_miku_track2.wav").is_file()


@pytest.mark.parametrize("suffix", [".ust", ".svp", ".musicxml", ".mxl", ".mid"])
def test_every_format_is_sung_as_a_vsqx_is(duet, suffix):
    for name in ("a.vsqx", f"b{suffix}"):
        write_score([replace(LEAD, notes=LEAD.notes[:1])], duet / name)
        assert main(["sing", name, "voice=mei", "output=sung.wav"]) == 0
        (duet / "sung.wav").rename(duet / f"{name}.wav")
    first, second = (soundfile.read(duet / f"{name}.wav")[0] for name in ("a.vsqx", f"b{suffix}"))
    np.testing.assert_array_equal(first, second)


def test_a_damaged_score_is_one_sentence_and_status_2(duet, capsys):
    (duet / "song.svp").write_text('{"version": 113, "tracks": [')
    assert main(["sing", "song.svp"]) == 2
    assert capsys.readouterr().err.startswith("error: song.svp is not well-formed JSON")


def test_help_names_every_format(capsys):
    with pytest.raises(SystemExit):
        main(["sing", "--help-all"])
    said = capsys.readouterr().out
    assert all(suffix in said for suffix in SCORE_SUFFIXES)


def test_help_lists_the_voices_with_their_ranges(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["sing", "--help-all"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    for voice in VOICES.values():
        assert f"{voice.name:8} {voice.family:6} MIDI {voice.range_midi[0]} to {voice.range_midi[1]}" in said
