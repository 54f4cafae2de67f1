"""Mixes: source and reference come of the treated clip. And: what the steps took, as a summary."""

import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from duetto.__main__ import main
from duetto.corpus.manifest import HELD_OUT_FROM, load_manifest, save_manifest
from duetto.preprocess.ledger import damage_table, read_ledger, share, summarise
from duetto.preprocess.pipeline import preprocess_corpus
from duetto.preprocess.steps.high_pass import HighPass
from duetto.preprocess.steps.labels import Label, TrimByLabels, read_labels, write_labels
from duetto.preprocess.steps.slice import Slice
from duetto.storage.audio import read_audio

from .conftest import RATE, silence, voice, write_corpus

STEPS = {"high_pass": HighPass(cutoff_hz=2000.0), "slice": Slice(threshold_db=-60)}


@pytest.fixture
def mixes(tmp_path: Path) -> Path:
    song = np.concatenate([voice(2.0), silence(1.0), voice(3.0)])
    folder = write_corpus(
        tmp_path / "corpus", {("target", "train", "one"): song, ("target", "test", "two"): song[: 5 * RATE]}
    )
    manifest = load_manifest(folder)
    save_manifest(replace(manifest, settings={**manifest.settings, HELD_OUT_FROM: "treated"}), folder)
    return folder


def test_of_a_mix_source_and_reference_are_the_treated_clip_in_one_piece(mixes: Path, tmp_path: Path):
    folder = preprocess_corpus(mixes, STEPS, tmp_path / "cache", {})
    manifest = load_manifest(folder)
    (source,), (reference,) = manifest.select("source"), manifest.select("reference")
    assert (source.id, reference.id, source.split, source.song) == ("source/two", "reference/two", "test", "two")
    assert source.sha256 == reference.sha256
    whole = read_audio(folder / source.path)[0]
    assert len(whole) == source.num_samples == 5 * RATE
    for clip in manifest.select("target", "test"):
        piece = read_audio(folder / clip.path)[0]
        assert np.allclose(piece, whole[clip.start : clip.start + len(piece)], atol=1e-6)
    untreated = read_audio(mixes / "audio/target/two.wav")[0]
    assert np.sum(whole**2) < 0.1 * np.sum(untreated**2)


def test_pairs_of_mixes_do_not_count_as_seconds(mixes: Path, tmp_path: Path):
    ledger = load_manifest(preprocess_corpus(mixes, STEPS, tmp_path / "cache", {})).ledger
    assert ledger.seconds_in == pytest.approx(11.0)
    assert ledger.seconds_in == pytest.approx(ledger.seconds_used + ledger.seconds_dropped)


def test_the_summary_balances_and_names_the_clip_that_lost_most(mixes: Path, tmp_path: Path):
    folder = preprocess_corpus(mixes, STEPS, tmp_path / "cache", {})
    rows = read_ledger(folder)
    summary = summarise(rows)
    assert [step["step"] for step in summary["steps"]] == ["high_pass", "slice"]
    for step in summary["steps"]:
        assert step["seconds_in"] == pytest.approx(step["seconds_out"] + sum(step["dropped_s"].values()))
    filtered = summary["steps"][0]["band_loss_db"]
    assert filtered["0-300"] > 20 > 3 > filtered["3000-8000"]
    (dropped,) = summary["worst"]["seconds_dropped"][:1]
    assert dropped["step"] == "slice"
    assert dropped["value"] == max(sum(row["dropped_s"].values()) for row in rows) > 0
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(damage_table(summary))
    assert "high_pass" in console.export_text()


def test_undefined_measures_are_left_out_of_means_and_counted():
    row = {
        "clip": "a", "step": "s", "start_s": 0.0, "seconds_in": 1.0, "seconds_out": 1.0, "dropped_s": {},
        "band_loss_db": {"0-300": 6.0}, "level_change_db": -3.0, "hole_fraction": None, "log_kurtosis_ratio": None,
        "voiced_lost": 0.5, "zero_share_after": 0.0,
    }  # fmt: skip
    other = {**row, "clip": "b", "seconds_in": 3.0, "hole_fraction": 0.2, "voiced_lost": None}
    (step,) = summarise([row, other])["steps"]
    assert step["hole_fraction"] == pytest.approx(0.2)
    assert step["voiced_lost"] == pytest.approx(0.5)
    assert step["level_change_db"] == pytest.approx(-3.0)
    assert math.isnan(step["log_kurtosis_ratio"])
    assert step["undefined"] == {
        "level_change_db": 0,
        "hole_fraction": 1,
        "log_kurtosis_ratio": 2,
        "voiced_lost": 1,
        "zero_share_after": 0,
    }
    assert share(None) == "?"
    assert summarise([])["steps"] == []


def test_labels_that_were_exported_and_read_back_keep_the_same_pieces(mixes: Path, tmp_path: Path):
    folder = preprocess_corpus(mixes, {"slice": Slice()}, tmp_path / "cache", {"a": 1})
    tracks = tmp_path / "tracks"
    assert main(["labels", "export", str(folder), "--output", str(tracks)]) == 0
    assert [label.text for label in read_labels(tracks / "one.txt")] == ["keep", "keep"]
    steps = {"labels": TrimByLabels(str(tracks), keep=["keep"])}
    again = load_manifest(preprocess_corpus(mixes, steps, tmp_path / "cache", {"a": 2}))
    before = load_manifest(folder)
    spans = [[(clip.song, clip.start, clip.num_samples) for clip in m.select("target")] for m in (before, again)]
    assert spans[0] == spans[1]


def test_a_track_is_found_by_the_name_of_the_users_file(tmp_path: Path):
    corpus = write_corpus(tmp_path / "corpus", {("target", "train", "my-song-1a2b3c4d"): voice(4.0)})
    tracks = tmp_path / "tracks"
    write_labels(tracks / "My Song.txt", [Label(0.0, 1.0, "drop")])
    steps = {"labels": TrimByLabels(str(tracks)), "slice": Slice()}
    ledger = load_manifest(preprocess_corpus(corpus, steps, tmp_path / "cache", {})).ledger
    assert ledger.seconds_used == pytest.approx(3.0)


def test_labels_of_a_recording_hold_for_the_part_of_it_that_was_held_out(tmp_path: Path):
    corpus = write_corpus(
        tmp_path / "corpus", {("target", "train", "a-train"): voice(6.0), ("target", "val", "a-val"): voice(2.0)}
    )
    manifest = load_manifest(corpus)
    starts = {"target/a-train": 0, "target/a-val": 6 * RATE}
    clips = tuple(replace(clip, song="a", start=starts[clip.id]) for clip in manifest.clips)
    save_manifest(replace(manifest, clips=clips), corpus)
    tracks = tmp_path / "tracks"
    write_labels(tracks / "a.txt", [Label(0.0, 1.0, "drop"), Label(5.5, 6.5, "drop")])
    treated = load_manifest(preprocess_corpus(corpus, {"labels": TrimByLabels(str(tracks))}, tmp_path / "cache", {}))
    spans = {clip.split: (clip.start / RATE, clip.duration_s) for clip in treated.select("target")}
    assert spans == {"train": (1.0, 4.5), "val": (6.5, 1.5)}


def test_a_long_clip_keeps_its_place_under_labels_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("duetto.preprocess.treat.LONGEST_S", 3.0)
    corpus = write_corpus(tmp_path / "corpus", {("target", "train", "long"): voice(10.0)})
    tracks = tmp_path / "tracks"
    write_labels(tracks / "long.txt", [Label(7.0, 10.0, "drop")])
    steps = {"labels": TrimByLabels(str(tracks))}
    treated = load_manifest(preprocess_corpus(corpus, steps, tmp_path / "cache", {}))
    assert sum(clip.duration_s for clip in treated.select("target")) == pytest.approx(7.0)
