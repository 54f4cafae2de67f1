import numpy as np
import pytest

from duetto.score.mora import INVENTORY
from duetto.score.score import Note, Score, Tempo
from duetto.singer.carrier_mei import _labels, mei_cepstrum
from duetto.singer.carrier_sinsy import (
    _fold,
    _kana_table,
    _labels_for,
    _phone_of,
    _score_labels,
    _spell,
    sinsy_cepstrum,
)
from duetto.singer.timing import lay_out


def test_sinsy_reads_exactly_the_phones_that_we_time(melody):
    timing = lay_out(melody)
    ours = [phone.phone for phone in timing.phones if phone.phone != "pau"]
    theirs = [_phone_of(label) for label in _score_labels(melody, timing)]
    assert [phone for phone in theirs if phone not in ("pau", "sil")] == ours


def test_each_phone_has_a_label_of_its_own_even_where_sinsy_reads_otherwise():
    lyrics = ("かあ", "ま", "ぎ", "っ", "ぴい", "-")
    notes = tuple(Note(480 * i, 480, 60, lyric) for i, lyric in enumerate(lyrics))
    timing = lay_out(Score("odd", notes, (Tempo(0, 120.0),)))
    labels = _labels_for(timing, _score_labels(Score("odd", notes, (Tempo(0, 120.0),)), timing))
    assert [_phone_of(label) for label in labels] == [phone.phone for phone in timing.phones]
    assert labels[1].startswith("v@xx^k-a+a=m_")
    assert labels[2].startswith("v@k^a-a+m=a_")


def test_sinsy_stays_quiet(melody, capfd):
    _score_labels(melody, lay_out(melody))
    assert capfd.readouterr() == ("", "")


def test_every_mora_of_the_score_has_a_kana_that_sinsy_reads():
    moras = [mora for mora in INVENTORY.values() if mora.kana != "っ"]
    notes = tuple(Note(480 * i, 480, 60, mora.kana) for i, mora in enumerate(moras))
    score = Score("inventory", notes, (Tempo(0, 120.0),))
    assert sinsy_cepstrum(score, lay_out(score)).shape == (lay_out(score).num_frames, 35)


def test_a_consonant_that_sinsy_lacks_becomes_its_neighbour():
    assert _spell(("kw", "a"), _kana_table()) == "か"
    assert _spell(("k", "A"), _kana_table()) == "か"


def test_notes_outside_the_carriers_range_are_labelled_octaves_away():
    assert [_fold(midi) for midi in (45, 57, 76, 88)] == [57, 57, 76, 76]


def test_meis_labels_hold_phones_in_context_and_count_moras(melody):
    labels = _labels(lay_out(melody).phones)
    assert labels[0].startswith("xx^xx-pau+s=a/A:xx")
    assert labels[1].startswith("xx^pau-s+a=i/A:-3+1+4/")
    assert labels[2].startswith("pau^s-a+i=t/A:-3+1+4/")
    assert labels[3].startswith("s^a-i+t=a/A:-2+2+3/")


@pytest.mark.parametrize("carrier", ["sinsy", "mei"])
def test_cepstra_cover_the_song_and_vowels_are_louder_than_rests(melody, carrier):
    timing = lay_out(melody)
    cepstrum = sinsy_cepstrum(melody, timing) if carrier == "sinsy" else mei_cepstrum(timing)
    assert cepstrum.shape == (timing.num_frames, 35)
    assert np.isfinite(cepstrum).all()
    level = {name: [] for name in ("a", "pau")}
    for phone in timing.phones:
        if phone.phone in level:
            level[phone.phone].append(cepstrum[(phone.start + phone.end) // 2, 0])
    assert np.mean(level["a"]) > np.mean(level["pau"]) + 1.0
