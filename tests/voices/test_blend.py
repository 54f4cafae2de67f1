"""A blend lies between its voices, belongs to everyone in them, and is a run like any other."""

import json

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file

from duetto.__main__ import main
from duetto.cli.commands.blend import split
from duetto.conversion.retrieval import load_index
from duetto.errors import ConfigError
from duetto.storage.files import read_object, write_json
from duetto.storage.run_folder import RunFolder
from duetto.voices.blend import interpolate
from duetto.voices.find import find_run
from tests.ownership.around.small import learn, record
from tests.ownership.records import person
from tests.test_two_singers import RATE, voice


def test_weights_are_summed_by_share_and_counters_are_the_first():
    states = [
        {"w": torch.tensor([0.0, 1.0]), "n": torch.tensor(3)},
        {"w": torch.tensor([1.0, 3.0]), "n": torch.tensor(5)},
    ]
    mixed = interpolate(states, [0.75, 0.25])
    torch.testing.assert_close(mixed["w"], torch.tensor([0.25, 1.5]))
    assert mixed["n"] == 3


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["anna"], "anna: expected VOICE=SHARE, such as anna=0.5."),
        (["anna=half"], "anna=half: expected a share, such as anna=0.5."),
        (["anna=1", "anna=2"], "anna is given twice"),
    ],
)
def test_what_is_no_share_is_refused(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        split(settings)


def test_paths_may_hold_an_equals_sign():
    assert split(["a=b/run=0.5", "bo=2", "name=ab"]) == ({"name": "ab"}, {"a=b/run": 0.5, "bo": 2.0})


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Linear voices of Ann (who allows more) and Bo, and one of another shape."""
    place = tmp_path_factory.mktemp("blends")
    scopes = {"anna": ["train", "infer", "publish_audio"], "bo": ["train", "infer"], "cy": ["train"]}
    for number, (name, allowed) in enumerate(scopes.items()):
        takes = record(place / name, person(subject=name, scopes=allowed), 220.0 * 1.37**number)
        learn(takes, place, f"name={name}", "base=auto")
    return place / "logs"


def blend(logs, *settings):
    return main(["blend", *settings, f"logs={logs}"])


def weights(logs, name):
    return load_file(RunFolder(find_run(logs, name)).voice.weights)


@pytest.mark.slow
def test_a_blend_lies_between_its_voices(logs, capsys):
    assert blend(logs, "anna=3", "bo=1", "name=between") == 0
    assert "blend of 75 % anna, 25 % bo" in capsys.readouterr().out
    anna, bo, between = (weights(logs, name) for name in ("anna", "bo", "between"))
    for name, tensor in between.items():
        torch.testing.assert_close(tensor, (0.75 * anna[name].double() + 0.25 * bo[name].double()).to(tensor.dtype))
    rows = [len(load_index(RunFolder(find_run(logs, name)).voice.path).rows) for name in ("between", "anna", "bo")]
    assert rows[0] == pytest.approx(min(rows[1] / 0.75, rows[2] / 0.25), abs=2)
    assert blend(logs, "anna=3", "bo=1", "name=between") == 0
    assert "nothing is repeated" in capsys.readouterr().out


@pytest.mark.slow
def test_everyone_in_it_owns_it(logs):
    assert blend(logs, "anna=0.5", "bo=0.5", "name=half") == 0
    card = read_object(RunFolder(find_run(logs, "half")).voice.card)
    assert card["consent"]["subject"] == "anna, bo"
    assert card["consent"]["scopes"] == ["train", "infer"]
    assert [(parent["role"], parent["consent"]["subject"]) for parent in card["made_from"]] == [
        ("voice", "anna"),
        ("voice", "bo"),
    ]
    assert all(parent["made_from"] for parent in card["made_from"]), "what the voices were made from goes on"


@pytest.mark.slow
def test_it_is_a_run_that_the_other_commands_understand(logs, tmp_path, capsys):
    assert blend(logs, "anna=2", "bo=1", "name=duo") == 0
    run = RunFolder(find_run(logs, "duo"))
    page = run.page.read_text()
    assert "duo: 67 % anna, 33 % bo." in page
    assert "A blend is not trained" in page
    assert main(["voices", f"logs={logs}"]) == 0
    assert main(["inspect", "duo", f"--logs={logs}"]) == 0
    assert main(["check", "duo", f"--logs={logs}"]) == 0
    assert "a blend of 67 % anna, 33 % bo" in capsys.readouterr().out.replace("\n", " ")
    soundfile.write(tmp_path / "song.wav", voice(330.0, 1.0), RATE)
    output = tmp_path / "sung.wav"
    assert main(["infer", "run=duo", f"logs={logs}", f"source={tmp_path / 'song.wav'}", f"output={output}"]) == 0
    assert np.isfinite(soundfile.read(output)[0]).all()
    assert json.loads((tmp_path / "sung.wav.json").read_text())["consent"]["subject"] == "anna, bo"


@pytest.mark.slow
def test_what_cannot_be_blended_is_refused(logs, capsys):
    assert blend(logs, "anna=1", "cy=1") == 2
    assert "infer" in capsys.readouterr().err
    assert blend(logs, "anna=1") == 2
    assert "A blend takes two voices or more" in capsys.readouterr().err
    assert blend(logs, "anna=1", "bo=-1") == 2
    assert "bo=-1: expected a share above 0" in capsys.readouterr().err
    card = RunFolder(find_run(logs, "bo")).voice.card
    before = read_object(card)
    try:
        write_json(card, {**before, "features": {**before["features"], "sample_rate": 48_000}})
        assert blend(logs, "anna=1", "bo=1") == 2
        said = capsys.readouterr().err
        assert "features.sample_rate is 24000 in anna and 48000 in bo" in said
    finally:
        write_json(card, before)


@pytest.mark.slow
def test_the_blend_goes_when_one_of_them_is_erased(logs):
    assert blend(logs, "anna=1", "bo=1", "name=last") == 0
    run = find_run(logs, "last")
    assert main(["erase", "bo", "--yes", f"--logs={logs}", f"--data={logs.parent / 'data'}"]) == 0
    assert not run.exists()
    assert find_run(logs, "anna").exists()
