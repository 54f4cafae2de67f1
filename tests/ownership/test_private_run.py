"""Page, record and W&B files of a private run, byte by byte."""

import json
import socket
from pathlib import Path

import pytest
from rich.console import Console

from duetto.__main__ import main
from duetto.errors import CorpusError
from duetto.ownership.privacy import is_private, shareable, told_elsewhere
from duetto.runs.complete import complete_run
from duetto.runs.compose import compose_runs
from duetto.runs.stress import read_settings
from duetto.runs.tracked import track
from duetto.settings.conf_files import conf_folder
from duetto.settings.logger_config import LoggerConfig
from duetto.storage.files import read_object
from duetto.storage.run_folder import RunFolder
from tests.ownership.around.small import record, settings
from tests.ownership.records import NOBODY, person

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
HOST = "studio-of-zoe.example"
SOUND, PICTURE = b"data:audio", b"Log-mel spectrograms"
NAMES = ("take 0", "take 2", "take-")  # of recordings, and of songs that are called after them
SUFFIXES = {".wav", ".png", ".mp3", ".flac"}


def finish(place: Path, scopes: list[str], monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A finished run of a person's recordings, on a machine with a name that tells something."""
    monkeypatch.setattr(socket, "gethostname", lambda: HOST)
    recordings = record(place / "ann's takes", person(scopes=scopes))
    overrides = settings(recordings, place, "eval=quick")
    (config,) = compose_runs(conf_folder(), [[*overrides, "logger=wandb", "logger.mode=offline"]])
    complete_run(config, Console(quiet=True))
    (run,) = (place / "logs").glob("linear-*")
    return RunFolder(run)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run whose singer allows training and conversion only."""
    with pytest.MonkeyPatch.context() as patch:
        return finish(tmp_path_factory.mktemp("closed"), ["train", "infer"], patch)


@pytest.fixture(scope="module")
def open_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run whose singer also allows sound to be published and logged."""
    with pytest.MonkeyPatch.context() as patch:
        return finish(tmp_path_factory.mktemp("open"), ["train", "infer", "publish_audio", "cloud_logging"], patch)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run whose singer allows it to be logged, and no sound to be published."""
    with pytest.MonkeyPatch.context() as patch:
        return finish(tmp_path_factory.mktemp("logged"), ["train", "infer", "cloud_logging"], patch)


def held(files: list[Path], *needles: str | bytes) -> list[tuple[str, bytes]]:
    wanted = [needle.encode() if isinstance(needle, str) else needle for needle in needles]
    return [(path.name, needle) for path in files for needle in wanted if needle in path.read_bytes()]


def shown(run: RunFolder) -> list[Path]:
    """What one passes on: page, record, and every file of W&B."""
    return [run.page, run.record, *(path for path in (run.path / "wandb").rglob("*") if path.is_file())]


def test_without_scopes_there_is_nothing_of_it(closed: RunFolder):
    place = str(closed.path.parent.parent)
    assert held(shown(closed), *NAMES, "ann's", place, HOST, "Bo Berg", SOUND, PICTURE) == []
    assert not (closed.path / "wandb").exists()
    assert not [path for path in shown(closed) if path.suffix in SUFFIXES]


def test_the_page_says_at_the_top_who_may_see_it(closed: RunFolder, open_run: RunFolder):
    page = closed.page.read_text()
    assert "Voice of ann-01, who does not allow" in page[: page.index('<main id="main">')]
    assert "recording 1" in page
    page = open_run.page.read_text()
    assert "Voice of ann-01, who allows" in page[: page.index('<main id="main">')]


def test_with_the_scopes_there_are_sounds_but_neither_host_nor_path(open_run: RunFolder):
    place = str(open_run.path.parent.parent)
    assert held([open_run.page], SOUND, PICTURE)
    assert [path for path in shown(open_run) if path.suffix == ".wav"]
    assert held(shown(open_run), place, HOST, "Bo Berg") == []


def test_a_run_that_may_be_logged_and_not_heard_logs_numbers_alone(logged: RunFolder):
    files = [path for path in (logged.path / "wandb").rglob("*") if path.is_file()]
    place = str(logged.path.parent.parent)
    assert files
    assert held(files, *NAMES, "ann's", "ann-01", place, HOST, "Bo Berg") == []
    assert not [path for path in files if path.suffix in SUFFIXES]
    assert held(files, "test/mcd_output")
    assert held([path for path in files if "table" in path.parts], "recording 1")


def test_a_comparison_holds_nothing_of_it_either(closed: RunFolder, tmp_path: Path):
    output = tmp_path / "comparison.html"
    assert main(["report", str(closed.path), str(closed.path.parent), "--output", str(output)]) == 0
    place = str(closed.path.parent.parent)
    assert held([output], *NAMES, "ann's", place, HOST, "Bo Berg", SOUND, PICTURE) == []
    assert "who does not allow" in output.read_text()


def test_the_page_is_the_same_when_it_is_written_again(closed: RunFolder):
    before = closed.page.read_text()
    assert main(["report", str(closed.path)]) == 0
    assert closed.page.read_text() == before


def test_on_this_machine_the_folders_are_known_still(closed: RunFolder, capsys: pytest.CaptureFixture[str]):
    data, _ = read_settings(closed)
    assert data.data.path == str(closed.path.parent.parent / "ann's takes")
    assert main(["lineage", "--rebuild", f"--logs={closed.path.parent}"]) == 0
    assert main(["lineage", "ann-01"]) == 0
    assert "take 0.wav" in capsys.readouterr().out.replace("\n", "")


def test_what_belongs_to_nobody_is_recorded_as_it_is():
    record = {"consent": NOBODY, "made_from": [{"consent": NOBODY}, {"consent": None}], "config": {"logs": "/home/x"}}
    assert not is_private(record)
    assert shareable(record) == record


def test_a_person_behind_a_base_makes_it_private():
    record = {"consent": NOBODY, "made_from": [{"consent": NOBODY, "made_from": [{"consent": person()}]}]}
    assert is_private(record)
    assert "Bo Berg" not in json.dumps(shareable(record))


@pytest.mark.parametrize(
    ("name", "value"), [("path", "recordings"), ("logs", "logs"), ("vocoder", "a/b"), ("base", "C:\\w"), ("root", "~")]
)
def test_a_setting_with_a_path_is_not_shown(name: str, value: str):
    record = {"consent": person(), "config": {"data": {name: value, "case": "folder"}}}
    assert shareable(record)["config"] == {"data": {name: "not shown", "case": "folder"}}


@pytest.mark.parametrize("subject", ["none", "Ann 01"])
def test_what_a_service_is_told_leads_to_no_person_machine_or_recording(subject: str):
    consent = {**(NOBODY if subject == "none" else person()), "subject": subject, "controller": "Bo Berg"}
    record = {
        **{"name": "rvc-folder-full-compact-r1", "signature": "r1", "case": "folder", "consent": consent},
        **{"made_from": [{"role": "base", "name": "/home/ann/G.pth", "sha256": "ab", "consent": consent}]},
        **{"speakers": ["Ann 01"], "made_of": {"settings": {"path": "/home/ann"}}, "given_name": "anns_voice"},
        "ledger": {"seconds_in": 9.0, "dropped": [{"clip_id": "target/ann take 1", "seconds": 1.0}]},
        "doctor": {"verdict": "usable", "findings": [{"what": "ann take 1 is loud"}]},
        "config": {
            **{"logs": "/home/ann/logs", "name": "anns_voice", "validate_on": "hers", "base": "auto"},
            "data": {"case": "folder", "path": "ann's takes", "singer": "Ann 01", "root": "data", "without": ["Bo"]},
            "model": {"name": "rvc", "vocoder": "/home/ann/v.ckpt"},
        },
    }
    told = told_elsewhere(record)
    text = json.dumps(told)
    needles = ["/home", "Bo Berg", "takes", "take 1", "hers", "G.pth"]
    needles += ["ann", "Ann", "Bo"] if subject != "none" else []
    assert [needle for needle in needles if needle in text] == []
    assert told["config"]["model"]["name"] == "rvc"
    assert (told["num_singers"], told["ledger"], told["doctor"]) == (1, {"seconds_in": 9.0}, "usable")
    assert told["made_from"] == [{"role": "base", "sha256": "ab"}]


def test_weights_and_biases_is_off_when_the_owner_of_a_base_does_not_allow_it(tmp_path: Path):
    record = {"consent": NOBODY, "made_from": [{"role": "base", "consent": person()}]}
    tracker = track(LoggerConfig(mode="offline"), RunFolder(tmp_path), record, Console(quiet=True))
    assert tracker.destinations == []
    assert "lacks cloud_logging" in tracker.where


def test_a_voice_that_expired_has_no_page(closed: RunFolder, monkeypatch: pytest.MonkeyPatch):
    values = read_object(closed.record)
    values["consent"]["expires"] = values["made_from"][0]["consent"]["expires"] = "2020-01-01"
    from duetto.ownership.gate import require_current

    with pytest.raises(CorpusError, match="expired"):
        require_current(values, closed.record)
