from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.build import Surroundings, build_corpus, corpus_folder
from duetto.corpus.ddb.bank import read_ddb
from duetto.corpus.embedded_cases.case_d import (
    ARCHIVE,
    FRAGMENTS_NAME,
    FlatSinger,
    case_d_settings,
    case_d_singer,
    case_d_sung,
    flatten,
    phones_within,
    pitch_within,
    plan_case_d,
)
from duetto.corpus.embedded_cases.performer import EmbeddedSinger
from duetto.corpus.embedded_cases.songs import load_song, song_path
from duetto.corpus.jobs import build_folder, is_complete
from duetto.corpus.manifest import Manifest, load_manifest
from duetto.preprocess.pipeline import preprocess_corpus
from duetto.preprocess.steps.slice import Slice
from duetto.settings.case_config import FragmentConfig, RoomConfig
from duetto.settings.config import DataConfig
from duetto.singer.sing import Annotations, load_annotations, save_annotations
from duetto.storage.audio import Waveform, read_audio
from duetto.storage.files import read_json
from duetto.storage.fingerprint import fingerprint
from duetto.workers import thread_pool
from tests.corpus.fakes import FAKE_RATE, FakeSinger

ANNOTATIONS = Annotations(
    ("pau", "k", "a", "pau"),
    np.array([0.0, 0.1, 0.15, 0.9]),
    np.array([0.1, 0.15, 0.9, 1.0]),
    np.concatenate([np.zeros(30), np.full(150, 440.0), np.zeros(20)]),
    0.005,
)


@dataclass(frozen=True)
class PhoneSinger(FakeSinger):
    """Sings one second that rises in level, so that no two fragments are alike, and knows its phones."""

    def render(self, song: Path, voice: str, seed: int, annotations: Path, shift_semitones: float = 0.0) -> Waveform:
        tone = super().render(song, voice, seed, annotations)
        save_annotations(ANNOTATIONS, annotations)
        rise = np.linspace(0.3, 1.0, FAKE_RATE, dtype=np.float32)
        return np.asarray(np.resize(tone, FAKE_RATE) * rise, dtype=np.float32)


@pytest.fixture
def config(case_b_config: DataConfig) -> DataConfig:
    return replace(case_b_config, case="case_d", room=RoomConfig())


def build(config: DataConfig, **settings: object) -> tuple[Path, Manifest]:
    fragments = FragmentConfig(**settings)  # type: ignore[arg-type]
    performer = case_d_singer(config, fragments, PhoneSinger())
    sung = build_corpus(case_d_sung(config), surroundings=Surroundings(performer, workers=1))
    values = case_d_settings(config, fragments, sung)
    folder = corpus_folder(config, fingerprint(values, {}, []))
    with thread_pool(1) as executor:
        build_folder(folder, plan_case_d(config, fragments, values, sung), executor)
    return folder, load_manifest(folder)


def train_audio(folder: Path, manifest: Manifest) -> Waveform:
    return np.concatenate([read_audio(folder / clip.path)[0] for clip in manifest.select("target", "train")])


def test_uncut_it_is_case_b_without_the_room(config: DataConfig):
    _, manifest = build(config)
    dry = replace(config, case="case_b", room=RoomConfig(rt60_s=0.0))
    case_b = load_manifest(build_corpus(dry, surroundings=Surroundings(PhoneSinger(), workers=1)))
    assert {(c.id, c.sha256, c.role, c.split) for c in manifest.clips} == {
        (c.id, c.sha256, c.role, c.split) for c in case_b.clips
    }
    assert manifest.case == "case_d"
    assert manifest.ledger.seconds_in == manifest.ledger.seconds_used == pytest.approx(4.0)


@pytest.mark.parametrize("join", ["shuffled", "ordered", "zero_padding"])
def test_only_the_targets_train_clips_are_cut(config: DataConfig, join: str):
    _, whole = build(config)
    folder, manifest = build(config, fragment_ms=60.0, join=join)
    assert is_complete(folder)
    others = {(c.id, c.sha256) for c in manifest.clips if (c.role, c.split) != ("target", "train")}
    assert others == {(c.id, c.sha256) for c in whole.clips if (c.role, c.split) != ("target", "train")}


def test_shuffled_fragments_hold_the_same_samples_in_another_order(config: DataConfig):
    whole = train_audio(*build(config))
    cut = train_audio(*build(config, fragment_ms=60.0))
    assert len(cut) == len(whole)
    assert not np.array_equal(cut, whole)
    assert np.array_equal(np.sort(cut), np.sort(whole))


def test_ordered_fragments_are_the_songs_end_to_end(config: DataConfig):
    folder, manifest = build(config, fragment_ms=60.0, join="ordered")
    assert np.array_equal(train_audio(folder, manifest), train_audio(*build(config)))


def test_the_list_of_fragments_tells_where_every_sample_comes_from(config: DataConfig):
    whole_folder, whole = build(config)
    songs = {clip.song: read_audio(whole_folder / clip.path)[0] for clip in whole.select("target", "train")}
    folder, manifest = build(config, fragment_ms=60.0)
    contents = read_json(folder / FRAGMENTS_NAME)["clips"]
    for clip in manifest.select("target", "train"):
        pieces = [songs[song][first : first + length] for song, first, length in contents[clip.id]]
        assert np.array_equal(np.concatenate(pieces), read_audio(folder / clip.path)[0])


def test_zero_padding_gives_each_fragment_a_clip_and_the_ledger_adds_up(config: DataConfig):
    folder, manifest = build(config, fragment_ms=250.0, join="zero_padding", padding_ms=400.0)
    train = manifest.select("target", "train")
    assert [clip.duration_s for clip in train] == [pytest.approx(0.4)] * 8
    assert not read_audio(folder / train[0].path)[0][12_000:].any()
    ledger = manifest.ledger
    assert ledger.seconds_in == pytest.approx(ledger.seconds_used + ledger.seconds_dropped)
    assert ledger.seconds_used == pytest.approx(8 * 0.4 + 2.0)
    assert "1.2 s of silence" in ledger.dropped[0].reason


def test_through_an_archive_the_fragments_lose_only_bits(config: DataConfig):
    plain = train_audio(*build(config, fragment_ms=120.0))
    folder, manifest = build(config, fragment_ms=120.0, as_ddb=True)
    stored = train_audio(folder, manifest)
    assert 0 < np.max(np.abs(stored - plain)) <= 0.5 / 32768 + 1e-7
    archive = read_ddb(folder / ARCHIVE)
    assert archive.report == ""
    # A song of 1 s is cut at 0.12, 0.24, ... 0.84 s: "k" from 0.1 to 0.15 s lies on both sides of the first cut.
    assert [segment.phones for segment in archive.segments[:8]] == [("k",), ("k", "a"), *[("a",)] * 6]
    assert archive.segments[2].pitch == 0.0


def test_phones_and_pitch_of_a_stretch_are_those_of_the_reference():
    assert phones_within(ANNOTATIONS, 0.0, 0.2) == ("k", "a")
    assert phones_within(ANNOTATIONS, 0.145, 0.3) == ("a",)
    assert phones_within(ANNOTATIONS, 0.95, 1.0) == ()
    octave = replace(ANNOTATIONS, f0_hz=np.full(200, 880.0))
    assert pitch_within(octave, 0.2, 0.3) == pytest.approx(1200.0)
    assert pitch_within(ANNOTATIONS, 0.0, 0.1) == 0.0


def test_songs_take_the_banks_pitches_in_turn_and_other_songs_are_sung_as_ever(config: DataConfig, tmp_path: Path):
    fragments = FragmentConfig(pitches="flat", bank_pitches=[64, 70])
    longer = replace(config, train_songs=["fast_01", "fast_02", "slow_01"])
    singer = case_d_singer(longer, fragments, FakeSinger())
    assert singer == FlatSinger(FakeSinger(), "miku", (("fast_01", 64), ("fast_02", 70), ("slow_01", 64)))
    assert singer.describe("miku") != FakeSinger().describe("miku")
    assert singer.describe("mei") == FakeSinger().describe("mei")
    annotations = tmp_path / "annotations.npz"
    for song, voice in (("fast_03", "miku"), ("fast_01", "mei")):
        path = Path(f"{song}.vsqx")
        assert np.array_equal(
            singer.render(path, voice, 1, annotations), FakeSinger().render(path, voice, 1, annotations)
        )


def test_a_flat_song_keeps_its_words_and_rhythm():
    score = load_song("slow_01")
    flat = flatten(score, 70)
    assert {note.midi for note in flat.notes} == {70}
    assert not any(note.vibrato for note in flat.notes)
    assert not flat.pitch_bend_semitones.points
    assert [(n.tick, n.duration, n.lyric) for n in flat.notes] == [(n.tick, n.duration, n.lyric) for n in score.notes]


def test_a_dose_is_not_sung_anew(config: DataConfig, tmp_path: Path):
    log = tmp_path / "log"
    for fragment_ms in (None, 60.0, 120.0):
        fragments = FragmentConfig(fragment_ms=fragment_ms)
        singer = case_d_singer(config, fragments, PhoneSinger(log=log))
        sung = build_corpus(case_d_sung(config), surroundings=Surroundings(singer, workers=1))
        case_d_settings(config, fragments, sung)
    assert len(log.read_text().splitlines()) == 8


def test_the_slicer_keeps_every_second_of_shuffled_fragments_in_pieces_a_trainer_takes(
    config: DataConfig, tmp_path: Path
):
    folder, _ = build(config, fragment_ms=60.0)
    treated = load_manifest(preprocess_corpus(folder, {"slice": Slice()}, tmp_path / "cache", {}, workers=1))
    train = treated.select("target", "train")
    assert all(1.0 <= clip.duration_s <= 8.0 for clip in train)
    assert sum(clip.duration_s for clip in train) == pytest.approx(2.0)
    ledger = treated.ledger
    assert ledger.seconds_in == pytest.approx(ledger.seconds_used + ledger.seconds_dropped)


def test_the_slicer_keeps_padded_fragments_whole(config: DataConfig, tmp_path: Path):
    folder, _ = build(config, fragment_ms=250.0, join="zero_padding")
    treated = load_manifest(preprocess_corpus(folder, {"slice": Slice()}, tmp_path / "cache", {}, workers=1))
    assert [clip.duration_s for clip in treated.select("target", "train")] == [pytest.approx(1.0)] * 8


@pytest.mark.slow
def test_the_embedded_voice_sings_a_song_on_one_pitch(tmp_path: Path):
    singer = FlatSinger(EmbeddedSinger(), "miku", (("fast_01", 70),))
    singer.render(song_path("fast_01"), "miku", 0, tmp_path / "annotations.npz")
    f0_hz = load_annotations(tmp_path / "annotations.npz").f0_hz
    cents = 1200 * np.log2(f0_hz[f0_hz > 0] / 466.1638)  # MIDI 70
    assert np.percentile(np.abs(cents), 95) < 30
