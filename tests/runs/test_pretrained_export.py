from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from duetto.architectures.vocoder.renderer import build_vocoder
from duetto.bases import BASES
from duetto.errors import CheckpointError
from duetto.ownership.consent import embedded_consent
from duetto.runs.pretrained_export import export_base
from duetto.storage.files import read_json, read_object, sha256_file, write_json
from tests.architectures.vocoder.test_training import tiny_vocoder
from tests.training.tiny import tiny_config, tiny_fit


def make_run(
    folder: Path,
    subject: str = "none",
    weights: dict[str, str] | None = None,
    speakers: tuple[str, ...] = ("a",),
    case: str = "choir",
) -> torch.nn.Module:
    config = replace(tiny_config(2), model=tiny_vocoder())
    network = tiny_fit(2, folder, config=config).network
    record = {
        "name": "vocoder-choir",
        "signature": "0123456789",
        "case": case,
        "data_hash": "abc",
        "weights": weights or {},
        "speakers": list(speakers),
        "seed": 0,
        "device": "CPU",
        "code": {},
        "consent": {**embedded_consent().as_dict(), "subject": subject, "expires": "2099-12-31"},
        "ledger": {"seconds_used": 3600.0},
        "config": asdict(config),
    }
    write_json(folder / "run.json", record)
    return network


def test_a_run_becomes_half_precision_weights_with_a_card(tmp_path: Path):
    network = make_run(tmp_path / "run")
    path = export_base(tmp_path / "run", tmp_path / "bases")
    assert path.name == "vocoder_8000_16_10.safetensors"
    stored = load_file(path)
    for name, tensor in network.named_parameters():
        assert torch.equal(stored[name], tensor.half()), name
    for name, tensor in network.named_buffers():  # a schedule in half precision would divide by zero
        assert name not in stored or torch.equal(stored[name], tensor), name
    card = read_json(path.with_suffix(".json"))
    assert (card["steps"], card["data"]["hours"], card["licence"]) == (2, 1.0, "MIT")
    config = replace(tiny_config(2), model=tiny_vocoder())
    build_vocoder(tiny_vocoder(), config.features).load_state_dict(stored)


def test_a_card_says_what_its_training_went_on_from(tmp_path: Path):
    make_run(tmp_path / "run")
    first = export_base(tmp_path / "run", tmp_path / "bases").with_suffix(".json")
    assert read_json(first)["started_from"] == "random weights"
    shipped = sha256_file(BASES / "rvc_compact.safetensors")
    make_run(tmp_path / "further", weights={"base": shipped, "discriminator": shipped})
    record = read_object(tmp_path / "further" / "run.json")
    record["config"]["model"]["base"] = "/home/ann/earlier/rvc_compact.safetensors"
    write_json(tmp_path / "further" / "run.json", record)
    export_base(tmp_path / "further", tmp_path / "bases")
    assert read_json(first)["started_from"] == shipped
    assert read_json(first)["model"]["base"] == "rvc_compact.safetensors"


def test_a_card_says_what_kind_of_voices_were_heard(tmp_path: Path):
    make_run(tmp_path / "run", case="ensemble")
    card = read_json(export_base(tmp_path / "run", tmp_path / "bases").with_suffix(".json"))
    assert card["data"] == {"case": "ensemble", "with_choir": False, "hash": "abc", "hours": 1.0}
    assert (card["register_midi"], "natural synthetic voices" in card["limits"]) == ("not known", True)


def test_somebodys_voice_becomes_no_base(tmp_path: Path):
    make_run(tmp_path / "run", subject="singer_7")
    with pytest.raises(CheckpointError, match="a person's voice"):
        export_base(tmp_path / "run", tmp_path / "bases")
    make_run(tmp_path / "strange", weights={"base": "4f19a06a"})
    with pytest.raises(CheckpointError, match=r"holds base weights .*nobody knows whose"):
        export_base(tmp_path / "strange", tmp_path / "bases")
    assert not (tmp_path / "bases").exists()
    with pytest.raises(CheckpointError, match="is not a run"):
        export_base(tmp_path / "nothing", tmp_path / "bases")


def test_weights_that_heard_a_voice_of_the_bench_become_no_base(tmp_path: Path):
    make_run(tmp_path / "run", speakers=("af_heart", "bm_george"))
    with pytest.raises(CheckpointError, match=r"trained on bm_george, which are kept for benchmarks/words\.py"):
        export_base(tmp_path / "run", tmp_path / "bases")
    assert not (tmp_path / "bases").exists()
