"""Old names: typed ones are taken with a warning, written ones are read."""

import json
import shutil
from dataclasses import asdict

import numpy as np
import pytest

from duetto.__main__ import main
from duetto.architectures.diffsvc.config import DiffSVCConfig
from duetto.architectures.vocoder.config import VocoderConfig
from duetto.corpus.manifest import Clip, Manifest, load_manifest
from duetto.errors import ConfigError
from duetto.evaluation.registry import all_metrics, metric_named
from duetto.renamed import (
    SETTINGS,
    as_hashed,
    current_arguments,
    current_metric,
    current_overrides,
    current_record,
    current_settings,
    find_file,
)
from duetto.report.collect import collect_run
from duetto.report.page import render_page
from duetto.runs.compose import compose_runs
from duetto.settings.conf_files import conf_folder
from duetto.settings.config import PreprocessConfig, TrainerConfig, from_dict
from duetto.storage.files import sha256_json
from duetto.training.callbacks import keep_rows_up_to
from duetto.training.selection import kept_validations, validation_path
from tests.report.run_folder import make_run


def test_an_old_setting_is_taken_and_its_new_name_said(capsys):
    (config,) = compose_runs(conf_folder(), [["trainer.choose=last", "preprocess.keep_stages=true", "seed=3"]])
    assert (config.trainer.select, config.preprocess.keep_intermediates, config.seed) == ("last", True, 3)
    assert capsys.readouterr().err.splitlines() == [
        "warning: trainer.choose is called trainer.select now; trainer.choose stops working in the next version.",
        "warning: preprocess.keep_stages is called preprocess.keep_intermediates now; "
        "preprocess.keep_stages stops working in the next version.",
    ]


def test_every_old_setting_has_a_new_one(capsys):
    values = {"trainer.select": "last", "preprocess.keep_intermediates": "true", "model.equaliser_db": "3.0"}
    runs = [["model=vocoder", f"{old}={values[new]}"] for old, new in SETTINGS.items()]
    assert len(compose_runs(conf_folder(), runs)) == len(SETTINGS) == len(capsys.readouterr().err.splitlines())


@pytest.mark.parametrize(
    ("typed", "current"),
    [
        ("model.colour_db=3", "model.equaliser_db=3"),
        ("+trainer.choose=last,best", "+trainer.select=last,best"),
        ("~trainer.choose", "~trainer.select"),
        ("trainer.chooser=1", "trainer.chooser=1"),
        ("data=case_b", "data=case_b"),
        ("-m", "-m"),
    ],
)
def test_only_the_key_of_a_setting_changes(typed, current, capsys):
    assert current_overrides([typed]) == [current]
    assert bool(capsys.readouterr().err) == (typed != current)


def test_old_commands_and_options_are_taken_and_their_new_names_said(capsys):
    assert current_arguments(["probe", "latest", "--probe", "tempo"]) == ["stress", "latest", "--test", "tempo"]
    assert current_arguments(["sing", "a.vsqx", "truth=a.npz"]) == ["sing", "a.vsqx", "annotations=a.npz"]
    assert current_arguments(["train", "truth=a.npz"]) == ["train", "truth=a.npz"]
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_the_old_command_runs(tmp_path, capsys):
    assert main(["probe", "latest", "--logs", str(tmp_path), "--probe", "volume"]) == 2
    error = capsys.readouterr().err
    assert "probe is called stress now" in error
    assert "no stress test 'volume'" in error


def test_every_metric_has_one_key_and_old_keys_lead_to_it():
    assert metric_named("mcd_resynthesis").name == "mcd_copy_synthesis"
    assert metric_named("predicted_quality_truth").name == "predicted_quality_reference"
    assert all(current_metric(metric.name) == metric.name for metric in all_metrics())


def as_before(folder):
    """The folder as an earlier version would have left it."""
    for name in ("metrics.json", "run.json", "curve.csv"):
        text = (folder / name).read_text()
        for new, old in (
            ("_copy_synthesis", "_resynthesis"),
            ("_reference", "_truth"),
            ('"dropped"', '"losses"'),
            ('"selected"', '"chosen"'),
        ):
            text = text.replace(new, old)
        (folder / name).write_text(text)
    for song in (folder / "songs").iterdir():
        for new, old in (("reference", "truth"), ("copy_synthesis", "resynthesis")):
            if (song / f"{new}.wav").is_file():
                (song / f"{new}.wav").rename(song / f"{old}.wav")


@pytest.mark.slow
def test_the_folder_of_an_old_run_gives_the_same_page(tmp_path):
    new = make_run(tmp_path / "run")
    page = render_page(collect_run(new))
    old = tmp_path / "old" / "run"
    shutil.copytree(new, old)
    as_before(old)
    assert "resynthesis" in (old / "metrics.json").read_text()
    assert "has_truth" in (old / "metrics.json").read_text()
    assert render_page(collect_run(old)) == page


def test_hashes_keep_the_first_spelling():
    """The digests that version 0.1.0 gave."""
    clip = Clip("reference/a", "", "00", "reference", "test", "a", "mei", 24000, 1)
    assert Manifest("case_b", (clip,), {}, {}).content_hash() == sha256_json(
        {"case": "case_b", "clips": [["truth/a", "00", "truth", "test", "a", "mei", "0.0"]]}
    )
    assert as_hashed("reference/source/a") == "truth/source/a"
    assert as_hashed("equaliser_db") == "colour_db"
    assert as_hashed("target/reference") == "target/reference"


def test_an_old_manifest_is_read(tmp_path):
    clip = {
        "id": "truth/a",
        "path": "audio/truth/a.wav",
        "sha256": "",
        "role": "truth",
        "split": "test",
        "song": "a",
        "singer": "mei",
        "sample_rate": 24000,
        "num_samples": 24000,
        "truth": "truth/mei/a.npz",
    }
    ledger = {"seconds_in": 2.0, "seconds_used": 1.0}
    ledger["losses"] = [{"clip_id": "a", "seconds": 1.0, "reason": "silence"}]
    clips = [clip, {**clip, "id": "stage/0_recorded/a", "role": "stage", "truth": None}]
    value = {"case": "case_b", "clips": clips, "settings": {}, "consent": {}, "ledger": ledger}
    (tmp_path / "manifest.json").write_text(json.dumps(value))
    manifest = load_manifest(tmp_path)
    assert [clip.role for clip in manifest.clips] == ["reference", "intermediate"]
    assert manifest.clips[0].annotations == "truth/mei/a.npz"
    assert manifest.ledger.seconds_dropped == 1.0


def test_a_card_and_a_record_of_an_old_run_are_read():
    fields = asdict(VocoderConfig(name="vocoder", size="compact"))
    fields["colour_db"] = 6.0
    del fields["equaliser_db"]
    assert from_dict(VocoderConfig, fields).equaliser_db == 6.0
    trainer = {**asdict(TrainerConfig()), "choose": "last"}
    del trainer["select"]
    preprocess = {"name": "full", "steps": {}, "keep_stages": True}
    assert from_dict(TrainerConfig, trainer).select == "last"
    assert from_dict(PreprocessConfig, preprocess).keep_intermediates
    settings = current_settings({"trainer": trainer, "preprocess": preprocess, "seed": 1})
    assert settings["trainer"]["select"] == "last"
    assert settings["preprocess"]["keep_intermediates"]
    record = current_record({"chosen": {"step": 3}, "config": {"trainer": trainer}, "ledger": {"losses": []}})
    assert record["selected"] == {"step": 3}
    assert record["config"]["trainer"]["select"] == "last"
    assert record["ledger"] == {"dropped": []}


def test_validation_weights_of_an_old_run_are_found_and_new_ones_named_anew(tmp_path):
    for name in ("look_000000100", "validation_000000200"):
        (tmp_path / f"{name}.safetensors").touch()
    assert list(kept_validations(tmp_path)) == [100, 200]
    assert validation_path(tmp_path, 100).name == "look_000000100.safetensors"
    assert validation_path(tmp_path, 300).name == "validation_000000300.safetensors"


def test_a_resumed_run_continues_its_old_curve_under_new_names(tmp_path):
    (tmp_path / "curve.csv").write_text("step,minutes,mcd_resynthesis\n10,0.1,3.5\n20,0.2,3.4\n")
    keep_rows_up_to(tmp_path / "curve.csv", 10)
    assert (tmp_path / "curve.csv").read_text() == "step,minutes,mcd_copy_synthesis\n10,0.1,3.5\n"


def test_a_file_has_its_old_name_only_where_the_new_one_is_not(tmp_path):
    assert find_file(tmp_path, "reference.wav").name == "reference.wav"
    (tmp_path / "truth.wav").touch()
    assert find_file(tmp_path, "reference.wav").name == "truth.wav"
    (tmp_path / "reference.wav").touch()
    assert find_file(tmp_path, "reference.wav").name == "reference.wav"
    assert np.array_equal(find_file(tmp_path, "output.wav").parts[-1:], ["output.wav"])


def test_a_setting_that_is_gone_may_be_recorded_with_the_value_that_means_the_same():
    recorded = {**asdict(DiffSVCConfig()), "has_linear_part": False}
    assert from_dict(DiffSVCConfig, recorded) == DiffSVCConfig()
    with pytest.raises(ConfigError, match="no field has_linear_part"):
        from_dict(DiffSVCConfig, {**recorded, "has_linear_part": True})
