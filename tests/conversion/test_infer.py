import json

import numpy as np
import pytest
import soundfile
from rich.console import Console

from duetto.conversion.find import find_run
from duetto.conversion.infer import check_source, infer, plan_outputs
from duetto.errors import AudioError, CheckpointError, ConfigError
from duetto.run_config import InferConfig

RATE = 8000


def make_run(logs, name):
    (logs / name / "voice").mkdir(parents=True)
    (logs / name / "voice" / "card.json").write_text(json.dumps({}))
    (logs / name / "run.json").write_text("{}")
    return logs / name


def test_runs_are_found_by_latest_name_signature_and_path(tmp_path):
    run = make_run(tmp_path, "rvc-case_b-full-compact-0123456789")
    for wanted in ("latest", run.name, "01234", str(run)):
        assert find_run(tmp_path, wanted) == run


def test_an_unknown_run_names_those_that_exist(tmp_path):
    with pytest.raises(CheckpointError, match="Train one first"):
        find_run(tmp_path, "latest")
    run = make_run(tmp_path, "rvc-case_b-full-compact-0123456789")
    with pytest.raises(CheckpointError, match=run.name):
        find_run(tmp_path, "other")


def test_an_ambiguous_signature_is_refused(tmp_path):
    make_run(tmp_path, "a-01aa")
    make_run(tmp_path, "b-01bb")
    with pytest.raises(CheckpointError, match="2 runs fit"):
        find_run(tmp_path, "01")


def test_no_source_is_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match="Which recording"):
        infer(InferConfig(logs=str(tmp_path)), Console(quiet=True))


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros(RATE), "is silent"),
        (0.5 * np.ones(RATE // 20), "expected at least 0.1 s"),
        (np.full(RATE, np.nan), "NaN"),
    ],
)
def test_what_cannot_be_converted_is_refused(tmp_path, samples, sentence):
    soundfile.write(tmp_path / "x.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=sentence):
        check_source(tmp_path / "x.wav")


def test_outputs_are_named_after_their_sources(tmp_path):
    outputs = plan_outputs([tmp_path / "a.wav", tmp_path / "b.flac"], None, tmp_path / "run", 6.0)
    assert [path.name for path in outputs] == ["a_+6.wav", "b_+6.wav"]


def test_an_output_never_lands_on_a_source_or_on_another_output(tmp_path):
    source = tmp_path / "a.wav"
    with pytest.raises(ConfigError, match="overwrite its source"):
        plan_outputs([source], str(source), tmp_path, 0.0)
    with pytest.raises(ConfigError, match="share a name"):
        plan_outputs([source, tmp_path / "x" / "a.wav"], str(tmp_path / "out"), tmp_path, 0.0)
    with pytest.raises(ConfigError, match="several sources"):
        plan_outputs([source, tmp_path / "b.wav"], "one.wav", tmp_path, 0.0)
    with pytest.raises(ConfigError, match=r"expected a \.wav or \.flac"):
        plan_outputs([source], "out.mp3", tmp_path, 0.0)
