"""A folder of several singers, and what else lies in users' folders."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.manifest import Manifest, load_manifest
from duetto.corpus.recordings.listing import list_recordings
from duetto.errors import CorpusError
from duetto.ownership.consent import consent_from_dict, example_consent, require_scope
from duetto.settings.config import DataConfig
from duetto.storage.audio import read_info
from tests.corpus.fakes import sine, write_sine
from tests.corpus.m4a import write_m4a

TODAY = date(2026, 11, 22)


@pytest.fixture
def choir(tmp_path: Path) -> Path:
    """Two singers with four recordings each and a record beside them."""
    folder = tmp_path / "choir"
    for number, singer in enumerate(("zoë", "ann b")):
        (folder / singer / "takes").mkdir(parents=True)
        for take in range(4):
            write_sine(folder / singer / "takes" / f"{take}.wav", 200 + 40 * number + take, 0.5)
    (folder / "consent.yaml").write_text(example_consent(TODAY), encoding="utf-8")
    return folder


def build(folder: Path, tmp_path: Path, case: str = "folder", singer: str | None = None) -> tuple[Path, Manifest]:
    config = DataConfig(case=case, root=str(tmp_path / "data"), path=str(folder), singer=singer)
    built = build_corpus(config, surroundings=Surroundings(today=TODAY, workers=2))
    return built, load_manifest(built)


def own_record(folder: Path, singer: str, text: str) -> None:
    (folder / singer / "consent.yaml").write_text(text, encoding="utf-8")


def test_subfolders_are_singers_with_every_split_of_their_own(choir: Path, tmp_path: Path):
    _, manifest = build(choir, tmp_path)
    assert manifest.settings["singers"] == ["ann b", "zoë"]
    for singer in ("ann b", "zoë"):
        splits = sorted(clip.split for clip in manifest.select("target") if clip.singer == singer)
        assert splits == ["test", "train", "train", "val"]


def test_one_singer_can_be_chosen_and_an_unknown_one_is_refused(choir: Path, tmp_path: Path):
    _, manifest = build(choir, tmp_path, singer="zoë")
    assert {clip.singer for clip in manifest.clips} == {"zoë"}
    with pytest.raises(CorpusError, match="no such singer, only ann b, zoë"):
        build(choir, tmp_path, singer="bob")


def test_a_flat_folder_is_one_singer_of_the_name_given(choir: Path, tmp_path: Path):
    write_sine(choir / "here.wav", 300.0, 0.6)
    _, manifest = build(choir, tmp_path, singer="all")
    assert {clip.singer for clip in manifest.clips} == {"all"}
    assert any("directly and in subfolders" in entry.reason for entry in manifest.ledger.dropped)


def test_each_singer_may_have_a_record_and_the_corpus_allows_what_both_allow(choir: Path, tmp_path: Path):
    own_record(choir, "ann b", "subject: ann\ncontroller: A\nscopes: [train]\nexpires: 2027-05-01\n")
    _, manifest = build(choir, tmp_path)
    assert manifest.consent["scopes"] == ["train"]
    assert manifest.consent["expires"] == "2027-05-01"
    assert manifest.consent["subject"] == "ann, singer-01"
    joint = consent_from_dict(manifest.consent)
    assert {member.subject for member in joint.members} == {"ann", "singer-01"}
    with pytest.raises(CorpusError, match="not `infer`"):
        require_scope(joint, "infer", TODAY)


def test_one_singer_who_does_not_allow_training_stops_all_but_not_the_other_alone(choir: Path, tmp_path: Path):
    own_record(choir, "ann b", "subject: ann\ncontroller: A\nscopes: [infer]\nexpires: 2027-05-01\n")
    with pytest.raises(CorpusError, match=r"ann allows .*not `train`.*consent new '?\S*choir/ann b"):
        build(choir, tmp_path)
    build(choir, tmp_path, singer="zoë")


def test_without_any_record_the_first_singers_folder_is_named(choir: Path, tmp_path: Path):
    (choir / "consent.yaml").unlink()
    with pytest.raises(CorpusError, match=r"no consent record .*ann b/consent\.yaml.*consent new"):
        build(choir, tmp_path)


def test_archives_and_linked_folders_are_reported_and_not_opened(choir: Path, tmp_path: Path):
    (choir / "zoë/more.zip").write_bytes(b"PK\3\4")
    (choir / "zoë/again").symlink_to(choir, target_is_directory=True)
    _, manifest = build(choir, tmp_path)
    reasons = " ".join(entry.reason for entry in manifest.ledger.dropped)
    assert "more.zip is an archive, which is not opened: unpack it first" in reasons
    assert "again is a link to a folder" in reasons
    assert len(manifest.select("target")) == 8


def test_a_folder_that_cannot_be_listed_is_reported_and_the_rest_goes_on(
    choir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from duetto.corpus.recordings import listing

    walk = listing.os.walk

    def refuse(root: Path, onerror: object) -> object:
        for place, folders, names in walk(root, onerror=onerror):
            if "zoë" in folders:
                folders.remove("zoë")
                onerror(PermissionError(13, "Permission denied", str(Path(place, "zoë"))))  # type: ignore[operator]
            yield place, folders, names

    monkeypatch.setattr(listing.os, "walk", refuse)
    found = list_recordings(choir)
    assert len(found.files) == 4
    assert [entry.reason for entry in found.remarks] == ["zoë cannot be listed (Permission denied)"]


def test_m4a_is_decoded(choir: Path, tmp_path: Path):
    write_m4a(choir / "zoë/phone.m4a", np.stack([sine(500, 2.0, 44_100)] * 2), 44_100)
    built, manifest = build(choir, tmp_path)
    (clip,) = (clip for clip in manifest.select("target") if clip.song.startswith("phone"))
    assert (clip.sample_rate, read_info(built / clip.path).num_channels) == (44_100, 1)
    assert clip.duration_s == pytest.approx(2.0, abs=0.1)


def test_without_a_decoder_m4a_is_reported_with_the_remedy(
    choir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_m4a(choir / "zoë/phone.m4a", np.stack([sine(500, 2.0, 44_100)] * 2), 44_100)
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    _, manifest = build(choir, tmp_path)
    assert [entry.reason for entry in manifest.ledger.dropped] == [
        "zoë/phone.m4a needs a decoder that is not installed here: pip install av, or convert it to WAV or FLAC."
    ]


def test_mixes_keep_their_channels_and_leave_source_and_reference_to_preprocessing(choir: Path, tmp_path: Path):
    stereo = np.stack([sine(300, 1.0), -sine(300, 1.0)], axis=1)  # silent in mono, which a mix may be
    soundfile.write(choir / "zoë/takes/0.wav", stereo, 16_000)
    built, manifest = build(choir, tmp_path, case="mix", singer="zoë")
    assert {clip.role for clip in manifest.clips} == {"target"}
    assert manifest.settings["held_out_from"] == "treated"
    widths = {clip.song.rsplit("-", 1)[0]: read_info(built / clip.path).num_channels for clip in manifest.clips}
    assert widths == {"0": 2, "1": 1, "2": 1, "3": 1}
    assert not manifest.ledger.dropped


def test_a_single_mix_is_cut_with_its_channels(tmp_path: Path):
    folder = tmp_path / "mix"
    folder.mkdir()
    (folder / "consent.yaml").write_text(example_consent(TODAY), encoding="utf-8")
    soundfile.write(folder / "a.wav", np.stack([sine(300, 4.0), 0.5 * sine(300, 4.0)], axis=1), 16_000)
    built, manifest = build(folder, tmp_path, case="mix")
    assert [(clip.split, read_info(built / clip.path).num_channels) for clip in manifest.clips] == [
        ("train", 2),
        ("val", 2),
    ]
    assert manifest.ledger.seconds_used == pytest.approx(4.0)


def test_the_name_of_the_corpus_follows_the_singers(choir: Path, tmp_path: Path):
    config = DataConfig(case="folder", root=str(tmp_path / "data"), path=str(choir))
    surroundings = Surroundings(today=TODAY, workers=2)
    everyone = build_corpus(config, surroundings=surroundings)
    assert build_corpus(replace(config, singer="zoë"), surroundings=surroundings) != everyone
