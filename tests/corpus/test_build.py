import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.manifest import load_manifest
from duetto.errors import ConfigError, CorpusError, StorageError
from duetto.ownership.consent import read_consent
from duetto.settings.case_config import RoomConfig
from duetto.settings.config import DataConfig
from duetto.storage.audio import read_audio
from duetto.storage.files import sha256_file
from tests.corpus.fakes import FakeSinger


def build(config: DataConfig, **singer: object) -> Path:
    return build_corpus(config, surroundings=Surroundings(FakeSinger(**singer), workers=1))  # type: ignore[arg-type]


def test_each_split_holds_the_roles_it_needs(case_b_config: DataConfig):
    manifest = load_manifest(build(case_b_config))
    assert [clip.id for clip in manifest.select("target", "train")] == ["target/fast_01", "target/fast_02"]
    for split, song in (("val", "fast_03"), ("test", "slow_01")):
        assert [clip.id for clip in manifest.select(None, split)] == [  # type: ignore[arg-type]
            f"reference/{song}",
            f"source/low/{song}",
            f"source/mei/{song}",
            f"target/{song}",
        ]
    assert manifest.consent["subject"] == "none"


def test_a_source_an_octave_below_is_transposed_up_by_twelve(case_b_config: DataConfig):
    manifest = load_manifest(build(case_b_config))
    assert {clip.singer: clip.transpose_semitones for clip in manifest.select("source")} == {"low": 12.0, "mei": 0.0}
    assert all(clip.transpose_semitones == 0 for clip in manifest.select("target"))


def test_every_file_is_there_with_its_hash_and_length(case_b_config: DataConfig):
    folder = build(case_b_config)
    for clip in load_manifest(folder).clips:
        waveform, sample_rate = read_audio(folder / clip.path)
        assert (len(waveform), sample_rate) == (clip.num_samples, clip.sample_rate) == (9600, 48_000)
        assert sha256_file(folder / clip.path) == clip.sha256
        assert (folder / str(clip.annotations)).is_file()
        assert (folder / str(clip.score)).is_file()
    assert read_consent(folder / "consent.yaml").subject == "none"


def test_only_the_target_is_in_the_room(case_b_config: DataConfig):
    wet_folder = build(replace(case_b_config, room=RoomConfig(rt60_s=0.9)))
    dry_folder = build(case_b_config)

    def audio(folder: Path, name: str) -> np.ndarray:
        return read_audio(folder / f"audio/{name}.wav")[0]

    assert np.array_equal(audio(wet_folder, "reference/slow_01"), audio(dry_folder, "target/slow_01"))
    assert np.array_equal(audio(wet_folder, "source/mei/slow_01"), audio(dry_folder, "source/mei/slow_01"))
    assert np.max(np.abs(audio(wet_folder, "target/slow_01") - audio(dry_folder, "target/slow_01"))) > 0.05


def test_seconds_in_are_the_targets_and_all_are_used(case_b_config: DataConfig):
    ledger = load_manifest(build(case_b_config)).ledger
    assert ledger.seconds_in == ledger.seconds_used == pytest.approx(0.8)


def test_a_complete_corpus_is_not_sung_again(case_b_config: DataConfig, tmp_path: Path):
    log = tmp_path / "log"
    first = build(case_b_config, log=log)
    assert build(case_b_config, log=log) == first
    assert len(log.read_text().splitlines()) == 8


def test_after_a_crash_only_what_is_missing_is_sung(case_b_config: DataConfig, tmp_path: Path):
    log = tmp_path / "log"
    with pytest.raises(RuntimeError, match="power"):
        build(case_b_config, log=log, fails_at="slow_01")
    folder = next((tmp_path / "data/corpora").iterdir())
    assert not (folder / "manifest.json").exists()
    sung = log.read_text().splitlines()
    assert build(case_b_config, log=log) == folder
    everything = log.read_text().splitlines()
    assert len(sung) >= 3
    assert len(everything) == len(set(everything)) == 8
    assert not [path for path in folder.rglob(".*") if path.is_file()]


def test_resuming_gives_the_same_corpus_as_not_stopping(case_b_config: DataConfig, tmp_path: Path):
    with pytest.raises(RuntimeError):
        build(case_b_config, fails_at="fast_02")
    resumed = load_manifest(build(case_b_config))
    straight = load_manifest(build(replace(case_b_config, root=str(tmp_path / "elsewhere"))))
    assert resumed == straight


def test_a_deleted_file_is_sung_again(case_b_config: DataConfig, tmp_path: Path):
    log = tmp_path / "log"
    folder = build(case_b_config, log=log)
    (folder / "audio/target/fast_02.wav").unlink()
    assert build(case_b_config, log=log) == folder
    assert log.read_text().splitlines()[8:] == ["miku fast_02"]


def test_two_builders_at_once_end_with_one_whole_corpus(case_b_config: DataConfig):
    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(lambda _: build(case_b_config), range(2)))
    assert folders[0] == folders[1]
    assert all(sha256_file(folders[0] / clip.path) == clip.sha256 for clip in load_manifest(folders[0]).clips)


def test_the_name_follows_what_is_heard_and_not_where_it_lies(case_b_config: DataConfig, tmp_path: Path):
    name = build(case_b_config).name
    assert name.startswith("case_b-")
    assert len(name) == len("case_b-") + 12
    assert build(replace(case_b_config, root=str(tmp_path / "b"))).name == name
    assert build(replace(case_b_config, seed=1)).name != name
    assert build(case_b_config, timbre=1).name != name
    assert build(replace(case_b_config, room=RoomConfig(rt60_s=0.5))).name != name


def test_a_changed_song_makes_another_corpus(case_b_config: DataConfig, songs_folder: Path):
    name = build(case_b_config).name
    (songs_folder / "fast_01.vsqx").write_text("<other/>", encoding="utf-8")
    assert build(case_b_config).name != name


def test_progress_counts_to_the_end(case_b_config: DataConfig):
    seen: list[tuple[str, int, int]] = []
    build_corpus(case_b_config, lambda *args: seen.append(args), Surroundings(FakeSinger(), workers=1))
    assert [done for _, done, _ in seen] == list(range(1, 9))
    assert {total for _, _, total in seen} == {8}


@pytest.mark.slow
def test_processes_give_the_same_corpus_as_one_thread(case_b_config: DataConfig, tmp_path: Path):
    straight = build(case_b_config)
    config = replace(case_b_config, root=str(tmp_path / "processes"))
    spread = build_corpus(config, surroundings=Surroundings(FakeSinger(), workers=2))
    assert load_manifest(spread) == load_manifest(straight)


@pytest.mark.parametrize(
    ("change", "error", "found"),
    [
        ({"case": "case_z"}, ConfigError, "expected one of case_a"),
        ({"train_songs": []}, CorpusError, "train_songs is empty"),
        ({"test_songs": []}, CorpusError, "test_songs is empty"),
        ({"train_songs": ["fast_99"]}, CorpusError, "no song 'fast_99'"),
        ({"train_songs": ["../fast_01"]}, CorpusError, "no song"),
        ({"train_songs": ["slow_01"]}, ConfigError, "two splits"),
        ({"sources": ["mei", "miku"]}, CorpusError, "twice"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    case_b_config: DataConfig, change: dict[str, object], error: type[Exception], found: str
):
    with pytest.raises(error, match=found):
        build(replace(case_b_config, **change))  # type: ignore[arg-type]


def test_a_root_that_is_a_file_is_a_storage_error(case_b_config: DataConfig, tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="not a folder"):
        build(replace(case_b_config, root=str(tmp_path / "file")))


def test_a_corpus_names_versions_modules_and_hashes(case_b_config: DataConfig):
    folder = build(case_b_config)
    settings = json.loads((folder / "manifest.json").read_text())["settings"]
    made_of = json.loads((folder / "fingerprint.json").read_text())
    assert {"pysinsy", "pyworld"} <= set(made_of["packages"])
    assert "duetto.singer.spectrum" in made_of["modules"]
    assert len(settings["songs"]["fast_01"]) == 64
