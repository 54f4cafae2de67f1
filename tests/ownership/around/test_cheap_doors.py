"""Doors that can be tried without training anything: settings, the Python functions, records, lists, what ships."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import yaml
from rich.console import Console

from duetto.__main__ import main
from duetto.architectures.rvc.config import RVCConfig
from duetto.bases import BASES
from duetto.errors import CorpusError, DuettoError, StorageError
from duetto.front.voice import Voice
from duetto.hub.get import add_weights
from duetto.hub.table import public_weights
from duetto.ownership.consent import consent_from_dict
from duetto.ownership.heritage import described, heritage_of
from duetto.ownership.revocation import add_revocation, own_list, read_revocations
from duetto.runs import infer as infer_module
from duetto.runs import withdrawal
from duetto.runs.infer import infer
from duetto.runs.song import convert_song
from duetto.settings.model_config import ModelConfig
from duetto.settings.run_config import InferConfig
from duetto.storage.files import sha256_file
from duetto.voices.owners import parent_by_digest, parent_of
from duetto.voices.voice import TrainedVoice
from tests.conversion.transparent import transparent_converter
from tests.ownership.records import NOBODY, person
from tests.runs.voiced import RATE, make_run, tone


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))


def settings_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, card: dict, **changes) -> InferConfig:
    """Settings of a conversion with a voice of this card, which changes nothing."""
    make_run(tmp_path / "logs", "rvc-x-0123456789")
    voice = SimpleNamespace(card=card, model=ModelConfig(name="rvc", num_speakers=1))
    monkeypatch.setattr(infer_module, "choose_converter", lambda *_: (transparent_converter(), voice))
    return InferConfig(logs=str(tmp_path / "logs"), output=str(tmp_path / "out"), **changes)


BEHIND = {"consent": NOBODY, "made_from": [{"role": "base", "name": "b", "sha256": "ab", "consent": person()}]}
WITHDRAWN = [{"consent": person()}, {"consent": person(subject="ANN 01")}, BEHIND]


@pytest.mark.parametrize("card", WITHDRAWN, ids=["own", "spelled otherwise", "behind a base"])
@pytest.mark.parametrize("kind", ["source", "song"])
def test_neither_source_nor_song_is_converted_after_a_withdrawal(tmp_path, monkeypatch, card: dict, kind: str):
    add_revocation("ann-01", "2026-01-01")
    tone(tmp_path / "a.wav")
    config = settings_for(tmp_path, monkeypatch, card, **{kind: str(tmp_path / "a.wav")})
    with pytest.raises(DuettoError, match="withdrew consent on"):
        (infer if kind == "source" else convert_song)(config, Console(quiet=True))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("terms", [{"scopes": ["train"]}, {"expires": "2026-01-01"}, {"revoked_at": "2026-01-01"}])
def test_no_setting_of_a_conversion_gets_past_a_record(tmp_path, monkeypatch, terms: dict):
    tone(tmp_path / "a.wav")
    extra = {"mark": False, "mark_reason": "a test", "index_rate": 0.0}
    config = settings_for(tmp_path, monkeypatch, {"consent": person(**terms)}, source=str(tmp_path / "a.wav"), **extra)
    with pytest.raises(CorpusError):
        infer(config, Console(quiet=True))


def test_a_voice_that_is_loaded_already_stops_converting(tmp_path: Path):
    converter = transparent_converter()
    card = {"consent": person()}
    voice = Voice("ann", TrainedVoice(None, replace(RVCConfig(), num_speakers=1), converter.features, card), converter)
    sound = 0.3 * np.sin(np.arange(RATE))
    assert voice.convert(sound, RATE).shape == sound.shape
    add_revocation("ann-01", "2026-01-01")
    soundfile.write(tmp_path / "a.wav", sound, RATE)
    with pytest.raises(CorpusError, match="withdrew"):
        voice.convert(sound, RATE)
    with pytest.raises(CorpusError, match="withdrew"):
        voice.convert_file(tmp_path / "a.wav", tmp_path / "b.wav")
    assert not (tmp_path / "b.wav").exists()


def test_a_record_of_nobody_does_not_hide_persons_among_its_members():
    with pytest.raises(CorpusError, match=r"subject: none` and holds records of \['ann-01'\]"):
        consent_from_dict({**NOBODY, "members": [person()]})


@pytest.mark.parametrize("subject", ["None", "NONE", " none", "nobody"])
def test_only_one_word_means_nobody(subject: str):
    assert consent_from_dict(person(subject=subject)).is_private


@pytest.mark.parametrize("path", sorted(BASES.glob("*.safetensors")), ids=lambda path: path.name)
def test_what_ships_in_the_wheel_is_nobodys_and_a_changed_copy_is_unknown(path: Path, tmp_path: Path):
    assert heritage_of(described([parent_of("base", path)]), "base").is_nobodys
    changed = tmp_path / path.name
    changed.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert heritage_of(described([parent_of("base", changed)]), "base").unknown


def test_a_file_that_was_added_under_a_public_name_without_a_digest_is_not_public_by_that(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    file = tmp_path / "somebody.ckpt"
    file.write_bytes(b"weights of somebody's voice")
    (tmp_path / "config.json").write_text("{}")
    name = next(row.name for row in public_weights() if row.sha256 is None)
    add_weights(name, file)
    assert parent_by_digest("vocoder", sha256_file(file)).consent is None


def test_a_folder_in_place_of_a_list_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DUETTO_REVOKED", str(tmp_path))
    with pytest.raises(CorpusError, match="which is missing"):
        read_revocations()


def test_a_read_only_record_does_not_stop_a_withdrawal(tmp_path: Path, monkeypatch, caplog):
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann/consent.yaml").write_text(yaml.safe_dump(person()))

    def refuse(path, *_):
        raise StorageError(f"Cannot write {path}: the file system is read-only.")

    monkeypatch.setattr(withdrawal, "write_consent", refuse)
    monkeypatch.chdir(tmp_path)
    assert main(["consent", "revoke", str(tmp_path / "ann")]) == 0
    assert "the revocation list holds it" in caplog.text
    assert read_revocations().day_of("ann-01") is not None
    assert own_list().is_file()


def test_a_record_that_nobody_signed_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for name, terms in (("a", {}), ("b", {"signature": "on paper, 2026-01-01"})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "consent.yaml").write_text(yaml.safe_dump(person(**terms)))
    main(["consent", "show", str(tmp_path / "a")])
    assert "signed by nobody" in capsys.readouterr().out
    main(["consent", "show", str(tmp_path / "b")])
    assert "signed by nobody" not in capsys.readouterr().out
