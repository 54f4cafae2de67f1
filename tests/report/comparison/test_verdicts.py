import json
import math

from duetto.report.comparison.verdicts import read_verdicts, verdict_parts
from tests.report.comparison.several_runs import finding, write_verdict


def test_a_study_passes_what_it_says_once_to_each_of_its_findings(tmp_path):
    file = write_verdict(tmp_path, findings=[finding(), finding(model="diffsvc", verdict="inconclusive", p_holm=0.4)])
    verdicts, problems = read_verdicts([file])
    assert problems == []
    assert [verdict.model for verdict in verdicts] == ["rvc", "diffsvc"]
    assert all(verdict.hours == 1.5 and verdict.study_hash == "cd" * 32 for verdict in verdicts)
    assert verdicts[1].p == 0.4
    assert verdicts[0].seeds == "3"


def test_an_entry_and_a_list_of_entries_are_read_as_well(tmp_path):
    single, several = tmp_path / "verdict.json", tmp_path / "more" / "verdict.json"
    several.parent.mkdir()
    single.write_text(json.dumps(finding(study="one")))
    several.write_text(json.dumps([finding(study="two"), finding(study="two", model="diffsvc")]))
    verdicts, _ = read_verdicts([single, several])
    assert [verdict.study for verdict in verdicts] == ["one", "two", "two"]


def test_claims_come_before_controls_and_rvc_before_diffsvc(tmp_path):
    findings = [
        finding(hypothesis="same", role="null", verdict="holds"),
        finding(model="diffsvc"),
        finding(model="rvc"),
    ]
    parts = verdict_parts(read_verdicts([write_verdict(tmp_path, findings=findings)])[0])
    assert [entry["title"] for entry in parts[0]["entries"]] == [
        "excess above · RVC",
        "excess above · Diff-SVC",
        "same · null arm · RVC",
    ]


def test_the_interval_lies_where_its_numbers_say(tmp_path):
    findings = [finding(effect=-1.0, interval=[-2.0, 0.0], smallest_effect=0.5)]
    forest = verdict_parts(read_verdicts([write_verdict(tmp_path, findings=findings)])[0])[0]["entries"][0]["forest"]
    assert forest["low"] < forest["effect"] < forest["high"]
    assert forest["high"] == forest["zero"] == 50.0
    assert forest["band_high"] - forest["zero"] == forest["zero"] - forest["band_low"]
    assert forest["effect"] - forest["low"] == 2 * (forest["zero"] - forest["band_low"])


def test_shares_are_shown_in_per_cent(tmp_path):
    findings = [finding(metric="voicing_error", effect=0.05, interval=[0.01, 0.09], smallest_effect=0.02)]
    entry = verdict_parts(read_verdicts([write_verdict(tmp_path, findings=findings)])[0])[0]["entries"][0]
    assert (entry["effect"], entry["interval"], entry["smallest"]) == ("+5.00 %", "+1.00 to +9.00", "2 %")


def test_an_undefined_effect_has_no_picture_and_no_number(tmp_path):
    findings = [finding(effect=None, interval=[None, None], p=None, p_holm=None, verdict="undefined")]
    verdicts, _ = read_verdicts([write_verdict(tmp_path, findings=findings)])
    entry = verdict_parts(verdicts)[0]["entries"][0]
    assert math.isnan(verdicts[0].effect)
    assert entry["forest"] is None
    assert (entry["effect"], entry["p"], entry["kind"]) == ("– dB", "–", "other")


def test_a_changed_study_is_called_exploratory(tmp_path):
    verdicts, _ = read_verdicts([write_verdict(tmp_path, exploratory=True)])
    assert verdict_parts(verdicts)[0]["entries"][0]["is_exploratory"]


def test_why_a_study_counts_less_is_said(tmp_path):
    changes = {"why_exploratory": ["2 of its runs are missing"], "controls_hold": {"rvc": True, "diffsvc": False}}
    part = verdict_parts(read_verdicts([write_verdict(tmp_path, question="Does it?", **changes)])[0])[0]
    assert part["question"] == "Does it?"
    assert part["cautions"] == (
        "Exploratory: 2 of its runs are missing.",
        "A control does not hold for Diff-SVC: its verdicts say little.",
    )


def test_a_damaged_file_and_an_entry_without_verdict_are_named(tmp_path):
    broken = tmp_path / "verdict.json"
    broken.write_text("{")
    verdicts, problems = read_verdicts([broken, write_verdict(tmp_path, findings=[{"effect": 1.0}, 7])])
    assert verdicts == []
    assert len(problems) == 3
    assert "not valid JSON" in problems[0]


def test_the_shares_of_a_design_are_laid_out_the_largest_first(tmp_path):
    factors = {
        "nothing": {"value": -0.01, "interval": [-0.02, 0.01]},
        "steps": {"value": 0.6, "interval": [0.4, 0.7]},
    }
    findings = [finding(model="diffsvc", hypothesis="data_over_hyperparameters")]
    written = write_verdict(tmp_path, findings=findings, shares={"diffsvc": {"factors": factors}, "rvc": None})
    (design,) = verdict_parts(read_verdicts([written])[0])[0]["shares"]
    assert [(row["factor"], row["share"], row["interval"]) for row in design["rows"]] == [
        ("steps", "60 %", "+40 to +70 %"),
        ("nothing", "-1 %", "-2 to +1 %"),
    ]
    assert design["rows"][1]["value"] < design["zero"] < design["rows"][0]["low"] < design["rows"][0]["value"]
