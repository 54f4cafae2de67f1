"""What every embedded case promises, with a singer of sines in place of the voices."""

from dataclasses import replace
from functools import lru_cache
from itertools import combinations, product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from duetto.corpus.build import RECIPES, Surroundings, build_corpus
from duetto.corpus.embedded_cases.case_d import case_d_sung
from duetto.corpus.embedded_cases.embedded import Recipe
from duetto.corpus.embedded_cases.songs import Song
from duetto.corpus.manifest import Manifest, load_manifest
from duetto.errors import ConfigError, CorpusError
from duetto.runs.compose import prepare
from duetto.runs.typed import typed
from duetto.score.compose import shift_grams, song_grams
from duetto.score.formats.vsqx.reader import read_vsqx
from duetto.score.melody import GRAM_NOTES
from duetto.score.score import Score
from duetto.score.tempo import TempoMap
from duetto.settings.config import DataConfig
from duetto.settings.run_config import TrainConfig
from duetto.storage.audio import read_channels
from duetto.storage.files import sha256_file
from tests.corpus.fakes import FakeSinger

CONF = Path(__file__).resolve().parents[3] / "conf"
CASES = sorted(path.stem for path in (CONF / "data").glob("case_[abcd]*.yaml"))  # not case_n, which nobody sings
FAMILIES = ("case_a", "case_b", "case_c", "case_d")
SPLITS = ("train", "val", "test")


@lru_cache
def committed_case(name: str) -> DataConfig:
    prepare()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return typed(compose("train", overrides=[f"data={name}"]), TrainConfig).data


def case(name: str, **changes: object) -> DataConfig:
    return replace(committed_case(name), **changes)  # type: ignore[arg-type]


def recipe(config: DataConfig) -> Recipe:
    sung = case_d_sung(config) if config.case == "case_d" else config
    return RECIPES[sung.case](sung)


@lru_cache(None)
def score_of(song: Song) -> Score:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{song.name}.vsqx"
        path.write_bytes(song.vsqx)
        return read_vsqx(path)[0]


@lru_cache(None)
def scores(name: str) -> dict[str, list[Score]]:
    config = case(name)
    songs = recipe(config).songs
    return {split: [score_of(songs[song]) for song in getattr(config, f"{split}_songs")] for split in SPLITS}


def word_grams(songs: list[Score]) -> set[tuple[str, ...]]:
    """Every run of six sung syllables; "-" holds the one before it."""
    words = [[note.phones or note.lyric for note in song.notes if note.lyric != "-"] for song in songs]
    return {tuple(row[start : start + GRAM_NOTES]) for row in words for start in range(len(row) - GRAM_NOTES + 1)}


def seconds(songs: list[Score]) -> float:
    def end(song: Score) -> float:
        return TempoMap(song.tempos).seconds(song.notes[-1].tick + song.notes[-1].duration)

    return sum(end(song) for song in songs)


def build(config: DataConfig, root: Path, singer: FakeSinger | None = None) -> tuple[Path, Manifest]:
    config = replace(config, root=str(root))
    folder = build_corpus(config, surroundings=Surroundings(singer or FakeSinger(), workers=1))
    return folder, load_manifest(folder)


@pytest.mark.parametrize("name", CASES)
def test_no_two_splits_share_six_notes_or_six_syllables(name: str):
    songs = scores(name)
    for one, other in combinations(SPLITS, 2):
        assert not song_grams(songs[one]) & song_grams(songs[other])
        assert not word_grams(songs[one]) & word_grams(songs[other])


def test_in_case_a_a_melody_is_not_trained_on_at_another_pitch_either():
    for name in ("case_a", "case_a_oracle"):
        songs = scores(name)
        elsewhere = shift_grams(song_grams(songs["test"]), range(-12, 13))
        assert not elsewhere & song_grams(songs["train"])


@pytest.mark.parametrize("family", FAMILIES)
def test_every_arm_of_a_case_has_the_same_tests_and_as_many_minutes(family: str):
    arms = {name: scores(name) for name in CASES if name.startswith(family)}
    assert len(arms) >= 3
    reference = arms[family]
    for songs in arms.values():
        assert songs["val"] == reference["val"]
        assert songs["test"] == reference["test"]
        assert seconds(songs["train"]) == pytest.approx(seconds(reference["train"]), rel=0.02)
        assert seconds(songs["train"]) > 300


def test_case_b_is_split_as_ever():
    config = case("case_b")
    assert config.train_songs == [f"fast_{number:02d}" for number in range(1, 12)]
    assert (config.val_songs, config.test_songs) == (["fast_12"], ["fast_13", "fast_14", "slow_01"])


@pytest.mark.parametrize("family", ["case_a", "case_b", "case_c"])
@pytest.mark.slow
def test_source_and_reference_of_a_song_are_as_long_as_its_target(family: str, tmp_path: Path):
    config = case(family)
    config = replace(config, **{name: getattr(config, name)[:1] for name in ("train_songs", "val_songs", "test_songs")})
    folder, manifest = build(config, tmp_path)
    by_song: dict[str, dict[str, int]] = {}
    for clip in manifest.clips:
        assert sha256_file(folder / clip.path) == clip.sha256
        by_song.setdefault(clip.song, {})[clip.role] = clip.num_samples
    held_out = [row for song, row in by_song.items() if song not in config.train_songs]
    assert held_out
    for row in held_out:
        assert {"source", "reference"} <= set(row)
        assert len(set(row.values())) == 1
    assert manifest.ledger.seconds_in == manifest.ledger.seconds_used > 0


@pytest.mark.parametrize("family", ["case_a", "case_c"])
@pytest.mark.slow
def test_the_same_settings_give_the_same_bytes(family: str, tmp_path: Path):
    config = case(family, val_songs=[])
    config = replace(config, train_songs=config.train_songs[:1], test_songs=config.test_songs[:1])
    one, other = (build(config, tmp_path / place) for place in ("one", "other"))
    assert one[0].name == other[0].name
    assert one[1] == other[1]


def test_a_test_song_at_another_pitch_is_a_song_of_its_own_with_the_songs_source(tmp_path: Path):
    config = case("case_a", train_songs=["air_01"], val_songs=["air_12"], test_songs=["air_13", "above_08"])
    log = tmp_path / "log"
    folder, manifest = build(replace(config, transpositions=[0, 6, -3]), tmp_path, FakeSinger(log=log))
    references = {clip.song: clip for clip in manifest.select("reference", "test")}
    sources = {clip.song: clip for clip in manifest.select("source", "test")}
    assert set(references) == set(sources) == {"air_13", "air_13_up6", "air_13_down3", "above_08"}
    shift = {"air_13": 0.0, "air_13_up6": 6.0, "air_13_down3": -3.0, "above_08": 0.0}
    assert {song: clip.transpose_semitones for song, clip in sources.items()} == {
        song: semitones - 12.0
        for song, semitones in shift.items()  # the voice sings an octave below the source
    }
    assert sources["air_13_up6"].path == sources["air_13"].path
    assert references["air_13_up6"].annotations != references["air_13"].annotations
    assert references["air_13_up6"].score is None
    assert log.read_text().splitlines().count("low air_13 +6") == 1
    assert log.read_text().splitlines().count("mei air_13") == 1
    assert (folder / references["air_13_up6"].path).is_file()


def test_training_songs_end_where_the_dose_says_and_the_tests_above_begin_there():
    for name, highest in (("case_a_span_6", 47), ("case_a", 53), ("case_a_oracle", 62)):
        songs = scores(name)
        sung = np.concatenate([np.repeat(note.midi - 12, note.duration) for s in songs["train"] for note in s.notes])
        assert sung.min() == 41
        assert sung.max() == highest
        assert highest - 6 <= np.percentile(sung, 95) <= highest
    above = [note.midi - 12 for song in songs["test"] if song.name == "above_08" for note in song.notes]
    assert (min(above), max(above)) == (54, 59)


def test_slow_songs_hold_their_notes_and_mixed_ones_are_half_of_them():
    def shortest(song: Score) -> float:
        return min(note.duration for note in song.notes) * 60 / 480 / song.tempos[0].bpm

    assert all(shortest(song) > 0.6 for song in scores("case_b_slow")["train"])
    held = [shortest(song) > 0.6 for song in scores("case_b_mixed")["train"]]
    assert sum(held) in (5, 6)
    assert len(held) == 11


@pytest.mark.parametrize(
    ("name", "change", "error", "sentence"),
    [
        ("case_a", {"transpositions": [6]}, ConfigError, "expected 0"),
        ("case_a", {"transpositions": [0, 6, 6]}, ConfigError, "once each"),
        ("case_a", {"train_songs": ["../air"]}, CorpusError, "cannot name a song"),
        ("case_b", {"train_songs": ["slow_99x/"]}, CorpusError, "cannot name a song"),
        ("case_c", {"test_songs": []}, CorpusError, "test_songs is empty"),
    ],
)
def test_settings_without_meaning_are_refused(
    name: str, change: dict[str, object], error: type[Exception], sentence: str, tmp_path: Path
):
    with pytest.raises(error, match=sentence):
        build(case(name, **change), tmp_path)


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [*product(["register"], ["train_high_midi"], [45, 99]), ("register", "above_semitones", 3), ("mix", "mp3_kbps", 8)],
)
def test_doses_out_of_range_are_refused(group: str, key: str, value: int, tmp_path: Path):
    config = case("case_a")
    with pytest.raises(ConfigError, match=f"data.{group}.{key}={value}"):
        build(replace(config, **{group: replace(getattr(config, group), **{key: value})}), tmp_path)


def test_stems_are_kept_and_belong_to_no_training(tmp_path: Path):
    config = case("case_c", train_songs=["song_01"], val_songs=[], test_songs=["song_13"])
    folder, manifest = build(config, tmp_path)
    stems = manifest.select("stem", "train")
    assert [clip.id for clip in stems] == ["stem/backing/song_01", "stem/vocal/song_01"]
    assert all(read_channels(folder / clip.path)[0].shape == (2, 9600) for clip in stems)
    without = replace(manifest, clips=tuple(clip for clip in manifest.clips if clip.role != "stem"))
    assert without.content_hash() == manifest.content_hash()
