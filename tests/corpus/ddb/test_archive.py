from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.build import corpus_folder
from duetto.corpus.ddb.archive import Archive, commonest_rate, open_archive, read_archive_consent
from duetto.corpus.ddb.bank import DdbSegment
from duetto.corpus.ddb.writer import DdbFragment, write_ddb
from duetto.corpus.jobs import build_folder
from duetto.corpus.manifest import Manifest, load_manifest
from duetto.corpus.recordings.folder import plan_folder
from duetto.errors import CorpusError
from duetto.ownership.consent import embedded_consent, example_consent, write_consent
from duetto.settings.case_config import FragmentConfig
from duetto.settings.config import DataConfig
from duetto.storage.audio import read_audio
from duetto.storage.files import sha256_file
from duetto.storage.fingerprint import fingerprint
from duetto.workers import thread_pool

TODAY = date(2026, 11, 22)
RATE = 16_000
RECORD = replace(embedded_consent(), rights_statement="I recorded this database myself.")
NUM_SOUNDS, SOUND_S = 120, 0.5


@pytest.fixture
def config(tmp_path: Path) -> DataConfig:
    random = np.random.default_rng(0)
    sounds = [random.uniform(-0.5, 0.5, round(SOUND_S * RATE)).astype(np.float32) for _ in range(NUM_SOUNDS)]
    path = tmp_path / "own" / "bank.ddb"
    write_ddb(path, [DdbFragment(sound, ("a",)) for sound in sounds], RATE, RECORD)
    return DataConfig(case="ddb", root=str(tmp_path / "data"), path=str(path))


def opened(config: DataConfig, **settings: object) -> Archive:
    consent = read_archive_consent(config, TODAY)
    return open_archive(config, FragmentConfig(**settings), consent)  # type: ignore[arg-type]


def build(config: DataConfig, **settings: object) -> tuple[Path, Manifest]:
    archive = opened(config, **settings)
    consent = read_archive_consent(config, TODAY)
    folder = corpus_folder(config, fingerprint(archive.settings, {}, []))
    with thread_pool(2) as executor:
        build_folder(folder, plan_folder(config, archive.settings, archive.clips, (consent,)), executor)
    return folder, load_manifest(folder)


def test_sounds_are_merged_in_the_files_order(config: DataConfig):
    folder, manifest = build(config, join="ordered")
    clips = sorted(manifest.select("target"), key=lambda clip: (clip.song, clip.start))
    whole = [clip.duration_s for clip in clips if not clip.id.endswith(("-train", "-val", "-test"))]
    assert whole == [10.0] * 4  # a tenth is cut off each of two others
    assert {clip.split for clip in clips} == {"train", "val", "test"}
    merged = np.concatenate([read_audio(folder / clip.path)[0] for clip in clips])
    sounds = np.random.default_rng(0).uniform(-0.5, 0.5, len(merged)).astype(np.float32)
    assert np.allclose(merged, sounds, atol=1 / 32768)
    assert manifest.ledger.seconds_in == manifest.ledger.seconds_used == pytest.approx(60.0)
    assert manifest.settings["num_named"] == manifest.settings["num_sounds"] == NUM_SOUNDS
    assert "rights_statement" in manifest.consent


def test_shuffled_sounds_are_the_same_in_another_order(config: DataConfig):
    ordered, shuffled = (
        np.concatenate([read_audio(folder / clip.path)[0] for clip in manifest.select("target")])
        for folder, manifest in (build(config, join="ordered"), build(config, join="shuffled"))
    )
    assert not np.array_equal(ordered, shuffled)
    assert np.array_equal(np.sort(ordered), np.sort(shuffled))


def test_with_zero_padding_each_sound_is_a_clip(config: DataConfig):
    _, manifest = build(config, join="zero_padding", padding_ms=1000.0)
    assert [clip.duration_s for clip in manifest.select("target")] == [1.0] * NUM_SOUNDS


def test_sounds_too_short_for_a_clip_stand_in_the_ledger(config: DataConfig, tmp_path: Path):
    path = tmp_path / "own" / "short.ddb"
    sounds = [np.random.default_rng(i).uniform(-0.5, 0.5, 8000 if i < 5 else 800).astype(np.float32) for i in range(7)]
    write_ddb(path, [DdbFragment(sound) for sound in sounds], RATE, RECORD)
    _, manifest = build(replace(config, path=str(path)), join="zero_padding", padding_ms=0.0)
    assert [entry.reason.split("is ")[-1] for entry in manifest.ledger.dropped] == ["shorter than 0.3 s"] * 2
    assert manifest.ledger.seconds_in == pytest.approx(2.6)
    assert manifest.ledger.seconds_used == pytest.approx(2.5)


def test_without_the_users_statement_no_archive_is_opened(config: DataConfig, tmp_path: Path):
    write_consent(tmp_path / "own" / "consent.yaml", embedded_consent())
    with pytest.raises(CorpusError, match="There is no statement of the right"):
        read_archive_consent(config, TODAY)
    with pytest.raises(CorpusError, match="There is no statement of the right"):
        open_archive(config, FragmentConfig(), embedded_consent())


def test_consent_of_the_singer_is_asked_for_too(config: DataConfig, tmp_path: Path):
    record = tmp_path / "own" / "consent.yaml"
    record.write_text(example_consent(date(2020, 1, 1)) + "rights_statement: mine\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="expired"):
        read_archive_consent(config, TODAY)
    record.unlink()
    with pytest.raises(CorpusError, match="no consent record"):
        read_archive_consent(config, TODAY)
    with pytest.raises(CorpusError, match="no such file"):
        read_archive_consent(replace(config, path=None), TODAY)


def test_an_archive_that_the_consent_does_not_name_is_left_out(config: DataConfig, tmp_path: Path):
    record = tmp_path / "own" / "consent.yaml"
    write_consent(record, replace(RECORD, recordings=(sha256_file(Path(str(config.path))),)))
    assert all(clip.is_covered for clip in opened(config).clips)
    write_consent(record, replace(RECORD, recordings=("0" * 64,)))
    with pytest.raises(CorpusError, match="not among the recordings of the consent record"):
        build(config)


def test_settings_change_with_the_archive_and_not_with_its_name(config: DataConfig, tmp_path: Path):
    first = opened(config).settings
    renamed = tmp_path / "own" / "other.ddb"
    Path(str(config.path)).rename(renamed)
    (tmp_path / "own" / "bank.ddi").rename(tmp_path / "own" / "other.ddi")
    assert opened(replace(config, path=str(renamed))).settings == first
    write_ddb(renamed, [DdbFragment(np.full(8000, 0.5, np.float32))], RATE, RECORD)
    assert opened(replace(config, path=str(renamed))).settings["archive"] != first["archive"]


def test_the_rate_of_most_seconds_is_kept():
    def sound(rate: int, duration_s: int) -> DdbSegment:
        return DdbSegment(0, rate, rate * duration_s)

    assert commonest_rate([sound(44_100, 3), sound(48_000, 2)]) == 44_100
    assert commonest_rate([sound(44_100, 2), sound(48_000, 2)]) == 48_000


def test_a_sound_that_is_stored_twice_counts_once(config: DataConfig, tmp_path: Path):
    path = tmp_path / "own" / "twice.ddb"
    sounds = [np.random.default_rng(seed).uniform(-0.5, 0.5, 8000).astype(np.float32) for seed in (1, 2, 3, 1)]
    write_ddb(path, [DdbFragment(sound) for sound in sounds], RATE, RECORD)
    _, manifest = build(replace(config, path=str(path)), join="zero_padding")
    assert len(manifest.select("target")) == 3
    assert "the same recording as" in manifest.ledger.dropped[0].reason
