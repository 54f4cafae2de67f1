import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetto.corpus.manifest import Dropped, Ledger, Manifest, load_manifest, save_manifest
from duetto.errors import CorpusError
from duetto.preprocess.pipeline import preprocess_corpus
from duetto.preprocess.segment import Drops, Segments
from duetto.preprocess.steps.high_pass import HighPass
from duetto.preprocess.steps.loudness import Loudness
from duetto.preprocess.steps.slice import Slice
from duetto.storage.audio import read_audio
from duetto.storage.files import sha256_file

from .conftest import RATE, silence, voice, write_corpus

STEPS = {"high_pass": HighPass(), "loudness": Loudness(), "slice": Slice()}


@dataclass(frozen=True)
class Fail:
    """A step that counts its calls in a file and, while the light is out, fails from the second on."""

    log: Path

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(segments[0].clip_id + "\n")
        if self.log.with_suffix(".dark").exists() and len(self.log.read_text(encoding="utf-8").splitlines()) > 1:
            raise RuntimeError("the power went out")
        return segments, ()


@dataclass(frozen=True)
class Gain:
    """A step that makes louder."""

    factor: float

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        return tuple(segment.with_waveform(segment.waveform * np.float32(self.factor)) for segment in segments), ()


@dataclass(frozen=True)
class Forgetful:
    """A step that loses audio and does not say so."""

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        return tuple(segment.with_waveform(segment.waveform[:-10]) for segment in segments), ()


def run(corpus: Path, tmp_path: Path, **changes: object) -> Manifest:
    return load_manifest(preprocess_corpus(corpus, STEPS, tmp_path / "cache", {"steps": "as named", **changes}))


def test_targets_become_slices_that_know_where_they_were(corpus: Path, tmp_path: Path):
    folder = preprocess_corpus(corpus, {"slice": Slice()}, tmp_path / "cache", {})
    manifest = load_manifest(folder)
    assert [clip.id for clip in manifest.select("target", "train")] == [
        "target/one#0000",
        "target/one#0001",
        "target/two#0000",
        "target/two#0001",
    ]
    original = read_audio(corpus / "audio/target/one.wav")[0]
    for clip in manifest.select("target"):
        waveform, _ = read_audio(folder / clip.path)
        assert len(waveform) == clip.num_samples
        assert sha256_file(folder / clip.path) == clip.sha256
        if clip.song == "one":
            assert np.allclose(waveform, original[clip.start : clip.start + clip.num_samples], atol=1e-6)


def test_sources_and_references_pass_through_untouched(corpus: Path, tmp_path: Path):
    folder = preprocess_corpus(corpus, STEPS, tmp_path / "cache", {})
    before, after = load_manifest(corpus), load_manifest(folder)
    for role in ("source", "reference"):
        assert after.select(role) == before.select(role)  # type: ignore[arg-type]
        for clip in after.select(role):  # type: ignore[arg-type]
            assert sha256_file(folder / clip.path) == clip.sha256
            assert (folder / clip.path).samefile(corpus / clip.path)


def test_where_links_are_impossible_files_are_copied(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(18, "another file system")

    monkeypatch.setattr(os, "link", refuse)
    folder = preprocess_corpus(corpus, STEPS, tmp_path / "cache", {})
    for clip in load_manifest(folder).select("reference"):
        assert sha256_file(folder / clip.path) == clip.sha256


def test_seconds_in_are_used_or_dropped_for_a_reason(corpus: Path, tmp_path: Path):
    ledger = run(corpus, tmp_path).ledger
    assert ledger.seconds_in == pytest.approx(7.0 + 5.0 + 7.0)
    assert ledger.seconds_in == pytest.approx(ledger.seconds_used + ledger.seconds_dropped)
    assert {entry.reason for entry in ledger.dropped if entry.seconds} == {"silence"}


def test_what_the_corpus_had_lost_stays_in_the_ledger(corpus: Path, tmp_path: Path):
    manifest = load_manifest(corpus)
    lossy = replace(manifest, ledger=Ledger(21.0, 19.0, (Dropped("target/x", 2.0, "unreadable"),)))
    save_manifest(lossy, corpus)
    ledger = run(corpus, tmp_path).ledger
    assert ledger.seconds_in == pytest.approx(21.0)
    assert ledger.dropped[0].reason == "unreadable"
    assert ledger.seconds_in == pytest.approx(ledger.seconds_used + ledger.seconds_dropped)


def test_the_same_settings_find_the_folder_and_others_make_another(corpus: Path, tmp_path: Path):
    log = tmp_path / "log"
    steps = {"count": Fail(log)}
    first = preprocess_corpus(corpus, steps, tmp_path / "cache", {"a": 1})
    assert preprocess_corpus(corpus, steps, tmp_path / "cache", {"a": 1}) == first
    assert len(log.read_text().splitlines()) == 3
    assert preprocess_corpus(corpus, steps, tmp_path / "cache", {"a": 2}) != first
    assert first.parent == tmp_path / "cache"
    assert len(first.name) == 12


def test_after_a_crash_only_the_missing_clips_are_treated(corpus: Path, tmp_path: Path):
    log = tmp_path / "log"
    log.with_suffix(".dark").touch()
    with pytest.raises(RuntimeError, match="power"):
        preprocess_corpus(corpus, {"s": Fail(log)}, tmp_path / "cache", {}, workers=1)
    log.with_suffix(".dark").unlink()
    folder = preprocess_corpus(corpus, {"s": Fail(log)}, tmp_path / "cache", {}, workers=1)
    calls = log.read_text().splitlines()
    assert calls.count(calls[0]) == 1
    assert {clip.song for clip in load_manifest(folder).select("target")} == {"one", "two", "three"}


def test_two_at_once_end_with_one_whole_corpus(corpus: Path, tmp_path: Path):
    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(lambda _: preprocess_corpus(corpus, STEPS, tmp_path / "cache", {}), range(2)))
    assert folders[0] == folders[1]
    manifest = load_manifest(folders[0])
    assert all(sha256_file(folders[0] / clip.path) == clip.sha256 for clip in manifest.clips)
    assert not [path for path in folders[0].rglob(".*") if path.is_file()]


def test_a_step_that_lifts_the_peak_beyond_full_scale_is_turned_down_and_remarked(corpus: Path, tmp_path: Path):
    manifest = load_manifest(preprocess_corpus(corpus, {"gain": Gain(10.0)}, tmp_path / "cache", {}))
    assert any("fit full scale" in entry.reason for entry in manifest.ledger.dropped)


def test_a_step_that_loses_audio_in_silence_is_caught(corpus: Path, tmp_path: Path):
    with pytest.raises(RuntimeError, match="does not account"):
        preprocess_corpus(corpus, {"forgetful": Forgetful()}, tmp_path / "cache", {})


def test_a_missing_file_and_a_missing_corpus_say_what_to_do(corpus: Path, tmp_path: Path):
    (corpus / "audio/reference/three.wav").unlink()
    with pytest.raises(CorpusError, match="is missing"):
        preprocess_corpus(corpus, STEPS, tmp_path / "cache", {})
    with pytest.raises(CorpusError, match="is not a corpus"):
        preprocess_corpus(tmp_path / "nowhere", STEPS, tmp_path / "cache", {})


def test_nothing_left_to_train_on_is_an_error_with_the_reason(tmp_path: Path):
    corpus = write_corpus(tmp_path / "corpus", {("target", "train", "quiet"): voice(2.0, 1e-5)})
    with pytest.raises(CorpusError, match="silence throughout"):
        preprocess_corpus(corpus, {"slice": Slice()}, tmp_path / "cache", {})


def test_a_long_clip_is_treated_in_parts_cut_where_it_is_soft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("duetto.preprocess.treat.LONGEST_S", 4.0)
    song = np.concatenate([voice(3.0), silence(0.2), voice(3.0), silence(0.2), voice(3.0)])
    corpus = write_corpus(tmp_path / "corpus", {("target", "train", "long"): song})
    folder = preprocess_corpus(corpus, {"high_pass": HighPass()}, tmp_path / "cache", {})
    clips = load_manifest(folder).select("target")
    assert [clip.start / RATE for clip in clips] == pytest.approx([0.0, 3.1, 6.3], abs=0.1)
    assert sum(clip.num_samples for clip in clips) == len(song)


clip = st.lists(st.tuples(st.booleans(), st.floats(0.05, 3.0)), min_size=1, max_size=5)


@given(clips=st.lists(clip, min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_seconds_balance_for_any_set_of_clips(clips: list[list[tuple[bool, float]]]):
    songs = {
        ("target", "train" if number else "test", f"song{number}"): np.concatenate(
            [voice(seconds) if sounds else silence(seconds) for sounds, seconds in parts]
        )
        for number, parts in enumerate(clips)
    }
    songs["target", "train", "always"] = voice(1.5)
    with TemporaryDirectory() as name:
        corpus = write_corpus(Path(name) / "corpus", songs)  # type: ignore[arg-type]
        ledger = load_manifest(preprocess_corpus(corpus, STEPS, Path(name) / "cache", {})).ledger
    assert ledger.seconds_in == pytest.approx(sum(len(song) for song in songs.values()) / RATE)
    assert ledger.seconds_in == pytest.approx(ledger.seconds_used + ledger.seconds_dropped, abs=1e-9)
