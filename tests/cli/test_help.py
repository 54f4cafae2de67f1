"""`--help` of every command fits a screen, and its three examples are commands that exist."""

import shlex

import pytest

from duetto.__main__ import VERBS, build_parser, main, parse
from duetto.cli.help import EXAMPLES, WIDTH, help_text
from duetto.runs.compose import compose_inference, compose_runs
from duetto.settings.conf_files import conf_folder
from duetto.sweeps.command import main as sweep
from duetto.sweeps.command import parse as parse_sweep

SCREEN = 40  # lines
NAMES = sorted(build_parser()[1])


def shown(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    return capsys.readouterr().out


def assert_fits(text):
    lines = text.splitlines()
    assert len(lines) <= SCREEN
    assert [line for line in lines if len(line) > WIDTH] == []


def examples_in(text, script):
    return [shlex.split(line)[2:] for line in text.splitlines() if line.strip().startswith(f"python {script}")]


def test_there_is_a_help_for_every_command():
    assert len(NAMES) == len(VERBS)
    assert {*EXAMPLES, "train", "infer"} == {*NAMES}


@pytest.mark.parametrize("name", ["", *NAMES])
def test_it_fits_a_screen(name, capsys):
    text = shown([*filter(None, [name]), "--help"], capsys)
    assert_fits(text)
    assert "examples:" in text


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_its_three_examples_are_understood(name):
    assert len(EXAMPLES[name]) == 3
    for example in EXAMPLES[name]:
        assert parse([name, *shlex.split(example)]).action


def test_the_examples_of_train_infer_and_sweep_are_understood(capsys):
    train, infer = (help_text(conf_folder(), name) for name in ("train", "infer"))
    assert sweep(["--help"], conf_folder()) == 0
    sweeps = capsys.readouterr().out
    for text in (train, infer, sweeps):
        assert_fits(text)
    found = examples_in(train, "train.py")
    assert len(found) == 3
    assert len(compose_runs(conf_folder(), [each for each in found if "-m" not in each])) == 2
    found = examples_in(infer, "infer.py")
    assert [bool(compose_inference(conf_folder(), each)) for each in found] == [True] * 3
    found = examples_in(sweeps, "sweep.py")
    assert [bool(parse_sweep(each)) for each in found] == [True] * 3


def test_the_long_lists_stand_behind_a_flag(capsys):
    text = shown(["train", "--help-all"], capsys)
    assert "case_b_room_1500ms" in text
    assert "case_b_room_1500ms" not in shown(["train", "--help"], capsys)
    assert "MIDI 57 to 81" in shown(["sing", "--help-all"], capsys)
