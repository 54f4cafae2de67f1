"""What `python -m duetto inspect` says, and the three verbs from outside."""

import json
import shutil

import pytest
import torch
from safetensors.torch import save_file

from duetto.__main__ import build_parser, main
from duetto.cli.arguments import as_options
from duetto.errors import CheckpointError
from duetto.voices.interchange.inspection import describe
from tests.ownership.records import say_nobodys
from tests.voices.interchange.files import applio_content, blank, key_lists, random_rows, save, write_index


@pytest.fixture
def model(tmp_path):
    return save(applio_content("v2_40k_f0", blank("v2_40k_f0")), tmp_path / "mei.pth")


def test_a_model_is_described_in_full(model):
    found = describe(model)
    assert (found.kind, found.problems) == ("inference model", [])
    expected = {
        "flavour": "Applio",
        "version": "v2",
        "shape": "v2_40k_f0",
        "sample rate": 40000,
        "f0": True,
        "speakers": 109,
        "content width": 768,
        "embedder": "contentvec",
        "vocoder": "HiFi-GAN",
        "tensors": 457,
        "parameters": 27_537_346,
        "types": ["float16"],
        "missing": [],
        "unknown": [],
        "misshapen": [],
    }
    assert expected.items() <= found.facts.items()


def test_a_model_that_cannot_be_used_is_described_with_its_problems(tmp_path):
    weights = blank("v2_40k_f0")
    weights["alien"] = weights.pop("dec.conv_post.weight")
    content = applio_content("v2_40k_f0", weights) | {"vocoder": "RefineGAN"}
    found = describe(save(content, tmp_path / "x.pth"))
    assert (found.facts["missing"], found.facts["unknown"]) == (["dec.conv_post.weight"], ["alien"])
    assert any("RefineGAN" in problem for problem in found.problems)
    assert any("not those of v2_40k_f0" in problem for problem in found.problems)


@pytest.mark.slow
def test_both_halves_of_a_training_are_told_apart(tmp_path):
    for name, key, expected in (
        ("G.pth", "v1_40k_f0", {"network": "generator", "shape": "v1_40k_f0", "speakers": 109}),
        ("D.pth", "disc_v2", {"network": "discriminator", "version": "v2", "discriminators": 9}),
    ):
        weights = {k: torch.zeros(1).expand(tuple(s)) for k, s in key_lists()[key]["tensors"].items()}
        found = describe(save({"model": weights, "iteration": 7}, tmp_path / name))
        assert found.kind == "training checkpoint"
        assert {**expected, "epoch": 7}.items() <= found.facts.items()


def test_an_index_is_described_with_its_recall(tmp_path):
    found = describe(write_index(tmp_path / "a.index", random_rows(400, 6), "IVF10,Flat"))
    expected = {"index": "IVF10,Flat", "content width": 6, "rows": 400, "lists": 10, "probes": 1}
    assert expected.items() <= found.facts.items()
    assert 0.2 < found.facts["recall at 8"] < 1
    assert describe(write_index(tmp_path / "b.index", random_rows(400, 6), "Flat")).facts["recall at 8"] == 1.0
    assert "a search asks for 8" in describe(write_index(tmp_path / "c.index", random_rows(5, 6), "Flat")).problems[0]


def test_our_own_files_are_described(tmp_path):
    save_file({"a": torch.zeros(2, 3)}, tmp_path / "w.safetensors")
    assert {"tensors": 1, "parameters": 6}.items() <= describe(tmp_path / "w.safetensors").facts.items()
    save({"progress": {"step": 4, "seconds": 2.0}, "state_dict": {"a": torch.zeros(2)}}, tmp_path / "last.ckpt")
    found = describe(tmp_path / "last.ckpt")
    assert (found.kind, found.facts["step"]) == ("duetto training checkpoint", 4)
    save({"a": torch.zeros(2)}, tmp_path / "table.pt")
    assert describe(tmp_path / "table.pt").kind == "table of tensors"


def test_what_is_nothing_of_these_is_one_sentence(tmp_path):
    (tmp_path / "x.index").write_bytes(b"nothing")
    (tmp_path / "y.safetensors").write_bytes(b"nothing")
    (tmp_path / "z.pth").write_bytes(b"nothing")
    save({"a": "text"}, tmp_path / "text.pth")
    for name in ("none.pth", "x.index", "y.safetensors", "z.pth", "text.pth", "."):
        with pytest.raises(CheckpointError):
            describe(tmp_path / name)


def test_settings_are_written_as_in_train_and_infer():
    assert as_options(["a.pth", "content_path=x=y", "--output=b"], build_parser()[1]["import"]) == [
        "a.pth",
        "--content-path=x=y",
        "--output=b",
    ]


@pytest.mark.slow
def test_the_verbs_take_a_voice_in_and_out(tmp_path, model, capsys):
    index = write_index(tmp_path / "mei.index", random_rows(90, 768))
    assert main(["import", str(model), f"index={index}", f"output={tmp_path / 'logs' / 'mei'}"]) == 0
    assert "shape v2_40k_f0, 109 speakers, reads contentvec layer 12" in capsys.readouterr().out
    export = ["export", "mei", f"logs={tmp_path / 'logs'}", f"output={tmp_path / 'out'}"]
    assert main(export) == 2
    assert "Nobody knows whose voices are in file mei.pth" in capsys.readouterr().err
    say_nobodys(model, index)
    shutil.rmtree(tmp_path / "logs")
    assert main(["import", str(model), f"index={index}", f"output={tmp_path / 'logs' / 'mei'}"]) == 0
    assert main(export) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "added_IVF2_Flat_nprobe_1_mei_v2.index",
        "added_IVF2_Flat_nprobe_1_mei_v2.index.json",
        "mei.pth",
        "mei.pth.json",
    ]
    capsys.readouterr()
    assert main(["inspect", str(tmp_path / "logs" / "mei"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["rows"], found["origin"]) == ("voice", 90, "mei.pth")
    assert main(["inspect", str(model)]) == 0
    assert "v2_40k_f0" in capsys.readouterr().out
    assert main(["import", str(index)]) == 2
    assert "error:" in capsys.readouterr().err
