"""Which tracks of a score are taken."""

from dataclasses import replace
from pathlib import Path

import pytest

from duetto.errors import ScoreError
from duetto.score.score import Note, Score, Tempo
from duetto.score.tracks import choose_tracks, muted_line

LEAD = Score("lead", (Note(0, 480, 60, "a"),), (Tempo(0, 120.0),))
ALTO = replace(LEAD, name="alto", is_muted=True)
SONG = Path("song.vsqx")


@pytest.mark.parametrize(
    ("wanted", "taken"), [("sounding", (1, 3)), ("all", (1, 2, 3)), ("2", (2,)), ("3, 1", (3, 1)), ("2,2", (2,))]
)
def test_tracks_are_named_by_number_or_by_whether_they_sound(wanted, taken):
    assert choose_tracks((LEAD, ALTO, LEAD), wanted, SONG) == taken


@pytest.mark.parametrize("wanted", ["0", "4", "-1", "", "1,", "two", "²", "9" * 5000])
def test_a_track_that_is_not_there_is_one_sentence(wanted):
    with pytest.raises(ScoreError, match="there is no track"):
        choose_tracks((LEAD, ALTO, LEAD), wanted, SONG)


def test_a_file_that_mutes_everything_says_how_to_take_it():
    with pytest.raises(ScoreError, match="tracks=all"):
        choose_tracks((ALTO,), "sounding", SONG)


def test_what_was_left_out_is_one_sentence():
    muted = muted_line((LEAD, ALTO, replace(ALTO, name="")), (1,))
    assert muted == "tracks 2 (alto), 3 are muted in the file (or not soloed) and left out; tracks=all takes them"
    assert muted_line((LEAD, ALTO), (1,)).startswith("track 2 (alto) is muted")
    assert muted_line((LEAD, ALTO), (1, 2)) == ""
