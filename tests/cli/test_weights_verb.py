"""`python -m duetto weights`: what it prints, and the status that a script reads."""

import os
import subprocess
import sys

import pytest

from duetto.__main__ import main
from duetto.hub.cache import place_of
from duetto.hub.table import public_weights
from tests.battery.test_starved import NAMESPACE, own_disks
from tests.hub.conftest import CONTENT, ROW, hub  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("hub")


def test_the_list_names_every_row_and_what_is_here(capsys, monkeypatch):
    monkeypatch.setattr("duetto.hub.table.public_weights", public_weights)
    assert main(["weights", "list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("contentvec", "rmvpe", "pin on first"))


def test_get_path_and_verify(capsys):
    assert main(["weights", "path", "small"]) == 1
    assert "weights get small" in capsys.readouterr().err
    assert main(["weights", "get", "small"]) == 0
    assert str(place_of(ROW)) in capsys.readouterr().out.replace("\n", "")
    assert main(["weights", "path", "small"]) == 0
    assert capsys.readouterr().out.strip() == str(place_of(ROW))
    assert main(["weights", "verify"]) == 0
    assert "small: as the table says" in capsys.readouterr().out
    place_of(ROW).write_bytes(b"damaged")
    assert main(["weights", "verify"]) == 1
    assert "has 7 bytes" in capsys.readouterr().out
    assert main(["weights", "verify", "unknown"]) == 1


def test_a_file_is_added_and_a_wrong_one_refused(tmp_path, capsys):
    file = tmp_path / "mine.bin"
    file.write_bytes(CONTENT)
    assert main(["weights", "add", "small", str(file)]) == 0
    file.write_bytes(b"<html>")
    assert main(["weights", "add", "small", str(file)]) == 2
    assert "is a web page" in capsys.readouterr().err


@pytest.mark.slow
@own_disks
def test_a_read_only_cache_is_one_sentence(tmp_path):
    folder = tmp_path / "home" / "weights"
    script = (
        f"mount -t tmpfs none {folder.parent} && mkdir -p {folder} && mount -o remount,ro {folder.parent} && "
        f"exec {sys.executable} -m duetto weights get contentvec"
    )
    folder.mkdir(parents=True)
    done = subprocess.run([*NAMESPACE, "sh", "-c", script], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 2
    assert "the file system is read-only" in done.stderr
    assert "Traceback" not in done.stderr
