import json

import pytest
import wandb

from duetto.__main__ import main
from duetto.report import dashboard
from duetto.report.comparison.find import find, read
from tests.report.comparison.several_runs import finding, make_pair, write_verdict
from tests.tracking.stand_in import stand_in


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("logs")
    make_pair(place)
    write_verdict(place / "results", findings=[finding(), finding(model="diffsvc", verdict="inconclusive")])
    return place


@pytest.fixture(scope="module")
def spec(folder):
    found = read(find([folder], folder / "results"))
    written = dashboard.serialised(dashboard.build_workspace(found, dashboard.Place("us", "songs")))
    assert (written["entity"], written["project"]) == ("us", "songs")
    return written["spec"]["section"]


@pytest.fixture
def no_account(monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr("duetto.training.wandb_run.netrc", lambda: (_ for _ in ()).throw(FileNotFoundError()))


def panels_of(spec, name):
    return next(part for part in spec["panelBankConfig"]["sections"] if part["name"] == name)["panels"]


def test_verdicts_are_the_first_section(spec):
    sections = spec["panelBankConfig"]["sections"]
    assert sections[0]["name"] == "Verdicts"
    said = sections[0]["panels"][0]["config"]["value"]
    assert "| register | excess above · RVC | **reproduced** | +1.80 dB | +0.90 to +2.70 | 0.020 |" in said
    assert "**inconclusive**" in said


def test_only_the_runs_that_are_compared_are_shown_by_case_and_model(spec):
    runs = spec["runSets"][0]
    assert runs["filters"]["filters"][0]["key"] == {"section": "config", "name": "signature.value"}
    assert runs["filters"]["filters"][0]["value"] == ["aaaa000000", "bbbb000000"]
    assert [group["name"] for group in runs["grouping"]] == ["case.value", "model.value"]
    assert runs["runFeed"]["columnPinned"]["summary:test/mcd_output"]


def test_quality_stands_against_speed(spec):
    first = panels_of(spec, "Quality against speed")[0]
    assert first["viewType"] == "Scatter Plot"
    assert (first["config"]["xAxis"], first["config"]["yAxis"]) == ("summary:test/rtf", "summary:test/mcd_output")


def test_every_song_has_its_sounds_and_spectrograms_at_each_pitch(spec):
    keys = [panel["config"]["mediaKeys"] for panel in panels_of(spec, "Listen and look")]
    assert keys == [
        ["audio/tea__mei/source", "audio/tea__mei/output", "audio/tea__mei/reference"],
        ["spectrograms/tea__mei"],
        ["audio/tea_up6__mei/source", "audio/tea_up6__mei/output", "audio/tea_up6__mei/reference"],
        ["spectrograms/tea_up6__mei"],
    ]


def test_losses_and_held_out_scores_are_drawn_over_steps(spec):
    for name, expected in (("Held-out scores over training", "mcd_output"), ("Losses", "mel")):
        first = panels_of(spec, name)[0]
        assert first["config"]["metrics"] == [expected]
        assert first["config"]["xAxis"] == "step"


def test_without_an_account_there_is_one_sentence(folder, no_account, capsys):
    assert main(["dashboard", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "WANDB_API_KEY" in said
    assert "duetto report" in said
    assert len(said.strip().splitlines()) == 1


def test_what_would_be_sent_can_be_written_down_without_an_account(folder, no_account, tmp_path):
    file = tmp_path / "dashboard.json"
    assert main(["dashboard", str(folder), "--write", str(file), "--project", "songs"]) == 0
    assert json.loads(file.read_text())["project"] == "songs"


def test_with_an_account_the_workspace_is_saved_where_the_runs_are(folder, monkeypatch, capsys):
    sent = []

    def save(workspace):
        sent.append(dashboard.serialised(workspace))
        workspace._internal_name = "nw-abc-v"
        return workspace

    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setattr(dashboard, "own_entity", lambda: "me")
    monkeypatch.setattr(dashboard.workspaces.Workspace, "save", save)
    monkeypatch.setattr(dashboard.workspaces.Workspace, "url", property(lambda self: f"https://w/{self.entity}"))
    assert main(["dashboard", str(folder)]) == 0
    assert [(one["entity"], one["project"]) for one in sent] == [("me", "duetto")]
    assert "https://w/me" in capsys.readouterr().out


def test_a_refusal_is_one_sentence(folder, monkeypatch, capsys):
    def save(workspace):
        raise wandb.errors.CommError("permission denied\nmore")

    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setattr(dashboard.workspaces.Workspace, "save", save)
    assert main(["dashboard", str(folder), "--entity", "me"]) == 2
    assert "did not take the dashboard (permission denied)" in capsys.readouterr().err


@pytest.mark.slow
def test_workspace_and_report_of_a_study_are_saved_by_the_real_client(folder, monkeypatch, capsys, tmp_path):
    rows = [{"name": f"arm{number}", "run": run.name} for number, run in enumerate((folder / "one", folder / "two"))]
    (folder / "sweeps" / "tempo").mkdir(parents=True)
    (folder / "sweeps" / "tempo" / "state.json").write_text(json.dumps({"sweep": "tempo", "runs": rows}))
    monkeypatch.setenv("HOME", str(tmp_path))
    with stand_in() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        wandb.teardown()
        assert main(["dashboard", str(folder / "results"), f"--logs={folder}", "study=tempo", "report"]) == 0
        wandb.teardown()
    addresses = capsys.readouterr().out.split()
    assert len(addresses) == 2
    assert server.unknown == []
    workspace, report = server.views
    assert workspace["displayName"] == report["displayName"] == "duetto: study tempo"
    assert (workspace["type"], report["type"]) == ("project-view", "runs")
    text = json.dumps(json.loads(report["spec"]))
    assert "reproduced" in text
    assert "aaaa000000" in text
    assert "audio/tea__mei/output" in text


def test_a_study_without_runs_is_one_sentence(folder, capsys):
    assert main(["dashboard", f"--logs={folder}", "study=absent"]) == 2
    assert "python sweep.py study=absent" in capsys.readouterr().err
    assert main(["dashboard"]) == 2
    assert "Which runs?" in capsys.readouterr().err
