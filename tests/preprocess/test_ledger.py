"""The pipeline with channels, chains of any steps, and the ledger it leaves."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetto.corpus.manifest import Manifest, load_manifest, save_manifest
from duetto.errors import StorageError
from duetto.preprocess.ledger import read_ledger
from duetto.preprocess.pipeline import LEDGER_NAME, preprocess_corpus
from duetto.preprocess.segment import Drops, Segments, Step
from duetto.preprocess.steps.centre import Centre
from duetto.preprocess.steps.declip import Declip
from duetto.preprocess.steps.dereverb import Dereverb
from duetto.preprocess.steps.gate import Gate
from duetto.preprocess.steps.high_pass import HighPass
from duetto.preprocess.steps.labels import Label, TrimByLabels, write_labels
from duetto.preprocess.steps.loudness import Loudness
from duetto.preprocess.steps.mono import Mono
from duetto.preprocess.steps.noise_reduction import NoiseReduction
from duetto.preprocess.steps.resample import Resample
from duetto.preprocess.steps.separate import Separate
from duetto.preprocess.steps.slice import Slice
from duetto.preprocess.steps.spectral_subtraction import SpectralSubtraction
from duetto.storage.audio import read_audio, write_audio
from duetto.storage.files import read_json, sha256_file

from .conftest import RATE, silence, voice, write_corpus

STEPS: dict[str, Step] = {
    "high_pass": HighPass(),
    "dereverb": Dereverb(rt60_s=0.5),
    "loudness": Loudness(),
    "gate": Gate(),
    "noise_reduction": NoiseReduction(),
    "spectral_subtraction": SpectralSubtraction(),
    "declip": Declip(),
    "mono": Mono(),
    "centre": Centre(),
    "separate": Separate(method="mask"),
    "resample": Resample(11_025),
    "resample_again": Resample(6_000),
    "slice": Slice(),
}


@dataclass(frozen=True)
class Watch:
    """A step that records in files what it was given."""

    folder: str
    needs_channels: ClassVar[bool] = True

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        for segment in segments:
            name = segment.clip_id.replace("/", "-") + f"-{len(segment.channels)}"
            (Path(self.folder) / name).touch()
        return segments, ()


@dataclass(frozen=True)
class WatchMono(Watch):
    """The same, and takes no channels."""

    needs_channels: ClassVar[bool] = False


def make_stereo(folder: Path, song: str) -> Path:
    """Give the right channel of a target half the level."""
    manifest = load_manifest(folder)
    clips = []
    for clip in manifest.clips:
        if clip.id == f"target/{song}":
            waveform, rate = read_audio(folder / clip.path)
            write_audio(folder / clip.path, np.stack([waveform, 0.5 * waveform]), rate)
            clip = replace(clip, sha256=sha256_file(folder / clip.path))
        clips.append(clip)
    save_manifest(replace(manifest, clips=tuple(clips)), folder)
    return folder


def treat(corpus: Path, cache: Path, steps: Mapping[str, Step]) -> tuple[Manifest, list[dict[str, Any]], Path]:
    folder = preprocess_corpus(corpus, steps, cache, {"steps": {name: repr(step) for name, step in steps.items()}})
    return load_manifest(folder), read_json(folder / LEDGER_NAME), folder


def test_a_row_for_each_target_and_step_in_order(corpus: Path, tmp_path: Path):
    steps = {name: STEPS[name] for name in ("high_pass", "gate", "slice")}
    manifest, rows, _ = treat(corpus, tmp_path / "cache", steps)
    clips = ("target/three", "target/one", "target/two")
    assert sorted((row["clip"], row["step"]) for row in rows) == sorted((c, s) for c in clips for s in steps)
    assert [row["step"] for row in rows] == list(steps) * 3
    for row in rows:
        assert row["seconds_in"] == pytest.approx(row["seconds_out"] + sum(row["dropped_s"].values()))
        assert len(row["band_loss_db"]) == 4
    gate = next(row for row in rows if row["step"] == "gate")
    assert 0.0 <= gate["hole_fraction"] <= 1.0
    assert sum(row["seconds_out"] for row in rows if row["step"] == "slice") == pytest.approx(
        manifest.ledger.seconds_used
    )


def test_the_ledger_tells_which_step_did_it(corpus: Path, tmp_path: Path):
    steps = {"high_pass": HighPass(), "low": HighPass(cutoff_hz=2000.0), "slice": Slice(threshold_db=-70)}
    _, rows, _ = treat(corpus, tmp_path / "cache", steps)
    below = {row["step"]: row["band_loss_db"]["0-300"] for row in rows if row["clip"] == "target/one"}
    assert below["low"] > 20.0
    assert below["high_pass"] == pytest.approx(0.0, abs=0.5)
    assert below["slice"] == 0.0


def test_remarks_are_in_the_row_of_their_step(corpus: Path, tmp_path: Path):
    manifest, rows, _ = treat(corpus, tmp_path / "cache", {"separate": Separate(method="mask"), "slice": Slice()})
    assert {tuple(row["remarks"]) for row in rows if row["step"] == "separate"} == {("voice separated by mask",)}
    assert any(entry.reason == "voice separated by mask" for entry in manifest.ledger.dropped)


def test_channels_live_from_the_first_step_to_the_first_that_takes_none(corpus: Path, tmp_path: Path):
    make_stereo(corpus, "one")
    seen = {}
    for name, before in (("first", {}), ("later", {"high_pass": HighPass()})):
        seen[name] = tmp_path / name
        seen[name].mkdir()
        seen[f"{name}_mono"] = tmp_path / f"{name}_mono"
        seen[f"{name}_mono"].mkdir()
        watched = {**before, "watch": Watch(str(seen[name])), "mono": WatchMono(str(seen[f"{name}_mono"]))}
        treat(corpus, tmp_path / "cache", watched)
    assert sorted(path.name for path in seen["first"].iterdir()) == ["target-one-2", "target-three-1", "target-two-1"]
    for name in ("first_mono", "later", "later_mono"):
        assert sorted(path.name for path in seen[name].iterdir()) == ["target-one-1", "target-three-1", "target-two-1"]


def test_what_is_written_is_the_mean_of_the_channels(corpus: Path, tmp_path: Path):
    original = read_audio(corpus / "audio/target/one.wav")[0]
    make_stereo(corpus, "one")
    manifest, _, folder = treat(corpus, tmp_path / "cache", {"gate": Gate(level_reduction_db=0.0)})
    (clip,) = (clip for clip in manifest.select("target") if clip.song == "one")
    assert np.allclose(read_audio(folder / clip.path)[0], 0.75 * original, atol=1e-6)


def test_centre_extraction_sees_the_stereo_of_the_corpus(corpus: Path, tmp_path: Path):
    # Amplitudes 1 and 0.5: mean 0.75, of the power 1/9 in the difference, 8/9 of the mean is left.
    original = read_audio(corpus / "audio/target/one.wav")[0]
    make_stereo(corpus, "one")
    manifest, rows, folder = treat(corpus, tmp_path / "cache", {"centre": Centre(low_hz=0.0)})
    (clip,) = (clip for clip in manifest.select("target") if clip.song == "one")
    assert np.allclose(read_audio(folder / clip.path)[0], 0.75 * 8 / 9 * original, atol=1e-4)
    (row,) = (row for row in rows if row["clip"] == "target/one")
    assert row["level_change_db"] == pytest.approx(20 * np.log10(8 / 9), abs=0.01)


def test_after_resampling_pieces_know_where_they_were(corpus: Path, tmp_path: Path):
    steps = {"resample": Resample(16_000), "slice": Slice()}
    at_rate, _, _ = treat(corpus, tmp_path / "cache", {"slice": Slice()})
    resampled, _, _ = treat(corpus, tmp_path / "cache", steps)
    for one, other in zip(at_rate.select("target"), resampled.select("target"), strict=True):
        assert other.sample_rate == 16_000
        assert other.start / 16_000 == pytest.approx(one.start / RATE, abs=0.02)


def test_a_clip_that_began_later_in_its_song_still_does_after_resampling(corpus: Path, tmp_path: Path):
    manifest = load_manifest(corpus)
    save_manifest(replace(manifest, clips=tuple(replace(clip, start=3 * RATE) for clip in manifest.clips)), corpus)
    treated, _, _ = treat(corpus, tmp_path / "cache", {"resample": Resample(16_000)})
    assert {clip.start for clip in treated.select("target")} == {3 * 16_000}


def test_labels_that_change_make_another_corpus(corpus: Path, tmp_path: Path):
    labels = tmp_path / "labels"
    for song in ("one", "two", "three"):
        write_labels(labels / f"{song}.txt", [Label(0.0, 0.5, "drop")])
    steps = {"labels": TrimByLabels(str(labels)), "slice": Slice()}
    first, _, folder = treat(corpus, tmp_path / "cache", steps)
    write_labels(labels / "one.txt", [Label(0.0, 3.0, "drop")])
    second, _, other = treat(corpus, tmp_path / "cache", steps)
    assert folder != other
    assert second.ledger.seconds_used < first.ledger.seconds_used
    assert any(entry.reason == "labelled drop" for entry in second.ledger.dropped)


pieces = st.lists(st.tuples(st.booleans(), st.floats(0.01, 1.5)), min_size=1, max_size=4)


@given(
    clips=st.lists(pieces, min_size=1, max_size=2),
    chain=st.lists(st.sampled_from(sorted(STEPS)), max_size=4, unique=True),
    is_stereo=st.booleans(),
)
@settings(max_examples=15, deadline=None, derandomize=True)
def test_seconds_balance_for_any_clips_under_any_chain(
    clips: list[list[tuple[bool, float]]], chain: list[str], is_stereo: bool
):
    songs = {
        ("target", "test", f"song{number}"): np.concatenate(
            [voice(seconds) if sounds else silence(seconds) for sounds, seconds in parts]
        )
        for number, parts in enumerate(clips)
    }
    songs["target", "train", "always"] = voice(1.2)
    with TemporaryDirectory() as name:
        corpus = write_corpus(Path(name) / "corpus", songs)  # type: ignore[arg-type]
        if is_stereo:
            make_stereo(corpus, "song0")
        manifest, rows, _ = treat(corpus, Path(name) / "cache", {step: STEPS[step] for step in chain})
    ledger = manifest.ledger
    assert ledger.seconds_in == pytest.approx(sum(len(song) for song in songs.values()) / RATE)
    assert ledger.seconds_in == pytest.approx(ledger.seconds_used + ledger.seconds_dropped, abs=1e-9)
    assert all(entry.seconds >= 0 and entry.reason for entry in ledger.dropped)
    assert len(rows) == len(songs) * len(chain)
    for row in rows:
        assert row["seconds_in"] == pytest.approx(row["seconds_out"] + sum(row["dropped_s"].values()), abs=1e-9)
    for clip_id in {row["clip"] for row in rows}:
        own = [row for row in rows if row["clip"] == clip_id]
        for one, other in pairwise(own):
            assert one["seconds_out"] == pytest.approx(other["seconds_in"])


@pytest.mark.parametrize("content", [None, "[{"])
def test_a_lost_ledger_is_one_sentence_whose_advice_brings_it_back(corpus: Path, tmp_path: Path, content: str | None):
    steps = {"high_pass": STEPS["high_pass"]}
    _, _, folder = treat(corpus, tmp_path / "cache", steps)
    whole = read_ledger(folder)
    (folder / LEDGER_NAME).unlink()
    if content is not None:
        (folder / LEDGER_NAME).write_text(content)
    with pytest.raises(StorageError, match="Delete the folder that it lies in"):
        read_ledger(folder)
    shutil.rmtree(folder)
    assert read_ledger(treat(corpus, tmp_path / "cache", steps)[2]) == whole


def test_a_corpus_that_no_step_has_treated_has_an_empty_ledger(corpus: Path):
    assert read_ledger(corpus) == []
