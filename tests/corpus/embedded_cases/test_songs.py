import pytest

from duetto.corpus.embedded_cases.songs import load_song, song_names, song_path
from duetto.errors import CorpusError


def test_every_song_can_be_read_and_has_notes():
    for name in song_names():
        assert load_song(name).notes


def test_an_unknown_song_is_refused_with_the_list():
    with pytest.raises(CorpusError, match="Choose from"):
        song_path("../../etc/passwd")
