"""The server: on this machine only, at a free port, one app for each folder of runs."""

import socket
from pathlib import Path

import pytest

from duetto.__main__ import main
from duetto.app import server
from duetto.app.places import Places
from duetto.errors import ConfigError


def test_a_port_in_use_is_told_or_passed_over(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as other:
        other.bind((server.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} is in use"), server.listening(port):
            pass
        monkeypatch.setattr(server, "PORT", port)
        with server.listening(None) as listener:
            host, found = listener.getsockname()
            assert host == "127.0.0.1"
            assert port < found < port + server.TRIED


def test_a_second_app_on_the_same_runs_is_refused_and_told_where_the_first_is(tmp_path: Path):
    places = Places(tmp_path / "logs", tmp_path / "recordings")
    places.own.mkdir(parents=True)
    places.address.write_text("http://127.0.0.1:7860")
    with server.alone(places):
        with pytest.raises(ConfigError, match=r"already, at http://127\.0\.0\.1:7860;"), server.alone(places):
            pass
        with server.alone(Places(tmp_path / "others", tmp_path)):
            pass
    with server.alone(places):
        pass


@pytest.mark.parametrize(
    ("argument", "said"), [("port=80", "port=80"), ("megabytes=0", "megabytes=0"), ("prot=8000", "port")]
)
def test_wrong_options_are_one_sentence(argument: str, said: str, capsys: pytest.CaptureFixture[str]):
    assert main(["app", argument]) == 2
    assert said in capsys.readouterr().err


def test_without_gradio_its_command_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    assert main(["app"]) == 2
    assert "pip install -e '.[app]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
