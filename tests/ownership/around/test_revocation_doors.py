"""After a withdrawal nothing of it is used: by no command, from no copy, under no other name or spelling."""

import logging
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
import soundfile
import yaml
from rich.console import Console

import duetto
from duetto.__main__ import main
from duetto.errors import DuettoError
from duetto.ownership.gate import require_current
from duetto.report.collect import collect_run
from duetto.report.comparison.find import find, read
from duetto.report.page import write_run_page
from duetto.runs.infer import infer
from duetto.runs.stress import stress_run
from duetto.settings.run_config import InferConfig
from duetto.storage.files import read_object, write_json
from duetto.storage.run_folder import RunFolder
from tests.ownership.around.conftest import FEW
from tests.ownership.around.small import learn, record
from tests.ownership.records import person
from tests.test_two_singers import RATE, voice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
WITHDREW = r"withdrew consent on"


@pytest.fixture(scope="module")
def place(work: Path, anns: RunFolder, laundered: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of everything, on a machine where Ann has withdrawn her consent by her name alone."""
    folder = tmp_path_factory.mktemp("revoked")
    shutil.copytree(work, folder, dirs_exist_ok=True)
    for path in (*folder.glob("logs/*/*.json"), *folder.glob("data/preprocessed/*/features.json")):
        path.write_text(path.read_text().replace(str(work), str(folder)))
    soundfile.write(folder / "song.wav", voice(180.0, 1.5), RATE)
    shutil.copytree(folder, folder / "before")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUETTO_HOME", str(folder / "home"))
        patch.chdir(folder)
        assert main(["consent", "revoke", "ANN 01"]) == 0
    return folder


@pytest.fixture(autouse=True)
def on_that_machine(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DUETTO_HOME", str(place / "home"))


def convert(place: Path, run: Path | str) -> None:
    config = InferConfig(run=str(run), source=str(place / "song.wav"), output=str(place / "out.wav"), index_rate=0.0)
    infer(config, Console(quiet=True))


@pytest.mark.parametrize("where", ["logs", "before/logs"])
@pytest.mark.parametrize("which", ["anns", "laundered"])
def test_no_voice_converts_whichever_copy(place: Path, where: str, which: str, request: pytest.FixtureRequest):
    with pytest.raises(DuettoError, match=WITHDREW):
        convert(place, place / where / request.getfixturevalue(which).name)
    assert not (place / "out.wav").exists()


def test_no_voice_converts_under_another_folder_name(place: Path, anns: RunFolder, tmp_path: Path):
    shutil.copytree(place / "before/logs" / anns.name, tmp_path / "my own voice")
    with pytest.raises(DuettoError, match=WITHDREW):
        convert(place, tmp_path / "my own voice")


def test_no_voice_converts_without_the_record_of_its_run(place: Path, anns: RunFolder, tmp_path: Path):
    shutil.copytree(place / "before/logs" / anns.name / "voice", tmp_path / "run/voice")
    with pytest.raises(DuettoError, match=WITHDREW):
        convert(place, tmp_path / "run")


def test_the_python_functions_refuse_it_too(place: Path, laundered: RunFolder):
    with pytest.raises(DuettoError, match=WITHDREW):
        duetto.load_voice(place / "before/logs" / laundered.name)


def test_weights_with_a_card_beside_them_are_refused(place: Path, anns: RunFolder, tmp_path: Path):
    voice_folder = RunFolder(place / "before/logs" / anns.name).voice
    shutil.copyfile(voice_folder.weights, tmp_path / "mine.safetensors")
    shutil.copyfile(voice_folder.card, tmp_path / "mine.json")
    with pytest.raises(DuettoError, match=WITHDREW):
        duetto.load_voice(tmp_path / "mine.safetensors")


def test_nothing_is_trained_from_the_recordings(place: Path):
    with pytest.raises(DuettoError, match=WITHDREW):
        learn(place / "before/ann", place, *FEW)


def test_nothing_is_trained_from_the_corpus_that_was_built(place: Path, tmp_path: Path):
    (corpus,) = [
        path for path in (place / "before/data/corpora").iterdir() if "ann-01" in (path / "consent.yaml").read_text()
    ]
    with pytest.raises(DuettoError, match=WITHDREW):
        learn(corpus, tmp_path, *FEW)


@pytest.mark.parametrize("subject", ["somebody-else", "none"])
def test_nothing_is_trained_from_the_same_recordings_under_another_name(place: Path, tmp_path: Path, subject: str):
    shutil.copytree(place / "before/ann", tmp_path / "other")
    (tmp_path / "other/consent.yaml").write_text(yaml.safe_dump(person(subject=subject)))
    with pytest.raises(DuettoError, match="under another name"):
        learn(tmp_path / "other", tmp_path, *FEW)


def test_nothing_is_trained_from_the_weights(place: Path, anns: RunFolder, tmp_path: Path):
    with pytest.raises(DuettoError, match=WITHDREW):
        learn(place / "nobody", tmp_path, *FEW, f"base={place / 'before/logs' / anns.name}")


def test_a_sweep_refuses_them_before_it_starts(place: Path, anns: RunFolder, capfd: pytest.CaptureFixture[str]):
    from duetto.runs.compose import compose_runs
    from duetto.runs.train import check_inputs
    from duetto.settings.conf_files import conf_folder
    from tests.ownership.around.small import settings

    base = f"base={place / 'before/logs' / anns.name}"
    (config,) = compose_runs(conf_folder(), [settings(place / "nobody", place, *FEW, base)])
    with pytest.raises(DuettoError, match=WITHDREW):
        check_inputs(config)


def test_a_study_refuses_them_before_it_starts(
    place: Path, anns: RunFolder, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    from duetto.settings.conf_files import conf_folder
    from duetto.sweeps.command import main as sweep

    base = place / "before/logs" / anns.name
    with pytest.raises(DuettoError, match="3 of 3 runs are not possible; none was started") as refused:
        sweep(["study=baseline_quick", f"base={base}", f"logs={tmp_path / 'logs'}"], conf_folder())
    assert re.search(WITHDREW, str(refused.value))


def test_a_finished_run_is_not_shown_as_if_nothing_were(place: Path, laundered: RunFolder, work: Path):
    with pytest.raises(DuettoError, match=WITHDREW):
        learn(work / "nobody", work, *FEW, f"base={place / 'before/logs' / laundered.name}")


def test_no_page_is_written(place: Path, anns: RunFolder):
    for folder in (place / "logs" / anns.name, place / "before/logs" / anns.name):
        with pytest.raises(DuettoError, match=WITHDREW):
            write_run_page(folder)
        with pytest.raises(DuettoError, match=WITHDREW):
            collect_run(folder)


def test_a_comparison_leaves_them_out_and_says_so(place: Path, nobodys: RunFolder, tmp_path: Path):
    shutil.copytree(nobodys.path, place / "before/logs" / nobodys.name, dirs_exist_ok=True)
    found = read(find([place / "before/logs"], tmp_path))
    assert [run.folder.name for run in found.runs] == [nobodys.name]
    assert all("withdrew consent" in sentence for sentence in found.problems)


@pytest.mark.parametrize("verb", ["export", "base", "stress", "report"])
def test_no_other_command_uses_it(place: Path, anns: RunFolder, verb: str, capsys: pytest.CaptureFixture[str]):
    assert main([verb, str(place / "before/logs" / anns.name)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_stress_tests_refuse_it(place: Path, anns: RunFolder):
    run = RunFolder(place / "before/logs" / anns.name)
    write_json(run.preprocessing, {"corpus": str(place / "before/data")})
    with pytest.raises(DuettoError, match=WITHDREW):
        stress_run(run.path, [], lambda *_: None)


def test_a_day_to_come_withdraws_nothing_today(place: Path, capsys: pytest.CaptureFixture[str]):
    day = (date.today() + timedelta(days=400)).isoformat()
    assert main(["consent", "revoke", "carl", "--on", day]) == 2
    assert f"`expires: {day}`" in capsys.readouterr().err
    assert main(["consent", "revoke", "carl", "--on", "soon"]) == 2


def test_the_withdrawal_stands_in_every_record_and_is_listed(place: Path, laundered: RunFolder):
    run = RunFolder(place / "logs" / laundered.name)
    for path in (run.record, run.voice.card):
        record = read_object(path)
        assert record["consent"]["revoked_at"] == date.today().isoformat()
        assert "none" in {parent["consent"]["subject"] for parent in record["made_from"]}
    with pytest.raises(DuettoError, match=WITHDREW):
        require_current(read_object(run.record), run.record)
    assert "revoked_at: '" in (place / "ann/consent.yaml").read_text()
    assert "revoked_at: '" not in (place / "nobody/consent.yaml").read_text()


def test_what_was_reached_and_what_was_not_is_said(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    run = learn(record(tmp_path / "dora", person(subject="dora")), tmp_path, "model=linear")
    shutil.move(run.path, tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert main(["consent", "revoke", "dora", "--logs", str(tmp_path / "wrong")]) == 0
    said = capsys.readouterr().out
    assert "1 corpus" in said
    assert "3 recording" in said
    assert "Out of reach: copies on other machines" in said
    assert "revoked.json" in said


def test_one_damaged_card_does_not_stop_a_withdrawal(tmp_path: Path, monkeypatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    run = learn(record(tmp_path / "dora", person(subject="dora")), tmp_path, "model=linear")
    (tmp_path / "logs/broken/voice").mkdir(parents=True)
    (tmp_path / "logs/broken/voice/card.json").write_text('{"consent": ')
    with caplog.at_level(logging.WARNING):
        assert main(["consent", "revoke", "dora", "--logs", str(tmp_path / "logs")]) == 0
    assert "broken" in caplog.text
    with pytest.raises(DuettoError, match=WITHDREW):
        require_current(read_object(run.voice.card), run.voice.card)


def test_a_new_agreement_is_needed_and_enough(
    place: Path, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
):
    shutil.copytree(place / "home", tmp_path / "home")
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    shutil.copytree(place / "before/ann", tmp_path / "ann")
    options = ["--subject=Ann 01", "--controller=B", "--scopes=train,infer", "--purposes=x", "--expires=2099-01-01"]
    assert main(["consent", "new", str(tmp_path / "ann"), "--force", *options]) == 0
    assert "is taken back" in capsys.readouterr().out
    assert learn(tmp_path / "ann", tmp_path, "model=linear").voice.is_trained
