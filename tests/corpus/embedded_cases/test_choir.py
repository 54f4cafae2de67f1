from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import yaml

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.embedded_cases.choir import CASE_A, CASE_C_SONGS, choir_song, kept_apart
from duetto.corpus.manifest import load_manifest
from duetto.errors import ConfigError
from duetto.score.compose import sample_songs, song_grams
from duetto.score.score import Score
from duetto.settings.case_config import ChoirConfig
from duetto.settings.config import DataConfig
from duetto.singer.choir import CHOIR_SIZE, choir_names, choir_voice
from duetto.singer.voices import VOICES
from duetto.storage.audio import read_audio

CONF = Path(__file__).parents[3] / "conf"


def test_the_choir_has_sixteen_different_voices_of_both_families_from_bass_to_soprano():
    voices = [choir_voice(name) for name in choir_names()]
    assert len({voice.formant_ratio for voice in voices}) == CHOIR_SIZE
    assert {voice.family for voice in voices} == {"sinsy", "mei"}
    assert min(voice.range_midi[0] for voice in voices) <= 41
    assert max(voice.range_midi[1] for voice in voices) >= 80
    assert not {voice.name for voice in voices} & set(VOICES)
    with pytest.raises(ConfigError, match="choir_00 to choir_15"):
        choir_voice("choir_16")


def test_a_voices_songs_lie_in_its_range():
    for name in choir_names()[:4]:
        voice = choir_voice(name)
        sung = [note.midi + voice.transposition for note in choir_song(name, 3, 0).notes]
        assert voice.range_midi[0] <= min(sung)
        assert max(sung) <= voice.range_midi[1]


def test_songs_share_no_melody_with_those_the_cases_hold_out_and_differ_from_each_other():
    songs = [choir_song(name, 4, 0) for name in choir_names()[:3]]
    assert song_grams(sample_songs()) < kept_apart()
    assert not song_grams(songs) & kept_apart()
    assert all(left.notes != right.notes for left, right in combinations(songs, 2))
    assert choir_song("choir_02", 4, 0) == songs[2]


def test_what_is_kept_apart_are_the_songs_that_cases_a_and_c_hold_out():
    case_a, case_c = (yaml.safe_load((CONF / f"data/case_{case}.yaml").read_text()) for case in "ac")
    assert [*CASE_A.test_songs, *CASE_A.val_songs] == [*case_a["test_songs"], *case_a["val_songs"]]
    assert {name: getattr(CASE_A.register, name) for name in case_a["register"]} == case_a["register"]
    assert list(CASE_C_SONGS) == [*case_c["test_songs"], *case_c["val_songs"]]


def test_no_four_moras_of_the_choir_follow_each_other_in_a_song_of_case_b():
    def runs(scores: Iterable[Score]) -> set[tuple[str, ...]]:
        moras = [[note.lyric for note in score.notes if note.lyric != "-"] for score in scores]
        return {tuple(song[i : i + 4]) for song in moras for i in range(len(song) - 3)}

    assert not runs(choir_song(name, 2, 0) for name in choir_names()) & runs(sample_songs())


@pytest.mark.slow
def test_a_small_choir_sings_and_its_held_out_song_has_a_source(tmp_path: Path):
    config = DataConfig(case="choir", root=str(tmp_path), choir=ChoirConfig(voices=2, songs=2, readers=1))
    folder = build_corpus(config, surroundings=Surroundings(workers=1))
    manifest = load_manifest(folder)
    assert {clip.singer for clip in manifest.select("target", "train")} == {"choir_00", "choir_01", "reader_00"}
    assert {clip.split for clip in manifest.clips if clip.singer == "reader_00"} == {"train"}
    (source,), (reference,) = manifest.select("source"), manifest.select("reference")
    assert (source.song, source.singer, reference.singer) == (reference.song, "choir_01", "choir_00")
    assert source.transpose_semitones == -7
    assert source.num_samples == reference.num_samples
    assert np.abs(read_audio(folder / reference.path)[0]).max() > 0.1
