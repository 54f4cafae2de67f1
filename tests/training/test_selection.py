"""The weights of the best validation: kept on disk, chosen at the end, and the same after a kill."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from duetto.errors import CheckpointError
from duetto.runs import fit as fitting
from duetto.training.selection import forget_validations_after, keep_validation, kept_validations, select_weights
from tests.training.tiny import tiny_config, tiny_fit

SCORES = {2: 9.0, 4: 7.0, 6: 5.0, 8: 5.1, 10: 5.0, 12: 11.0, 14: 15.0, 16: 19.0, 17: 23.0}  # by step


class ScriptedSong:
    """A held-out song whose scores are known beforehand."""

    def __init__(self, config, prepared, pair, folder):
        self.place = folder / "heldout"
        self.folder = folder

    def evaluate(self, module):
        return {"mcd_output": SCORES[module.step]}


@pytest.fixture(scope="module")
def scripted():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "ValidationSong", ScriptedSong)
        patch.setattr(fitting.PreparedData, "pairs", lambda self, split, can_convert=True: [("source", "reference")])
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(scripted, tmp_path_factory):
    """A training of 17 steps that gets worse after the tenth, and its folder."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return tiny_fit(17, folder, config=config_of()), folder


def config_of(max_steps=17, select="best", checkpoint_every=5):
    config = tiny_config(max_steps, checkpoint_every)
    trainer = replace(config.trainer, evaluate_every_steps=2, select=select)
    return replace(config, trainer=trainer)


def assert_same(left, right):
    for name, tensor in left.state_dict().items():
        assert torch.equal(tensor, right.state_dict()[name]), name


def test_the_best_validation_becomes_the_voice_and_the_rule_is_written_down(whole):
    result, folder = whole
    report = json.loads((folder / "overtraining.json").read_text())
    assert result.steps == 17
    assert result.selection.step == report["kept_step"] == 10
    assert report["overtraining_since_step"] == 12
    assert "mcd_output" in report["rule"]
    assert report["steps"] == list(SCORES)  # every second, and the last
    assert result.summary()["selected"]["step"] == 10
    kept = load_file(folder / "checkpoints" / "validation_000000010.safetensors")
    for name, tensor in result.network.state_dict().items():
        assert torch.equal(tensor, kept[name]), name
    last = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert any(not torch.equal(tensor, last[f"synthesizer.{name}"]) for name, tensor in kept.items())


def test_the_last_step_is_taken_when_asked_for(whole):
    _, folder = whole
    network = nn.Linear(1, 1)
    before = network.weight.clone()
    selection = select_weights("last", folder, folder / "checkpoints", network, 17)
    assert selection.step == 17
    assert torch.equal(network.weight, before)


def test_a_training_with_few_validations_keeps_its_last_step(tmp_path, scripted):
    result = tiny_fit(6, tmp_path / "run", config=config_of(6))
    assert result.selection.step == 6
    assert "too few validations" in result.selection.why


@pytest.mark.parametrize("killed_at", [10, pytest.param(13, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_a_kill_between_validations_loses_nothing(tmp_path, whole, monkeypatch, killed_at):
    result, folder = whole
    with monkeypatch.context() as patch:
        append = fitting.Validation.on_train_batch_end

        def validate_or_die(self, trainer, module, *rest):
            append(self, trainer, module, *rest)
            if module.step == killed_at:  # after the validation, before its checkpoint
                raise KeyboardInterrupt

        patch.setattr(fitting.Validation, "on_train_batch_end", validate_or_die)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            tiny_fit(17, tmp_path / "killed", config=config_of())
    resumed = tiny_fit(17, tmp_path / "killed", config=config_of())
    assert resumed.selection == result.selection
    assert_same(resumed.network, result.network)
    for name in ("overtraining.json", "curve.csv"):
        steps = [(run / name).read_text() for run in (folder, tmp_path / "killed")]
        if name == "curve.csv":  # the minutes differ
            steps = [[(line.split(",")[0], line.split(",")[2]) for line in text.splitlines()] for text in steps]
        assert steps[0] == steps[1]


def test_two_validations_stay_and_those_past_a_checkpoint_are_forgotten(tmp_path):
    for step in (100, 200, 300):
        keep_validation(nn.Linear(1, 1), tmp_path, step)
    assert list(kept_validations(tmp_path)) == [200, 300]
    forget_validations_after(tmp_path, 250)
    assert list(kept_validations(tmp_path)) == [200]


def test_lost_or_damaged_weights_of_the_best_validation_are_one_sentence(tmp_path):
    (tmp_path / "overtraining.json").write_text(json.dumps({"kept_step": 100, "noise": 1.0}))
    with pytest.raises(CheckpointError, match=r"trainer\.select=last"):
        select_weights("best", tmp_path, tmp_path, nn.Linear(1, 1), 200)
    (tmp_path / "validation_000000100.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="weights of the best validation"):
        select_weights("best", tmp_path, tmp_path, nn.Linear(1, 1), 200)
