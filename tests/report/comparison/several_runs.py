"""Folders of runs and verdicts, as training, sweeps and studies leave them."""

import json

from tests.report.run_folder import make_run


def make_pair(folder, songs=(("tea", "mei"), ("tea_up6", "mei")), **changes):
    """An RVC and a Diff-SVC run of one case, tested at two pitches."""
    runs = [make_run(folder / "one", songs, 0.3), make_run(folder / "two", songs, 0.3)]
    change_facts(runs[0], signature="aaaa000000", name="rvc-a", speakers=["miku"], status="finished")
    change_facts(
        runs[1], **{"signature": "bbbb000000", "name": "diffsvc-b", "model": "diffsvc", "speakers": ["miku"], **changes}
    )
    change_means(runs[1], mcd_output=4.5, rtf=0.9, f0_rmse_cents=20.0)
    return runs


def change_facts(folder, **changes):
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps({**facts, **changes}), encoding="utf-8")


def change_means(folder, **changes):
    scores = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    scores["mean"].update(changes)
    (folder / "metrics.json").write_text(json.dumps(scores), encoding="utf-8")


def finding(**changes):
    return {
        "hypothesis": "excess_above",
        "role": "primary",
        "model": "rvc",
        "metric": "mcd_output",
        "smallest_effect": 1.0,
        "effect": 1.8,
        "interval": [0.9, 2.7],
        "p": 0.01,
        "p_holm": 0.02,
        "verdict": "reproduced",
        "seeds": [0, 1, 2],
        "songs": ["tea", "rain"],
        **changes,
    }


def write_verdict(results, study="register", findings=None, **changes):
    value = {"study": study, "hours": 1.5, "study_hash": "cd" * 32, "code_version": "0.1.0", **changes}
    value["findings"] = [finding()] if findings is None else findings
    (results / study).mkdir(parents=True, exist_ok=True)
    (results / study / "verdict.json").write_text(json.dumps(value), encoding="utf-8")
    return results / study / "verdict.json"
