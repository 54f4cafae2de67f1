"""Damage is found on load and by `python -m duetto check`, and what is advised ends well."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from duetto.__main__ import main
from duetto.conversion.retrieval import build_index, load_index, save_index
from duetto.errors import CheckpointError
from duetto.runs.check import check_files
from duetto.storage.files import write_json
from duetto.storage.leftovers import TEMPORARY
from duetto.storage.run_folder import RunFolder
from duetto.training.checkpoint import find_checkpoint
from duetto.training.selection import keep_validation
from duetto.voices.voice import load_voice
from tests.architectures.diffsvc.test_training import write_tiny_vocoder
from tests.training.tiny import tiny_fit


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with a voice, an index and records."""
    folder = RunFolder(tmp_path / "run")
    rows = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    save_index(build_index(rows, "encoder", 0, 2, 0), folder.voice.path)
    write_tiny_vocoder(folder.voice.path)
    write_json(folder.record, {"signature": "r0", "config": {}})
    return folder.path


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def states(folder: Path) -> dict[str, str]:
    return {str(each.path.relative_to(folder)): each.state for each in check_files(folder)}


def test_a_whole_run_has_nothing_damaged(run: Path):
    assert states(run) == dict.fromkeys(
        [
            "run.json",
            *(f"voice/{name}" for name in ("card.json", "generator.safetensors", "index.faiss", "index.json")),
        ],
        "whole",
    )
    assert main(["check", str(run)]) == 0
    assert main(["check", str(run / "voice")]) == 0


@pytest.mark.parametrize("name", ["generator.safetensors", "index.faiss"])
def test_a_flipped_bit_is_one_sentence_on_load_and_in_the_check(run: Path, name: str, capsys):
    flip_a_bit(run / "voice" / name)
    load = load_voice if name == "generator.safetensors" else load_index
    with pytest.raises(CheckpointError, match=rf"{name} is damaged.*elete the folder.*last checkpoint"):
        load(run / "voice")
    assert states(run)[f"voice/{name}"] == "damaged"
    assert main(["check", str(run)]) == 1
    assert "last checkpoint" in capsys.readouterr().out


def test_what_is_missing_torn_or_left_over_is_named(run: Path):
    (run / "voice" / "index.faiss").unlink()
    (run / "run.json").write_text('{"torn": ')
    (run / f"{TEMPORARY}1.wav").write_text("half")
    found = states(run)
    assert found["voice/index.faiss"] == "missing"
    assert found["run.json"] == "damaged"
    assert found[f"{TEMPORARY}1.wav"] == "left over"


def test_a_voice_of_an_earlier_version_opens_and_is_said_to_be_unknown(run: Path, capsys):
    card = json.loads((run / "voice" / "card.json").read_text())
    del card["digests"]
    write_json(run / "voice" / "card.json", card)
    load_voice(run / "voice")
    load_index(run / "voice")
    assert states(run)["voice/generator.safetensors"] == "not known"
    assert main(["check", str(run)]) == 0
    assert "An earlier version wrote it without a digest." in capsys.readouterr().out


def test_a_folder_that_is_neither_run_nor_voice_is_one_sentence(tmp_path: Path, capsys):
    assert main(["check", str(tmp_path)]) == 2
    assert "neither a run nor a voice" in capsys.readouterr().err


def test_a_flipped_bit_in_a_checkpoint_is_found_and_the_one_before_is_used(tmp_path: Path):
    tiny_fit(4, tmp_path / "run", every=2)
    folder = tmp_path / "run" / "checkpoints"
    write_json(tmp_path / "run" / "run.json", {})
    assert set(states(tmp_path / "run").values()) == {"whole"}
    flip_a_bit(folder / "last.ckpt")
    said: list[str] = []
    found = find_checkpoint(folder, said.append)
    assert found is not None
    assert found[1].step == 2
    assert "last.ckpt cannot be read" in said[0]
    assert states(tmp_path / "run")["checkpoints/last.ckpt"] == "damaged"


def test_checkpoints_of_an_earlier_version_are_taken_as_they_are_and_stay_usable(tmp_path: Path):
    tiny_fit(2, tmp_path / "run", every=2)
    folder = tmp_path / "run" / "checkpoints"
    (folder / "digests.json").unlink()
    assert find_checkpoint(folder, pytest.fail) is not None
    tiny_fit(4, tmp_path / "run", every=2)
    (folder / "last.ckpt").write_bytes(b"torn")
    found = find_checkpoint(folder, lambda sentence: None)
    assert found is not None
    assert found[1].step == 2


def test_weights_of_a_validation_have_their_digest_beside_them(tmp_path: Path):
    write_json(tmp_path / "run.json", {})
    network = torch.nn.Linear(2, 2)
    for step in (1, 2, 3):
        keep_validation(network, tmp_path / "checkpoints", step)
    assert set(states(tmp_path).values()) == {"whole"}
    flip_a_bit(tmp_path / "checkpoints" / "validation_000000003.safetensors")
    assert states(tmp_path)["checkpoints/validation_000000003.safetensors"] == "damaged"


def test_the_bases_that_ship_are_what_their_cards_say():
    from duetto.bases import BASES
    from duetto.storage.digests import digests_beside, digests_of

    noted = [digests_beside(card) for card in sorted(BASES.glob("*.json"))]
    assert {name: digest for each in noted for name, digest in each.items()} == digests_of(BASES.glob("*.safetensors"))
