"""`python -m duetto VERB`."""

import pytest
import soundfile

from duetto.__main__ import main
from duetto.corpus.embedded_cases.songs import song_path
from tests.report.run_folder import make_run


def test_help_names_every_verb(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert all(verb in said for verb in ("hardware", "sing", "report"))


def test_hardware_says_device_precision_and_time(capsys):
    assert main(["hardware"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("device", "precision", "Plan", "training"))


@pytest.mark.slow
def test_a_committed_song_is_sung(tmp_path, capsys):
    output = tmp_path / "sung.wav"
    assert main(["sing", str(song_path("slow_02")), "--voice", "low", "--output", str(output)]) == 0
    info = soundfile.info(output)
    assert info.samplerate == 48_000
    assert 20 < info.duration < 40


def test_an_unknown_voice_or_track_is_one_sentence(tmp_path, capsys):
    assert main(["sing", str(song_path("slow_02")), "--voice", "nobody"]) == 2
    assert "miku" in capsys.readouterr().err
    assert main(["sing", str(song_path("slow_02")), "--track", "3"]) == 2
    assert "there is no track 3" in capsys.readouterr().err


@pytest.mark.slow
def test_a_page_is_written_again(tmp_path, capsys):
    folder = make_run(tmp_path / "run")
    assert main(["report", str(folder)]) == 0
    assert (folder / "index.html").is_file()
