"""After an erasure no byte below logs and data leads to the person, and the others are still there."""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile
from rich.console import Console

from duetto.__main__ import main
from duetto.errors import StorageError
from duetto.ownership.home import home
from duetto.ownership.registry import open_registry
from duetto.ownership.revocation import read_revocations
from duetto.runs.erasure import remove as removal
from duetto.runs.erasure.mentions import files_that_mention
from duetto.runs.erasure.plan import plan_erasure
from duetto.runs.infer import infer
from duetto.runs.train import locked
from duetto.settings.run_config import InferConfig
from duetto.storage.files import write_json
from duetto.storage.run_folder import RunFolder
from tests.ownership.around.small import learn, record
from tests.ownership.records import person
from tests.test_two_singers import RATE, voice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ERASE = ["erase", "Zoë Quill-7", "--yes"]
ZOE, OTTO = person(subject="zoë-quill-7", controller="Bo"), person(subject="otto-otter", controller="Bo")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Voices of Zoë, of Otto, and of both, and a sweep."""
    folder = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUETTO_HOME", str(folder / "home"))
        for number, consent in enumerate((ZOE, OTTO)):
            record(folder / consent["subject"], consent, 220.0 - 60 * number)
            record(folder / "both" / consent["subject"], consent, 250.0 - 70 * number)
            learn(folder / consent["subject"], folder)
        run = learn(folder / "both", folder)
    write_json(folder / "logs/sweeps/mine/state.json", {"runs": [{"run": str(run.path), "state": "finished"}]})
    (folder / "logs/sweeps/mine/preparation.txt").write_text("recordings of zoë-quill-7")
    return folder


@pytest.fixture
def place(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a test may erase from, and a conversion elsewhere."""
    folder = tmp_path / "place"
    shutil.copytree(built, folder, ignore=shutil.ignore_patterns("home"))
    texts = [*folder.glob("logs/*/*.json"), *folder.glob("data/*/*/features.json"), *folder.rglob("state.json")]
    for path in texts:
        path.write_text(path.read_text().replace(str(built), str(folder)))
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(folder)
    assert main(["lineage", "--rebuild"]) == 0
    soundfile.write(folder / "song.wav", voice(180.0, 1.0), RATE)
    (both,) = [path for path in (folder / "logs").glob("linear-*") if is_of_both(path)]
    config = InferConfig(run=str(both), source=str(folder / "song.wav"), output=str(folder / "sent/out.wav"))
    config.index_rate = 0.0
    infer(config, Console(quiet=True))
    return folder


def is_of_both(run: Path) -> bool:
    return len(json.loads((run / "run.json").read_text())["speakers"]) == 2


def traces(place: Path, needles: set[bytes]) -> dict[str, bytes]:
    """Files below logs, data and the folders of recordings that hold one of these byte strings."""
    found = {}
    for path in (path for path in place.rglob("*") if path.is_file()):
        held = [needle for needle in needles if needle in path.read_bytes().lower() or needle in str(path).encode()]
        found |= {str(path): held[0] for _ in held[:1]}
    return found


def needles_of(place: Path) -> set[bytes]:
    with open_registry() as registry:
        ids = {each.id.encode() for each in registry.of_subject("zoë-quill-7")}
        others = {each.id.encode() for each in registry.of_subject("otto-otter")}
    assert len(ids - others) > 10
    return (ids - others) | {"zoë-quill-7".encode(), rb"zo\u00eb-quill-7", rb"zo\xeb-quill-7"}


def names(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*")}


def test_a_dry_run_shows_the_plan_and_removes_nothing(place: Path, capsys: pytest.CaptureFixture[str]):
    before = names(place)
    assert main([*ERASE, "--dry-run"]) == 0
    assert names(place) == before
    shown = capsys.readouterr().out
    rows = {
        row[0]: row[1:] for row in (re.split(r"\s{2,}|[│┃]", line.strip("│ ")) for line in shown.splitlines()) if row
    }
    assert {"run", "recording", "conversion", "cache", "mention"} <= {name.strip() for name in rows}
    assert "also holds otto-otter. Without zoë-quill-7: python train.py model=linear" in shown.replace("\n", "")


def test_nothing_of_the_person_is_left_and_everything_of_others_is(place: Path):
    needles = needles_of(place)
    assert traces(place, needles)
    kept = {name for name in names(place) if "otto-otter" in name and "both" not in name}
    assert main(ERASE) == 0
    assert traces(place, needles) == {}
    assert not (place / "sent/out.wav").exists()
    assert not (place / "logs/sweeps/mine").exists()
    assert kept <= names(place)
    assert [run.name for run in (place / "logs").glob("linear-*")]
    assert (place / "both/otto-otter/take 0.wav").is_file()
    for path in home().rglob("*"):
        if path.is_file() and path.name != "revoked.json":
            assert not [needle for needle in needles if needle in path.read_bytes()], path


def test_the_voice_of_others_is_trained_again_by_one_command(place: Path):
    assert main(ERASE) == 0
    run = learn(place / "both", place)
    assert json.loads(run.voice.card.read_text())["speakers"] == ["otto-otter"]


def test_the_certificate_counts_and_names_nobody(place: Path, capsys: pytest.CaptureFixture[str]):
    needles = needles_of(place)
    assert main(ERASE) == 0
    (path,) = (home() / "certificates").glob("*.json")
    assert path.name in capsys.readouterr().out
    removed = json.loads(path.read_text())["removed"]
    assert (removed["run"]["number"], removed["recording"]["number"]) == (2, 6)
    assert removed["run"]["bytes"] > 100_000
    assert not [needle for needle in needles if needle in path.read_bytes()]


@pytest.mark.parametrize("after", [0, 1, 5, 12])
def test_a_killed_erasure_is_resumed_and_the_certificate_counts_everything(place: Path, after: int, monkeypatch):
    needles = needles_of(place)
    done = 0

    def stop(item):
        nonlocal done
        if done == after:
            raise KeyboardInterrupt
        done += 1
        remove(item)

    remove = removal.remove
    monkeypatch.setattr(removal, "remove", stop)
    with pytest.raises(KeyboardInterrupt):
        removal.erase(
            removal.current_plan("zoë-quill-7", place / "logs", place / "data"), "2026-01-01", lambda *_: None
        )
    monkeypatch.setattr(removal, "remove", remove)
    assert main(ERASE) == 0
    assert traces(place, needles) == {}
    (path,) = (home() / "certificates").glob("*.json")
    assert json.loads(path.read_text())["removed"]["recording"]["number"] == 6
    assert not list(home().glob("erasure-*"))


def test_an_erasure_that_is_killed_for_good_is_resumed(place: Path):
    needles = needles_of(place)
    process = subprocess.Popen([sys.executable, "-m", "duetto", *ERASE], stdout=subprocess.DEVNULL)
    while not list(home().glob("erasure-*.json")) and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert main(ERASE) == 0
    assert traces(place, needles) == {}
    assert not list(home().glob("erasure-*.json"))


def test_two_erasures_at_once_and_a_run_at_work_are_refused(place: Path, capsys: pytest.CaptureFixture[str]):
    before = names(place)
    with removal.only_erasure():
        assert main(ERASE) == 2
        assert "Another erasure is under way" in capsys.readouterr().err
    plan = plan_erasure("zoë-quill-7", place / "logs", place / "data")
    (run, *_) = [Path(item.path) for item in plan.items if item.kind == "run"]
    with locked(run):
        assert main(ERASE) == 2
        assert "Another process is working on" in capsys.readouterr().err
    assert before <= names(place)


def test_what_cannot_be_removed_is_said_and_the_rest_is_gone(place: Path, monkeypatch, capsys):
    def refuse(path, *_, **__):
        raise PermissionError(13, "no", str(path))

    monkeypatch.setattr(removal.shutil, "rmtree", refuse)
    assert main(ERASE) == 2
    assert "could not be removed. Cannot write" in capsys.readouterr().err
    assert not (place / "zoë-quill-7/take 0.wav").exists()
    monkeypatch.undo()


def test_a_recording_that_took_the_place_of_another_is_left(place: Path):
    plan = plan_erasure("zoë-quill-7", place / "logs", place / "data")
    (place / "zoë-quill-7/take 0.wav").write_bytes(b"another recording")
    removal.erase(plan, "2026-01-01", lambda *_: None)
    assert (place / "zoë-quill-7/take 0.wav").read_bytes() == b"another recording"
    assert not (place / "zoë-quill-7/take 1.wav").exists()


def test_the_person_is_on_the_list_afterwards_and_an_unknown_one_is_an_error(place: Path, capsys):
    assert main(ERASE) == 0
    assert read_revocations().day_of("ZOË quill 7") is not None
    assert len(read_revocations().recordings) == 6
    assert main(["erase", "nobody-of-that-name"]) == 2
    assert "Nothing is known" in capsys.readouterr().err


def test_a_name_is_found_only_as_a_whole_word(tmp_path: Path):
    for name, text in {"a.txt": "r0123456789", "b.txt": "xr0123456789", "c.json": '"rvc-case-r0123456789"'}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "run").mkdir()
    for name in ("run.json", "other.json"):
        (tmp_path / "run" / name).write_text("r0123456789")
    found = files_that_mention([tmp_path], ["r0123456789"], [])
    assert [path.name for path in found] == ["a.txt", "c.json"]
    assert files_that_mention([tmp_path], ["r0123456789"], [tmp_path / "a.txt"]) == [tmp_path / "c.json"]


def test_a_read_only_journal_is_an_error(place: Path, monkeypatch):
    def fail(path, value):
        raise StorageError(f"Cannot write {path}")

    monkeypatch.setattr(removal, "write_json", fail)
    assert main(ERASE) == 2
    assert (place / "zoë-quill-7/take 0.wav").is_file()
    assert RunFolder(place).path.is_dir()


def test_an_erasure_is_asked_for_and_without_a_terminal_refused(place: Path, monkeypatch, capsys):
    before = names(place)
    assert main(ERASE[:-1]) == 2
    assert "Add --yes to do it" in capsys.readouterr().err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "y")
    assert main(ERASE[:-1]) == 2
    assert "Nothing was removed" in capsys.readouterr().err
    assert before <= names(place)
    monkeypatch.setattr("builtins.input", lambda _: "ZOË quill 7")
    assert main(ERASE[:-1]) == 0
    assert not (place / "zoë-quill-7/take 0.wav").exists()
