from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.settings.config import DataConfig
from duetto.storage.audio import read_audio
from tests.corpus.fakes import sine, write_sine
from tests.corpus.recordings.building import build


def test_whole_files_are_split_by_content_and_the_longest_trains(config: DataConfig, recordings: Path):
    for number in range(20):
        write_sine(recordings / f"{number:02d}.wav", 200 + number, 0.5 + 0.02 * number)
    _, manifest = build(config)
    counts = {split: len(manifest.select("target", split)) for split in ("train", "val", "test")}  # type: ignore[arg-type]
    assert counts == {"train": 16, "val": 2, "test": 2}
    longest = max(manifest.clips, key=lambda clip: clip.duration_s)
    assert longest.split == "train"
    splits = {clip.sha256: clip.split for clip in manifest.select("target")}
    for path in list(recordings.glob("*.wav")):
        path.rename(path.with_name(f"renamed {path.name}"))
    _, renamed = build(config)
    assert {clip.sha256: clip.split for clip in renamed.select("target")} == splits


def test_three_files_fill_three_splits_and_held_out_ones_are_their_own_source(config: DataConfig, recordings: Path):
    for number in range(3):
        write_sine(recordings / f"{number}.wav", 200 + number)
    _, manifest = build(config)
    for split in ("val", "test"):
        target, source, reference = (manifest.select(role, split) for role in ("target", "source", "reference"))  # type: ignore[arg-type]
        assert len(target) == len(source) == len(reference) == 1
        assert target[0].sha256 == source[0].sha256 == reference[0].sha256
        assert source[0].song == reference[0].song
        assert source[0].transpose_semitones == 0.0
    assert "reconstruction" in manifest.settings["evaluation"]
    assert not manifest.select("source", "train")


def test_of_three_long_files_a_tenth_each_is_held_out_and_no_more(config: DataConfig, recordings: Path):
    for number in range(3):
        write_sine(recordings / f"{number}.wav", 200 + number, 20.0 + number)
    _, manifest = build(config)
    seconds = {
        split: sum(clip.duration_s for clip in manifest.select("target", split))  # type: ignore[arg-type]
        for split in ("train", "val", "test")
    }
    assert 0.07 * 63 < seconds["val"] <= 6.3 + 1e-6
    assert 0.07 * 63 < seconds["test"] <= 6.3 + 1e-6
    assert sum(seconds.values()) == pytest.approx(63.0)
    longest = {clip.split: clip.song for clip in manifest.select("target") if clip.split != "train"}
    assert longest["val"].startswith("2-")
    assert longest["test"].startswith("1-")
    assert sorted(name for cut in manifest.settings["cuts"].values() for name in cut) == [
        "test_starts_at_s",
        "val_starts_at_s",
    ]


def test_whole_files_are_held_out_where_they_fit_a_tenth(config: DataConfig, recordings: Path):
    for number in range(3):
        write_sine(recordings / f"{number}.wav", 200 + number, 30.0)
    for number in range(3, 6):
        write_sine(recordings / f"{number}.wav", 200 + number, 5.0)
    _, manifest = build(config)
    held = [clip for split in ("val", "test") for clip in manifest.select("target", split)]  # type: ignore[arg-type]
    assert [clip.duration_s for clip in held] == [5.0] * len(held)
    assert not manifest.settings["cuts"]


def test_a_file_is_cut_in_a_pause_near_its_last_tenth(config: DataConfig, recordings: Path):
    sound = sine(220, 20.0)
    sound[round(18.2 * 16_000) : round(18.4 * 16_000)] = 0.0
    soundfile.write(recordings / "only.wav", sound, 16_000)
    _, manifest = build(config)
    (cut,) = manifest.settings["cuts"].values()
    assert 18.15 < cut["val_starts_at_s"] < 18.4


def test_with_one_file_its_last_tenth_validates_and_the_cut_is_recorded(config: DataConfig, recordings: Path):
    write_sine(recordings / "only.wav", duration_s=20.0)
    folder, manifest = build(config)
    train, val = manifest.select("target", "train")[0], manifest.select("target", "val")[0]
    assert (train.duration_s, val.duration_s, val.start) == (18.0, 2.0, 18 * 16_000)
    assert [cut["val_starts_at_s"] for cut in manifest.settings["cuts"].values()] == [18.0]
    joined = np.concatenate([read_audio(folder / clip.path)[0] for clip in (train, val)])
    assert np.allclose(joined, read_audio(recordings / "only.wav")[0], atol=1e-6)
    assert manifest.ledger.seconds_in == manifest.ledger.seconds_used == pytest.approx(20.0)
