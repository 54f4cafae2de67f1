"""From the folders of finished runs to a verdict, and what keeps it from being one."""

import io
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from duetto.__main__ import main
from duetto.errors import StorageError
from duetto.storage.files import write_json
from duetto.studies.collect import collect_study, split_name
from duetto.studies.conclude import conclude, decide_share
from duetto.studies.expand import Arm, expand
from duetto.studies.load import load_study, register_study
from duetto.studies.plan import plan_study
from duetto.studies.schema import Study
from tests.studies.runs import change_row, write_runs
from tests.studies.test_load import SMALL, write

CLAIMS = {
    **SMALL["hypotheses"],
    "null": {
        "claim": "None.",
        "role": "null",
        "metric": "mcd_output",
        "direction": "either",
        "arms": {"null": 1, "oracle": -1},
        "smallest_effect": 1.0,
    },
}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    write(tmp_path, {"seeds": [0, 1, 2, 3], "songs": ["air_13", "air_14", "air_15"], "hypotheses": CLAIMS})
    register_study(tmp_path, load_study(tmp_path, "small"))
    return load_study(tmp_path, "small")


def score(arm: Arm, song: str, condition: str) -> float:
    """RVC's narrow arm is 3 dB worse at +6, Diff-SVC's is not; some noise."""
    places = (arm.seed, int(song[-2:]), len(condition), len(arm.arm), len(arm.model))
    noise = np.random.default_rng(places).normal(0.0, 0.1)
    return float(6.0 + 3.0 * ((arm.arm, arm.model, condition) == ("narrow", "rvc", "up6")) + noise)


def test_a_study_is_judged_for_each_architecture(study: Study, tmp_path: Path):
    write_runs(study, tmp_path, score)
    verdict = conclude(study, collect_study(study, tmp_path))
    found = {(each["hypothesis"], each["model"]): each for each in verdict["findings"]}
    assert found["register", "rvc"]["verdict"] == "reproduced"
    assert found["register", "rvc"]["effect"] == pytest.approx(3.0, abs=0.3)
    assert found["register", "diffsvc"]["verdict"] == "refuted"
    assert found["null", "rvc"]["verdict"] == "holds"
    assert found["register", "rvc"]["p_holm"] == pytest.approx(min(1.0, 8 * found["register", "rvc"]["p"]))
    assert verdict["controls_hold"] == {"diffsvc": True, "rvc": True}


def test_the_verdict_says_what_it_rests_on(study: Study, tmp_path: Path):
    write_runs(study, tmp_path, score)
    verdict = conclude(study, collect_study(study, tmp_path))
    assert (verdict["status"], verdict["exploratory"], verdict["missing"]) == ("preregistered", False, [])
    assert verdict["file_hash"] == study.file_hash
    assert verdict["hours"] == pytest.approx(0.5 * len(expand(study)))
    assert len(verdict["runs"]) == 24
    assert {"version", "commit", "sources"} <= set(verdict["code"])
    assert json.loads(json.dumps(verdict)) == verdict


def test_a_changed_file_is_labelled_exploratory(study: Study, tmp_path: Path):
    write_runs(study, tmp_path, score)
    path = tmp_path / "study" / "small.yaml"
    path.write_text(path.read_text().replace("smallest_effect: 1.0", "smallest_effect: 0.1"))
    changed = load_study(tmp_path, "small")
    verdict = conclude(changed, collect_study(changed, tmp_path))
    assert verdict["status"] == "exploratory"
    assert "registered" in verdict["why_exploratory"][0]


def test_runs_of_other_settings_failed_runs_and_other_code_are_named(study: Study, tmp_path: Path):
    write_runs(study, tmp_path, score)
    change_row(tmp_path, study, 0, overrides=["data=case_c"])
    change_row(tmp_path, study, 1, state="failed")
    change_row(tmp_path, study, 2, overrides=[*expand(study)[2].overrides, "logger=none"])
    write_json(tmp_path / "run-0000000005" / "run.json", {"hours": 0.5, "code": {"sources": "xyz"}})
    collection = collect_study(study, tmp_path)
    assert [why.split()[0] for _, why in collection.missing] == ["was", "its"]
    assert len(collection.runs) == 22
    reasons = " ".join(conclude(study, collection)["why_exploratory"])
    assert "2 of its runs are missing" in reasons
    assert "2 versions of the code" in reasons


def test_an_undefined_score_is_left_out_and_counted(study: Study, tmp_path: Path):
    def gappy(arm: Arm, song: str, condition: str) -> float | None:
        return None if song == "air_14" and arm.arm == "oracle" else score(arm, song, condition)

    write_runs(study, tmp_path, gappy)
    finding = conclude(study, collect_study(study, tmp_path))["findings"][0]
    assert finding["left_out"] == 4
    assert finding["model_of_the_mean"]["num_songs"] == 2


def test_stress_cases_with_a_reference_count_as_conditions(study: Study, tmp_path: Path):
    write_runs(study, tmp_path, score, conditions=("native",))
    for number, arm in enumerate(expand(study)):
        cases = [
            {
                "song": song,
                "condition": "up6",
                "has_reference": reference,
                "metrics": {"mcd_output": score(arm, song, "up6")},
            }
            for song, reference in (("air_13", True), ("air_14", True), ("air_15", False))
        ]
        write_json(
            tmp_path / f"run-{number:010d}" / "stress_tests.json", {"stress_tests": {"transposition": {"cases": cases}}}
        )
    finding = conclude(study, collect_study(study, tmp_path))["findings"][0]
    assert finding["model_of_the_mean"]["num_songs"] == 2
    assert finding["verdict"] == "reproduced"


def test_a_study_that_was_not_run_says_how(study: Study, tmp_path: Path):
    with pytest.raises(StorageError, match=r"sweep\.py study=small"):
        collect_study(study, tmp_path)


def test_songs_tell_their_condition_by_their_name():
    assert split_name("air_13") == ("air_13", "native")
    assert split_name("air_13_up6") == ("air_13", "up6")
    assert split_name("air_13_down12") == ("air_13", "down12")


def test_shares_of_a_design_come_out_as_put_in(tmp_path: Path):
    factors = {
        name: {"group": group, "low": [f"{name}=0"], "high": [f"{name}=1"]}
        for name, group in (("room", "data"), ("rate", "hyperparameters"), ("nothing", "nothing"))
    }
    claim = {"claim": "Data matter more.", "compare": ["data", "hyperparameters"]}
    design = {"num_runs": 8, "metric": "mcd_output", "factors": factors, **claim}
    study = load_study(write(tmp_path, {"design": design, "arms": {}, "hypotheses": {}}), "small")

    def factorial(arm: Arm, song: str, condition: str) -> float:
        return 3.0 * ("room=1" in arm.overrides) + 1.0 * ("rate=1" in arm.overrides) + len(song)

    write_runs(study, tmp_path, factorial, conditions=("native",))
    (planned,) = plan_study(study)["hypotheses"]
    assert (planned["claim"], planned["smallest_effect"]) == ("Data matter more.", 0.1)
    verdict = conclude(study, collect_study(study, tmp_path))
    shares = verdict["shares"]["rvc"]
    assert shares["groups"]["data"]["value"] == pytest.approx(0.9)
    assert shares["differences"]["data - hyperparameters"]["interval"] == pytest.approx([0.8, 0.8])
    claimed, nothing = (finding for finding in verdict["findings"] if finding["model"] == "rvc")
    assert (claimed["hypothesis"], claimed["verdict"]) == ("data_over_hyperparameters", "reproduced")
    assert (claimed["statement"], claimed["effect"]) == ("Data matter more.", pytest.approx(0.8))
    assert (nothing["role"], nothing["verdict"]) == ("null", "holds")
    assert verdict["controls_hold"]["rvc"]


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (0.5, 0.1, 0.8, "reproduced"),
        (0.5, -0.1, 0.8, "inconclusive"),
        (0.05, 0.01, 0.09, "refuted"),
        (0.05, 0.01, 0.3, "inconclusive"),
        (-0.5, -0.8, -0.1, "refuted"),
        (math.nan, math.nan, math.nan, "undefined"),
    ],
)
def test_an_interval_decides_about_a_difference_of_shares(value, low, high, verdict):
    assert decide_share(value, low, high, 0.1) == verdict


def test_groups_may_be_compared_in_either_order(tmp_path: Path):
    factors = {
        name: {"group": group, "low": [f"{name}=0"], "high": [f"{name}=1"]}
        for name, group in (("room", "data"), ("rate", "hyperparameters"))
    }
    claim = {"claim": "Training matters more.", "compare": ["hyperparameters", "data"]}
    design = {"num_runs": 4, "metric": "mcd_output", "factors": factors, **claim}
    study = load_study(write(tmp_path, {"design": design, "arms": {}, "hypotheses": {}}), "small")

    def factorial(arm: Arm, song: str, condition: str) -> float:
        return 3.0 * ("room=1" in arm.overrides) + 1.0 * ("rate=1" in arm.overrides) + len(song)

    write_runs(study, tmp_path, factorial, conditions=("native",))
    claimed = conclude(study, collect_study(study, tmp_path))["findings"][0]
    assert (claimed["verdict"], claimed["effect"]) == ("refuted", pytest.approx(-0.8))


def test_the_plan_states_the_power(tmp_path: Path):
    spread = {"seed": 0.2, "song": 0.3, "residual": 0.3}
    hypotheses = {"register": {**SMALL["hypotheses"]["register"], "spread": spread}}
    songs = [f"air_{number}" for number in range(12)]
    study = load_study(write(tmp_path, {"hypotheses": hypotheses, "seeds": [0, 1, 2, 3, 4], "songs": songs}), "small")
    none, one, two, _ = plan_study(study)["hypotheses"][0]["power"]
    assert none["reproduced"] < 0.01
    assert none["refuted"] > 0.9
    assert one["reproduced"] < two["reproduced"]
    assert two["reproduced"] > 0.95


def test_the_verb_plans_registers_and_judges(study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_runs(study, tmp_path, score)
    conf = f"--conf={tmp_path}"
    output = tmp_path / "results"
    assert main(["study", "small", conf, "--plan"]) == 0
    assert "24 runs, 4 seeds, 3 songs" in capsys.readouterr().out
    assert main(["study", "small", conf, f"--logs={tmp_path}", f"--output={output}"]) == 0
    assert "reproduced" in capsys.readouterr().out
    assert json.loads((output / "verdict.json").read_text())["study"] == "small"
    (tmp_path / "study" / "small.yaml").write_text(yaml.safe_dump({**SMALL, "question": "Other?"}))
    assert main(["study", "small", conf, "--register"]) == 0
    assert load_study(tmp_path, "small").is_registered
    assert main(["study", conf]) == 0
    assert "not run here" in capsys.readouterr().out
    assert main(["study", "large", conf]) == 2
    assert "no such study" in capsys.readouterr().err


def test_a_verdict_shows_on_the_page_of_several_runs(study: Study, tmp_path: Path):
    from duetto.report.comparison.verdicts import read_verdicts

    write_runs(study, tmp_path, score)
    write_json(tmp_path / "verdict.json", conclude(study, collect_study(study, tmp_path)))
    verdicts, problems = read_verdicts([tmp_path / "verdict.json"])
    assert problems == []
    assert {(each.hypothesis, each.model, each.verdict) for each in verdicts} >= {("register", "rvc", "reproduced")}
    assert (verdicts[0].text, verdicts[0].study_hash, verdicts[0].hours) == ("It does.", study.file_hash, 12.0)


def test_the_list_of_studies_tells_what_was_found(study: Study, tmp_path: Path):
    from rich.console import Console

    from duetto.cli.commands.study import print_studies

    write_runs(study, tmp_path, score)
    write_json(tmp_path / "small" / "verdict.json", conclude(study, collect_study(study, tmp_path)))
    console = Console(file=io.StringIO(), width=140)
    print_studies([study], tmp_path, console)
    assert "register, RVC: reproduced" in console.file.getvalue()


def judge(tmp_path: Path) -> int:
    return main(["study", "small", f"--conf={tmp_path}", f"--logs={tmp_path}", f"--output={tmp_path / 'results'}"])


def test_a_verdict_is_not_overwritten_after_runs_were_deleted(study: Study, tmp_path: Path, capsys):
    write_runs(study, tmp_path, score)
    assert judge(tmp_path) == 0
    kept = (tmp_path / "results" / "verdict.json").read_bytes()
    for number in range(3):
        shutil.rmtree(tmp_path / f"run-{number:010d}")
    assert judge(tmp_path) == 2
    assert "3 of its 24 runs are missing now" in capsys.readouterr().err
    assert (tmp_path / "results" / "verdict.json").read_bytes() == kept
    for folder in tmp_path.glob("run-*"):
        shutil.rmtree(folder)
    assert judge(tmp_path) == 2
    assert "None of the 24 runs of study small can be used" in capsys.readouterr().err
    assert (tmp_path / "results" / "verdict.json").read_bytes() == kept


def test_a_verdict_is_not_overwritten_by_undefined_ones(study: Study, tmp_path: Path, capsys):
    write_runs(study, tmp_path, score)
    assert judge(tmp_path) == 0
    kept = (tmp_path / "results" / "verdict.json").read_bytes()
    write_runs(study, tmp_path, lambda arm, song, condition: None)
    assert judge(tmp_path) == 2
    said = capsys.readouterr().err
    assert "the scores for" in said
    assert (tmp_path / "results" / "verdict.json").read_bytes() == kept


def test_a_verdict_of_as_many_runs_replaces_the_one_before(study: Study, tmp_path: Path):
    write_runs(study, tmp_path, score)
    assert judge(tmp_path) == 0
    write_runs(study, tmp_path, lambda arm, song, condition: score(arm, song, condition) + 1.0)
    assert judge(tmp_path) == 0
