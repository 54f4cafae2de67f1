from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from duetto.audio import read_audio
from duetto.case_config import ChoirConfig
from duetto.config import DataConfig
from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.choir import choir_song
from duetto.corpus.manifest import load_manifest
from duetto.errors import ConfigError
from duetto.score.compose import sample_songs, song_grams
from duetto.singer.choir import CHOIR_SIZE, choir_names, choir_voice
from duetto.singer.voices import VOICES


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


def test_songs_share_no_melody_with_those_of_the_cases_and_differ_from_each_other():
    songs = [choir_song(name, 4, 0) for name in choir_names()[:3]]
    assert not song_grams(songs) & song_grams(sample_songs())
    assert all(left.notes != right.notes for left, right in combinations(songs, 2))
    assert choir_song("choir_02", 4, 0) == songs[2]


@pytest.mark.slow
def test_a_small_choir_sings_and_its_held_out_song_has_a_source(tmp_path: Path):
    config = DataConfig(case="choir", root=str(tmp_path), choir=ChoirConfig(voices=2, songs=2))
    folder = build_corpus(config, surroundings=Surroundings(workers=1))
    manifest = load_manifest(folder)
    assert {clip.singer for clip in manifest.select("target", "train")} == {"choir_00", "choir_01"}
    (source,), (truth,) = manifest.select("source"), manifest.select("truth")
    assert (source.song, source.singer, truth.singer) == (truth.song, "choir_01", "choir_00")
    assert source.transpose_semitones == -7
    assert source.num_samples == truth.num_samples
    assert np.abs(read_audio(folder / truth.path)[0]).max() > 0.1
