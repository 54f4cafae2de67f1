from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.manifest import Manifest, load_manifest
from duetto.corpus.scores import folder_vsqx, sung_scores
from duetto.corpus.scores.onsets import find_offset, note_starts_s, novelty_of
from duetto.errors import ConfigError, CorpusError, ScoreError
from duetto.ownership.consent import example_consent
from duetto.score.formats.registry import write_score
from duetto.score.formats.vsqx.writer import write_vsqx
from duetto.score.score import Note, Score, Tempo
from duetto.score.tempo import TempoMap
from duetto.settings.config import DataConfig
from duetto.singer.sing import Annotations, Rendition
from duetto.storage.audio import read_audio, write_audio

TODAY = date(2026, 11, 22)
RATE = 16_000


def melody(seed: int, num_notes: int = 16) -> Score:
    """Notes of irregular lengths, such as fit in one place only."""
    random = np.random.default_rng(seed)
    notes, tick = [], 480
    for _ in range(num_notes):
        length = int(random.choice([120, 240, 360, 480]))
        notes.append(Note(tick, length, int(random.integers(60, 72)), "ら", "4 a"))
        tick += length + int(random.choice([0, 0, 240]))
    return Score(f"song{seed}", tuple(notes), (Tempo(0, 140.0),))


def perform(score: Score, level: float = 0.3) -> np.ndarray:
    """The notes as tones that begin at once and fade."""
    tempo = TempoMap(score.tempos)
    last = tempo.seconds(score.notes[-1].tick + score.notes[-1].duration)
    waveform = np.zeros(int((last + 0.5) * RATE), dtype=np.float32)
    for note in score.notes:
        first, end = (int(tempo.seconds(tick) * RATE) for tick in (note.tick, note.tick + note.duration))
        time_s = np.arange(end - first) / RATE
        tone = sum(np.sin(2 * np.pi * k * 440 * 2 ** ((note.midi - 69) / 12) * time_s) / k for k in range(1, 6))
        waveform[first:end] = level * tone * np.exp(-3 * time_s) / 2
    return waveform


def fake_sing(score: Score, voice: object, *, seed: int = 0) -> Rendition:
    if score.notes[0].midi > 100:
        raise ScoreError("too high")
    annotations = Annotations((), np.zeros(0), np.zeros(0), np.zeros(0), 0.005)
    return Rendition(perform(score), RATE, annotations, np.zeros(0), np.zeros(0), np.zeros(0), 0.0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folder_vsqx, "sing", fake_sing)
    monkeypatch.setattr(sung_scores, "sing", fake_sing)
    place = tmp_path / "songs"
    place.mkdir()
    (place / "consent.yaml").write_text(example_consent(TODAY), encoding="utf-8")
    return place


def put(folder: Path, numbers: Sequence[int], offset_s: float | None) -> None:
    for number in numbers:
        write_vsqx(melody(number), folder / f"Song {number}.vsqx")
        if offset_s is not None:
            waveform = perform(melody(number))
            lead = round(abs(offset_s) * RATE)
            shifted = np.concatenate([np.zeros(lead, np.float32), waveform]) if offset_s > 0 else waveform[lead:]
            noise = 1e-4 * np.random.default_rng(number).standard_normal(len(shifted))
            write_audio(folder / f"song {number}.wav", (shifted + noise).astype(np.float32), RATE)


def build(folder: Path, tmp_path: Path, **changes: object) -> tuple[Path, Manifest]:
    config = DataConfig(case="folder_vsqx", root=str(tmp_path / "data"), path=str(folder), **changes)  # type: ignore[arg-type]
    built = build_corpus(config, surroundings=Surroundings(today=TODAY, workers=1))
    return built, load_manifest(built)


@pytest.mark.parametrize("offset_s", [1.37, -0.8])
def test_the_offset_of_each_recording_is_found_and_told(folder: Path, tmp_path: Path, offset_s: float):
    put(folder, range(4), offset_s)
    _, manifest = build(folder, tmp_path)
    assert list(manifest.settings["offsets_s"].values()) == pytest.approx([offset_s] * 4, abs=0.03)
    assert all(clip.score for clip in manifest.select("target"))
    assert any("the score begins at" in entry.reason for entry in manifest.ledger.dropped)


def test_held_out_scores_are_sung_by_another_voice_in_time_with_the_recording(folder: Path, tmp_path: Path):
    put(folder, range(4), 1.37)
    built, manifest = build(folder, tmp_path)
    for split in ("val", "test"):
        (source,), (reference,) = (manifest.select(role, split) for role in ("source", "reference"))  # type: ignore[arg-type]
        assert (source.singer, reference.singer) == ("mei", "singer")
        assert source.song == reference.song
        sung, heard = read_audio(built / source.path)[0], read_audio(built / reference.path)[0]
        assert len(sung) == len(heard)
        near = max(range(-800, 801, 40), key=lambda lag: float(np.dot(np.roll(sung, lag), heard)))
        assert abs(near) / RATE <= 0.03


def test_a_score_that_does_not_fit_is_told_and_the_recording_used_without_it(folder: Path, tmp_path: Path):
    put(folder, range(4), 0.5)
    write_vsqx(melody(99), folder / "Song 2.vsqx")
    _, manifest = build(folder, tmp_path)
    assert len({clip.song for clip in manifest.select("target") if clip.score is None}) == 1
    assert any("its score does not fit" in entry.reason for entry in manifest.ledger.dropped)
    assert len({clip.song for clip in manifest.select("target")}) == 4


def test_scores_and_recordings_without_a_partner_are_told(folder: Path, tmp_path: Path):
    put(folder, range(3), 0.5)
    write_vsqx(melody(7), folder / "alone.vsqx")
    write_audio(folder / "plain.wav", perform(melody(8)), RATE)
    (folder / "broken.vsqx").write_text("<vsq4>", encoding="utf-8")
    write_audio(folder / "broken.wav", perform(melody(9)), RATE)
    _, manifest = build(folder, tmp_path)
    reasons = " ".join(entry.reason for entry in manifest.ledger.dropped)
    assert "alone.vsqx: no recording of that name" in reasons
    assert "score left out" in reasons
    assert len({clip.song for clip in manifest.select("target")}) == 5


def test_scores_alone_are_sung_by_the_embedded_voice_without_consent(folder: Path, tmp_path: Path):
    put(folder, range(4), None)
    (folder / "consent.yaml").unlink()
    _, manifest = build(folder, tmp_path)
    assert manifest.consent["subject"] == "none"
    assert sorted(clip.split for clip in manifest.select("target")) == ["test", "train", "train", "val"]
    assert {clip.singer for clip in manifest.select("source")} == {"mei"}
    assert len(manifest.select("reference")) == 2
    assert manifest.ledger.seconds_in == pytest.approx(manifest.ledger.seconds_used)


def test_muted_tracks_are_left_out_and_told_unless_all_are_wanted(folder: Path, tmp_path: Path):
    put(folder, range(3), None)
    write_vsqx((melody(5), replace(melody(6), name="alto", is_muted=True)), folder / "duet.vsqx")
    _, manifest = build(folder, tmp_path)
    assert len(manifest.select("target")) == 4
    assert any("duet.vsqx: track 2 (alto) is muted" in entry.reason for entry in manifest.ledger.dropped)
    _, manifest = build(folder, tmp_path, tracks="all")
    assert len(manifest.select("target")) == 5


@pytest.mark.parametrize("suffix", [".ust", ".svp", ".mxl", ".mid"])
def test_scores_of_every_format_are_paired_and_sung(folder: Path, tmp_path: Path, suffix: str):
    put(folder, range(3), 0.5)
    for number in range(3):
        (folder / f"Song {number}.vsqx").unlink()
        write_score([melody(number)], folder / f"Song {number}{suffix}")
    built, manifest = build(folder, tmp_path)
    assert all(clip.score and clip.score.endswith(suffix) for clip in manifest.select("target"))
    assert all((built / str(clip.score)).is_file() for clip in manifest.select("target"))
    assert len(manifest.select("source")) == 2


def test_of_a_song_in_two_formats_one_is_taken_and_the_other_told(folder: Path, tmp_path: Path):
    put(folder, range(3), None)
    write_score([melody(1)], folder / "song 1.mid")
    _, manifest = build(folder, tmp_path)
    assert len(manifest.select("target")) == 3
    reasons = [entry.reason for entry in manifest.ledger.dropped]
    assert "song 1.mid: Song 1.vsqx is taken as the score of that name" in reasons


def test_another_choice_of_tracks_is_refused(folder: Path):
    with pytest.raises(ConfigError, match=r"data\.tracks=2: expected sounding or all"):
        DataConfig(case="folder_vsqx", path=str(folder), tracks="2").validate()


def test_one_score_alone_cannot_teach_and_test(folder: Path, tmp_path: Path):
    put(folder, [1], None)
    with pytest.raises(CorpusError, match="at least two"):
        build(folder, tmp_path)


def test_a_folder_without_scores_says_what_to_put_there(folder: Path, tmp_path: Path):
    with pytest.raises(CorpusError, match=r"no score \(\.vsqx, \.ust"):
        build(folder, tmp_path)


def test_recordings_with_scores_need_consent(folder: Path, tmp_path: Path):
    put(folder, range(3), 0.5)
    (folder / "consent.yaml").unlink()
    with pytest.raises(CorpusError, match="consent new"):
        build(folder, tmp_path)


def test_noise_and_silence_fit_no_score():
    starts_s = note_starts_s(melody(1))
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (1, 10 * RATE)).astype(np.float32)
    assert not find_offset(novelty_of([noise], RATE), starts_s).is_found
    assert not find_offset(novelty_of([np.zeros((1, RATE), np.float32)], RATE), starts_s).is_found
    assert not find_offset(novelty_of([], RATE), starts_s).is_found


def test_novelty_does_not_depend_on_how_the_sound_comes_in_blocks():
    waveform = perform(melody(3))[None]
    whole = novelty_of([waveform], RATE)
    pieces = novelty_of(np.array_split(waveform, [1000, 5003, 44_100], axis=1), RATE)
    assert np.allclose(whole, pieces, atol=1e-3)
