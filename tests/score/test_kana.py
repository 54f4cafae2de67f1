import pyopenjtalk
import pytest

from duetto.score.chinese import FINALS, INITIALS, moras_of_syllables
from duetto.score.kana import Mora, count_guessed, note_moras, vocaloid_phones
from duetto.score.mora import INVENTORY
from duetto.score.score import Note

_PHONES = "a i u e o N cl k s sh t ch ts n h f m y r w g z j d b p ky gy ny hy by py my ry"
OPEN_JTALK_PHONES = set(_PHONES.split())  # the set that the voice of the singer knows


def sung(lyric: str, phones: str = "") -> str:
    (moras,) = note_moras((Note(0, 480, 60, lyric, phones),))
    return "".join(mora.kana for mora in moras)


@pytest.mark.parametrize(
    ("lyric", "expected"),
    [
        ("か", "か"),
        ("カ", "か"),
        ("ｶ", "か"),
        ("きゃ", "きゃ"),
        ("を", "お"),
        ("づ", "ず"),
        ("ヴァ", "ば"),
        ("カッ", "かっ"),
        ("かー", "か"),
        ("なん", "なん"),
        ("ら、", "ら"),
    ],
)
def test_kana_is_read(lyric, expected):
    assert sung(lyric) == expected


@pytest.mark.parametrize(
    ("lyric", "expected"),
    [
        ("ka", "か"),
        ("Shi", "し"),
        ("si", "し"),
        ("tu", "つ"),
        ("kyo", "きょ"),
        ("n", "ん"),
        ("shinbun", "しんぶん"),
        ("konnichiwa", "こんにちわ"),
        ("kin'en", "きんえん"),
        ("kitte", "きって"),
        ("matcha", "まっちゃ"),
        ("tōkyō", "ときょ"),
        ("la", "ら"),
    ],
)
def test_romaji_is_read(lyric, expected):
    assert sung(lyric) == expected


@pytest.mark.parametrize(
    ("phones", "expected"),
    [
        ("m' i", "み"),
        ("k M", "く"),
        ("S i", "し"),
        ("S i_0", "し"),
        ("tS a", "ちゃ"),
        ("p\\ a", "ふぁ"),
        ("C i", "ひ"),
        ("t' i", "てぃ"),
        ("N\\", "ん"),
        ("n a n d e", "なんで"),
        ("N a", "が"),
        ("h\\ o", "ほ"),
    ],
)
def test_japanese_x_sampa_is_read(phones, expected):
    assert sung("", phones) == expected


def test_phones_win_over_a_label_that_says_otherwise():
    assert sung("は", "w a") == "わ"


@pytest.mark.parametrize(
    ("lyric", "phones", "expected"),
    [("す", "s", ("s", "U")), ("h", "h", ("h", "U")), ("h", "C", ("hy", "U")), ("し", "S i_0", ("sh", "I"))],
)
def test_a_voiceless_consonant_alone_or_with_a_marked_vowel_is_whispered(lyric, phones, expected):
    ((mora,),) = note_moras((Note(0, 480, 60, lyric, phones),))
    assert mora.phones == (("f", "U") if expected == ("h", "U") else expected)
    assert not mora.guessed


def test_a_voiced_vowel_with_the_mark_stays_voiced():
    ((mora,),) = note_moras((Note(0, 480, 60, "ま", "m a_0"),))
    assert mora.phones == ("m", "a")


@pytest.mark.parametrize(
    ("lyric", "phones", "expected"),
    [
        ("god", "gh Q d", "ごど"),
        ("save", "s eI v", "せいぶ"),
        ("queen", "kh w i: n", "くうぃん"),
        ("cute", "kh j u: t", "きゅと"),
        ("long", "l0 O: N", "ろん"),
        ("light", "", "らいと"),
        ("queen", "", "くうぃん"),
        ("gra-", "gh r eI", "ぐれい"),
    ],
)
def test_english_is_approximated(lyric, phones, expected):
    assert sung(lyric, phones) == expected


@pytest.mark.parametrize(
    ("phones", "expected"),
    [
        ("n i", "に"),
        ("x AU", "はお"),
        ("ts`_h ua_n", "ちゅあん"),
        ("uo", "うぉ"),
        ("ia", "や"),
        ("l iAU", "りあお"),
        ("n y", "にゅ"),
        ("ts\\ y{_n", "じゅあん"),
        ("s` @N x uo", "しょんふお"),
        ("t_h iE_n", "てぃえん"),
    ],
)
def test_mandarin_is_approximated(phones, expected):
    assert sung("漢", phones) == expected


def test_every_syllable_of_mandarin_is_understood():
    for initial in ("", *INITIALS):
        for final in FINALS:
            assert moras_of_syllables([*([initial] if initial else []), final])
    assert moras_of_syllables(["ts`_h"]) == ()
    assert moras_of_syllables(["p", "p", "a"]) == ()


@pytest.mark.parametrize(("lyric", "phones"), [("-", ""), ("-", "-"), ("ー", "-"), ("", ""), (" ", ""), ("あ", "-")])
def test_a_tie_goes_on_with_the_vowel(lyric, phones):
    assert note_moras((Note(0, 480, 60, lyric, phones),)) == ((),)


def test_a_consonant_after_the_sign_of_a_tie_does_not_end_it():
    assert note_moras((Note(0, 480, 60, "-", "- 4"),)) == ((),)


def test_breaths_and_stops_are_a_closure():
    assert note_moras((Note(0, 480, 60, "x", "Sil Asp ?"),)) == ((Mora("っ", ("cl",)),),)


@pytest.mark.parametrize("lyric", ["漢字", "?", "♪", "123", "пой"])
def test_what_cannot_be_read_is_sung_as_ra_and_counted(lyric):
    moras = note_moras((Note(0, 480, 60, lyric), Note(480, 480, 60, "か")))
    assert moras[0] == (Mora("ら", ("r", "a"), guessed=True),)
    assert count_guessed(moras) == 1


def test_the_inventory_has_exactly_the_phones_of_the_voice():
    assert {phone for mora in INVENTORY.values() for phone in mora.phones} == OPEN_JTALK_PHONES


@pytest.mark.parametrize("kana", [kana for kana in INVENTORY if kana != "っ"])
def test_every_mora_survives_its_x_sampa(kana):
    assert sung("", vocaloid_phones(INVENTORY[kana])) == kana


@pytest.mark.parametrize("kana", [kana for kana in INVENTORY if kana not in "はへ"])  # it reads these two as particles
def test_open_jtalk_gives_each_mora_the_same_phones(kana):
    phones = pyopenjtalk.g2p(kana).split()
    assert INVENTORY[kana].phones == tuple(phone.lower() if phone in "AIUEO" else phone for phone in phones)
