"""The name of a run follows what affects it, not where files lie."""

import pytest

from duetto.runs.identity import described_features, find_earlier_run, find_run_made_of, run_from, signature_of
from duetto.settings.config import ContentConfig, FeaturesConfig
from duetto.storage.files import write_json
from duetto.voices.find import find_run
from tests.training.tiny import tiny_config


def described(path):
    return described_features(
        FeaturesConfig(40_000, 400, 2048, 125, content=ContentConfig("contentvec", 12, 768, path))
    )


def test_the_encoders_weights_count_and_their_place_does_not(tmp_path):
    for name, content in (("a.pt", b"one"), ("b.pt", b"one"), ("c.pt", b"two")):
        (tmp_path / name).write_bytes(content)
    first, twin, other = (described(str(tmp_path / name)) for name in ("a.pt", "b.pt", "c.pt"))
    assert first == twin
    assert first != other
    assert str(tmp_path) not in str(first)


def test_without_a_weights_file_nothing_is_added():
    assert described(None)["content"] == {"encoder": "contentvec", "layer": 12, "dimension": 768}


def made_of_tiny(**inputs: str):
    return run_from(tiny_config(4), "d" * 64, inputs)


def test_a_signature_cannot_be_read_as_a_number():
    signature = signature_of(made_of_tiny())
    assert signature.startswith("r")
    assert len(signature) == 10
    for reading in (int, float):
        with pytest.raises(ValueError, match=r"invalid|could not convert"):
            reading(signature)


def test_training_code_is_in_the_run_and_evaluation_code_is_not():
    modules = made_of_tiny().modules
    assert {"duetto.architectures.rvc.losses", "duetto.training.module", "duetto.features.trackers.swift"} <= set(
        modules
    )
    assert not [name for name in modules if name.startswith(("duetto.evaluation", "duetto.corpus", "duetto.report"))]
    assert "duetto.features.trackers.harvest" not in modules
    assert "duetto.architectures.diffsvc.training" not in modules


def record(folder, made_of, created="2026-01-01"):
    write_json(
        folder / "run.json", {"signature": signature_of(made_of), "made_of": made_of.as_dict(), "created": created}
    )
    (folder / "voice").mkdir()
    (folder / "voice" / "card.json").write_text("{}")


def test_a_run_is_found_by_its_signature_whatever_its_folder_is_called(tmp_path):
    made_of = made_of_tiny()
    record(tmp_path / "my favourite", made_of)
    assert find_run_made_of(tmp_path, made_of).path == tmp_path / "my favourite"
    assert find_run(tmp_path, signature_of(made_of)[:6]) == tmp_path / "my favourite"
    assert find_run_made_of(tmp_path, made_of_tiny(base="another")) is None


def test_a_run_of_earlier_code_is_recognised_and_its_changes_are_named(tmp_path):
    now = made_of_tiny()
    then = now.as_dict()
    then["modules"]["duetto.training.module"] = "other text"
    then["packages"]["torch"] = "1.0"
    write_json(tmp_path / "old" / "run.json", {"signature": "r000000000", "made_of": then, "created": "2026-01-01"})
    earlier = find_earlier_run(tmp_path, now)
    assert earlier.folder.name == "old"
    assert not earlier.is_trained
    assert earlier.changed[0] == "duetto.training.module"
    assert earlier.changed[1].startswith("torch 1.0 -> ")
    assert find_earlier_run(tmp_path, made_of_tiny(base="another")) is None
