"""Consent cannot be lost on the way: whatever a voice is made from, by whatever way, it stays whose it was."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
from rich.console import Console

from duetto.__main__ import main
from duetto.errors import CheckpointError, CorpusError
from duetto.ownership.consent import embedded_consent
from duetto.ownership.consent_file import statement_path
from duetto.ownership.gate import require_allowed
from duetto.ownership.heritage import Parent, described, heritage_of
from duetto.ownership.registry import open_registry
from duetto.runs.heritage import weights_of
from duetto.runs.infer import infer
from duetto.runs.pretrained_export import export_base
from duetto.settings.run_config import InferConfig
from duetto.storage.files import read_object, sha256_file, write_json
from duetto.storage.run_folder import RunFolder
from duetto.voices.owners import parent_of
from tests.architectures.diffsvc.test_training import tiny_diffsvc, write_tiny_vocoder
from tests.ownership.around.small import learn, record
from tests.ownership.records import NOBODY, person, say_nobodys
from tests.test_two_singers import RATE, voice
from tests.training.tiny import tiny_config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def persons(path: Path) -> set[str]:
    return {each.subject for each in heritage_of(read_object(path), str(path)).persons}


def owners(path: Path) -> set[str]:
    return {each.subject for each in heritage_of(described([parent_of("base", path)]), str(path)).persons}


def test_a_base_passes_its_owner_on(laundered: RunFolder):
    for path in (laundered.voice.card, laundered.record):
        assert persons(path) == {"ann-01"}
    assert read_object(laundered.voice.card)["consent"] == person()
    with pytest.raises(CorpusError, match="ann-01 allows"):
        require_allowed(read_object(laundered.voice.card), "publish_weights", laundered.voice.card)


def test_a_voice_of_nobody_stays_nobodys(nobodys: RunFolder):
    assert heritage_of(read_object(nobodys.voice.card), "card").is_nobodys


def test_a_persons_weights_do_not_become_a_base(anns: RunFolder, laundered: RunFolder, tmp_path: Path):
    for run in (anns, laundered):
        with pytest.raises(CheckpointError, match="holds a person's voice"):
            export_base(run.path, tmp_path / "bases")


def test_nobodys_weights_become_a_base_that_says_so(nobodys: RunFolder, tmp_path: Path):
    path = export_base(nobodys.path, tmp_path / "bases")
    assert heritage_of(described([parent_of("base", path)]), "base").is_nobodys


@pytest.mark.parametrize("place", ["renamed.safetensors", "deep/er/generator.safetensors"])
def test_copied_weights_without_their_card_are_known_by_their_digest(anns: RunFolder, tmp_path: Path, place: str):
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(anns.voice.weights, tmp_path / place)
    assert owners(tmp_path / place) == {"ann-01"}


def test_a_statement_beside_known_weights_does_not_make_them_nobodys(anns: RunFolder, tmp_path: Path):
    shutil.copyfile(anns.voice.weights, tmp_path / "mine.safetensors")
    say_nobodys(tmp_path / "mine.safetensors")
    assert owners(tmp_path / "mine.safetensors") == {"ann-01"}


def test_a_card_of_other_weights_beside_them_does_not_make_them_nobodys(
    anns: RunFolder, nobodys: RunFolder, tmp_path: Path
):
    shutil.copyfile(anns.voice.weights, tmp_path / "generator.safetensors")
    shutil.copyfile(nobodys.voice.card, tmp_path / "card.json")
    assert owners(tmp_path / "generator.safetensors") == {"ann-01"}


def test_weights_of_a_validation_belong_to_their_run(anns: RunFolder, tmp_path: Path):
    copy = RunFolder(tmp_path / "run")
    shutil.copytree(anns.path, copy.path)
    shutil.copyfile(anns.voice.weights, copy.checkpoints / "validation_000200.safetensors")
    with (copy.checkpoints / "validation_000200.safetensors").open("ab") as file:
        file.write(b" ")  # a digest that nobody recorded
    assert owners(copy.checkpoints / "validation_000200.safetensors") == {"ann-01"}


@pytest.mark.parametrize("consent", [person(), None])
def test_a_vocoder_passes_its_owner_on(tmp_path: Path, consent: dict | None):
    folder = write_tiny_vocoder(tmp_path / "vocoder")
    (card,) = folder.rglob("card.json")
    write_json(card, {**read_object(card), "consent": consent})
    config = replace(tiny_config(2), model=tiny_diffsvc(folder, vocoder_steps=0))
    heritage = heritage_of(described(weights_of(config, {})), "run")
    assert [each.subject for each in heritage.persons] == (["ann-01"] if consent else [])
    assert bool(heritage.unknown) == (consent is None)


def test_a_file_that_only_an_architecture_of_a_third_names_is_unknown():
    (parent,) = weights_of(replace(tiny_config(2)), {"extra": "ab" * 32})
    assert heritage_of(described([parent]), "run").unknown == (f"extra weights (SHA-256 {'ab' * 6})",)


def test_a_run_of_an_earlier_version_is_judged_by_the_digests_that_it_recorded(
    anns: RunFolder, laundered: RunFolder, tmp_path: Path
):
    record = read_object(laundered.record)
    old = {name: value for name, value in record.items() if name != "made_from"}
    write_json(tmp_path / "old/run.json", {**old, "consent": embedded_consent().as_dict()})
    with pytest.raises(CheckpointError, match="holds a person's voice"):
        export_base(tmp_path / "old", tmp_path / "bases")


def test_training_from_a_voice_whose_owner_allows_no_training_is_refused(work: Path, anns: RunFolder, tmp_path: Path):
    copy = tmp_path / "run"
    shutil.copytree(anns.path, copy)
    card = RunFolder(copy).voice.card
    values = read_object(card)
    stricter = Parent("corpus", "folder", "0" * 64, heritage_of(values, "card").persons[0], ())
    values |= described([replace(stricter, consent=replace(stricter.consent, scopes=("infer",)))])
    write_json(card, values)
    with pytest.raises(CorpusError, match="not `train`"):
        learn(work / "nobody", tmp_path, "model=rvc", f"base={copy}")


def test_the_registry_is_made_again_from_what_lies_on_the_disk(work: Path, laundered: RunFolder):
    with open_registry() as registry:
        before = {each.id for each in registry.of_subject("ann-01")}
        registry.clear()
    assert main(["lineage", "--rebuild", f"--logs={work / 'logs'}", f"--data={work / 'data'}"]) == 0
    with open_registry() as registry:
        after = {each.id for each in registry.of_subject("ann-01")}
    assert sha256_file(laundered.voice.weights) in after
    assert before == after


def test_lineage_draws_both_ways(work: Path, laundered: RunFolder, capsys: pytest.CaptureFixture[str]):
    assert main(["lineage", laundered.name, f"--logs={work / 'logs'}"]) == 0
    up, down = "".join(capsys.readouterr().out.splitlines()).split(" became")
    assert "base: weights generator.safetensors" in up
    assert "ann-01" in up
    assert "run: weights generator.safetensors" in down
    assert main(["lineage", "Ann 01"]) == 0
    assert "take 0.wav" in capsys.readouterr().out
    assert main(["lineage", "nothing-of-the-kind"]) == 2
    assert "--rebuild" in capsys.readouterr().err


def test_a_voice_that_is_trained_on_conversions_is_whose_the_voice_in_them_is(
    work: Path, anns: RunFolder, tmp_path: Path
):
    soundfile.write(tmp_path / "song.wav", voice(180.0, 3.0), RATE)
    record(tmp_path / "sung", NOBODY, 170.0)
    config = InferConfig(run=str(anns.path), source=str(tmp_path / "song.wav"), output=str(tmp_path / "out.wav"))
    config.index_rate = 0.0
    infer(config, Console(quiet=True))
    shutil.copyfile(tmp_path / "out.wav", tmp_path / "sung/my own take.wav")
    run = learn(tmp_path / "sung", tmp_path, "model=linear")
    assert persons(run.voice.card) == {"ann-01"}
    assert read_object(run.voice.card)["consent"]["subject"] == "ann-01"


def test_conversions_that_were_encoded_again_are_somebodys(work: Path, anns: RunFolder, tmp_path: Path):
    soundfile.write(tmp_path / "song.wav", voice(180.0, 6.0), RATE)
    record(tmp_path / "sung", NOBODY, 170.0)
    config = InferConfig(run=str(anns.path), source=str(tmp_path / "song.wav"), output=str(tmp_path / "out.wav"))
    config.index_rate = 0.0
    infer(config, Console(quiet=True))
    samples, rate = soundfile.read(tmp_path / "out.wav")
    soundfile.write(tmp_path / "sung/my own take.ogg", samples, rate)  # its record and its digest are gone
    run = learn(tmp_path / "sung", tmp_path, "model=linear")
    heritage = heritage_of(read_object(run.voice.card), "card")
    assert not heritage.is_nobodys
    assert heritage.unknown
    with pytest.raises(CorpusError, match="Nobody knows whose voices are in"):
        require_allowed(read_object(run.voice.card), "publish_weights", run.voice.card)
    with pytest.raises(CheckpointError):
        export_base(run.path, tmp_path / "bases")


def test_a_statement_makes_a_foreign_file_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "f0G40k.safetensors").write_bytes(b"weights")
    assert heritage_of(described([parent_of("base", tmp_path / "f0G40k.safetensors")]), "run").unknown
    options = [
        "--subject=none",
        "--controller=me",
        "--scopes=train,infer",
        "--purposes=research",
        "--expires=2099-01-01",
    ]
    assert main(["consent", "new", str(tmp_path / "f0G40k.safetensors"), *options]) == 0
    assert statement_path(tmp_path / "f0G40k.safetensors").is_file()
    assert heritage_of(described([parent_of("base", tmp_path / "f0G40k.safetensors")]), "run").is_nobodys
