"""The lyric of a note as Japanese moras with Open JTalk phones.

A note's text comes in one of these ways, tried in this order:

1. `-`, `ー` or nothing, and no phones of its own: the previous vowel continues.
2. X-SAMPA phones as VOCALOID's Japanese voices take them (what the editor actually sings; the lyric is only a label).
3. A lyric in kana.
4. X-SAMPA phones of VOCALOID's English voices, then of its Chinese ones, approximated by moras (`english`, `chinese`).
5. A lyric in romaji (Hepburn or Kunrei); then any other Latin word, read as English by letter.
6. Anything else is sung as `ら` and marked as guessed.

A Japanese-looking English word without phones ("made") is taken for romaji: the file does not tell.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from duetto.score.chinese import moras_of_syllables
from duetto.score.english import moras_of_phones, moras_of_word
from duetto.score.mora import INVENTORY, KANA_ALIASES, KANA_ROWS, MORA_OF_PHONES, Mora, mora_of
from duetto.score.score import Note

__all__ = ["Mora", "count_guessed", "note_moras", "vocaloid_phones"]

FALLBACK_KANA = "ら"
# Romaji consonants whose phone has another name; the rest are their own phone.
ROMAJI_CONSONANTS: Mapping[str, str] = MappingProxyType(
    {"sy": "sh", "ty": "ch", "cy": "ch", "zy": "j", "dy": "j", "jy": "j", "l": "r", "ly": "ry"}
)
ROMAJI_SYLLABLES: Mapping[str, str] = MappingProxyType(
    {"si": "し", "ti": "ち", "tu": "つ", "hu": "ふ", "zi": "じ", "di": "じ", "du": "ず", "wo": "お"}
)
# VOCALOID X-SAMPA consonant -> phone. Palatal signs before i are not written by Open JTalk.
JAPANESE_CONSONANTS: Mapping[str, str] = MappingProxyType(
    {
        "k": "k", "k'": "ky", "g": "g", "g'": "gy", "N": "g", "N'": "gy", "s": "s", "S": "sh", "dz": "z", "z": "z",
        "dZ": "j", "Z": "j", "t": "t", "ts": "ts", "tS": "ch", "t'": "ch", "d": "d", "d'": "j", "n": "n", "J": "ny",
        "h": "h", "h\\": "h", "C": "hy", "p\\": "f", "p\\'": "f", "b": "b", "b'": "by", "p": "p", "p'": "py",
        "m": "m", "m'": "my", "j": "y", "4": "r", "4'": "ry", "w": "w",
    }
)  # fmt: skip
JAPANESE_VOWELS: Mapping[str, str] = MappingProxyType({"a": "a", "i": "i", "M": "u", "e": "e", "o": "o"})
JAPANESE_NASALS = ("N\\", "n", "m", "N", "J")
WHISPERED = ("k", "k'", "s", "S", "t", "ts", "tS", "t'", "h", "h\\", "C", "p\\", "p\\'", "p", "p'")
PALATAL_STOPS = ("t'", "d'")  # before i as in party (てぃ), else nearest to ちゅ and じゅ
PALATAL_BEFORE_I: Mapping[str, str] = MappingProxyType({"n": "J", "h": "C", "f": "p\\'"})
SILENT_PHONES = ("Sil", "Asp", "?", "br1", "br2", "br3", "br4", "br5")
PROLONG = ("-", "ー", "〜", "~", "―", "")
PUNCTUATION = " \t\n、。，．！？!?.,;:\"'`「」『』（）()[]…・♪♥☆★-~〜"


def note_moras(notes: tuple[Note, ...]) -> tuple[tuple[Mora, ...], ...]:
    """The moras of each note, in order; an empty tuple continues the previous vowel.

    Notes that hold only a breath or a glottal stop are a closure (`っ`). An unreadable lyric becomes one guessed
    `ら`; count these with `count_guessed`.
    """
    return tuple(_moras_of(note) for note in notes)


def vocaloid_phones(mora: Mora) -> str:
    """X-SAMPA of a mora as VOCALOID's Japanese voices take it; empty for a closure, which they lack."""
    if mora.phones == ("N",):
        return "N\\"
    if mora.phones == ("cl",):
        return ""
    names = {phone: name for name, phone in reversed(list(JAPANESE_CONSONANTS.items()))}
    vowels = {vowel: name for name, vowel in JAPANESE_VOWELS.items()}
    *onset, vowel = mora.phones
    consonant = names[onset[0]] if onset else ""
    if vowel == "i" and onset and onset[0] in (*PALATAL_BEFORE_I, *"kgbpmrtd"):
        consonant = PALATAL_BEFORE_I.get(onset[0], consonant + "'")
    return f"{consonant} {vowels[vowel]}".strip()


def count_guessed(moras: Iterable[tuple[Mora, ...]]) -> int:
    """Number of moras that stand for an unknown lyric."""
    return sum(mora.guessed for group in moras for mora in group)


def _moras_of(note: Note) -> tuple[Mora, ...]:
    lyric = _plain(note.lyric)
    phones = re.sub(r"EVEC\([^)]*\)", " ", note.phones).split()
    if phones[:1] == ["-"] or (lyric in PROLONG and not phones):
        return ()  # a consonant after the sign ("- 4") would need a vowel of its own
    if phones and all(phone in SILENT_PHONES for phone in phones):
        return (INVENTORY["っ"],)
    phones = [phone for phone in phones if phone not in SILENT_PHONES]
    for moras in (
        _from_japanese_phones(phones),
        _from_kana(lyric),
        moras_of_phones(phones),
        moras_of_syllables(phones),
        _from_romaji(lyric),
        moras_of_word(lyric),
    ):
        if moras:
            return moras
    return (replace(INVENTORY[FALLBACK_KANA], guessed=True),)


def _plain(lyric: str) -> str:
    """Normalised spelling: full-width Latin to ASCII, lower case, katakana to hiragana, no punctuation."""
    text = unicodedata.normalize("NFKC", lyric).strip().lower()
    if text in PROLONG:
        return text
    text = "".join(chr(ord(letter) - 0x60) if "ァ" <= letter <= "ヶ" else letter for letter in text)
    return text.strip(PUNCTUATION) or "?"


def _from_japanese_phones(phones: list[str]) -> tuple[Mora, ...]:
    """Moras of Japanese X-SAMPA; empty when a symbol is not Japanese or a consonant lacks its vowel.

    A lone voiceless consonant is whispered on u, as in the "s" of "desu"; `_0` marks such a vowel.
    """
    if len(phones) == 1 and phones[0] in WHISPERED:
        phones = [*phones, "M_0"]
    moras: list[Mora] = []
    pending: list[str] = []  # a consonant that waits for its vowel
    for raw in phones:
        phone = raw.removesuffix("_0")
        vowel = JAPANESE_VOWELS.get(phone)
        if vowel is not None:
            mora = mora_of(_onset(pending[0], vowel) if pending else "", vowel)
            devoiced = raw.endswith("_0") and pending and pending[0] in WHISPERED
            moras.append(replace(mora, phones=(*mora.phones[:-1], vowel.upper())) if devoiced else mora)
            pending = []
        elif phone not in JAPANESE_CONSONANTS and phone not in JAPANESE_NASALS:
            return ()
        else:
            if not _close_nasal(pending, moras):
                return ()
            pending = [phone]
    return tuple(moras) if _close_nasal(pending, moras) else ()


def _onset(phone: str, vowel: str) -> str:
    return phone[0] if vowel == "i" and phone in PALATAL_STOPS else JAPANESE_CONSONANTS.get(phone, "")


def _close_nasal(pending: list[str], moras: list[Mora]) -> bool:
    """Make a nasal that no vowel follows a mora; False for any other consonant."""
    if pending and pending[0] in JAPANESE_NASALS:
        moras.append(INVENTORY["ん"])
        return True
    return not pending


def _from_kana(text: str) -> tuple[Mora, ...]:
    """Moras of hiragana; a long-vowel sign after a mora adds none, for the note holds it anyway."""
    moras: list[Mora] = []
    position = 0
    while position < len(text):
        for size in (2, 1):
            piece = text[position : position + size]
            mora = INVENTORY.get(KANA_ALIASES.get(piece, piece))
            if mora is not None and len(piece) == size:
                moras.append(mora)
                position += size
                break
        else:
            if text[position] != "ー":
                return ()
            position += 1
    return tuple(moras)


def _from_romaji(text: str) -> tuple[Mora, ...]:
    """Moras of romaji; empty when it cannot be Japanese."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    if not re.fullmatch(r"[a-z']+", letters):
        return ()
    moras: list[Mora] = []
    for cluster, vowel in re.findall(r"([^aiueo]*)([aiueo]|$)", letters):
        if not cluster and not vowel:
            continue
        syllable = _romaji_syllable(cluster, vowel)
        if not syllable:
            return ()
        moras.extend(syllable)
    return tuple(moras)


def _romaji_syllable(cluster: str, vowel: str) -> list[Mora]:
    """Consonants and a vowel ("" at the end of the word), with a moraic nasal or a stop before them."""
    moras: list[Mora] = []
    nasal = re.match(r"(n'?(?![y'])|n')(?=.|$)", cluster) if len(cluster) > 1 or not vowel else None
    if nasal:
        moras.append(INVENTORY["ん"])
        cluster = cluster[nasal.end() :]
    if re.match(r"([bdfghjkmprstwyz])\1|tch", cluster):
        moras.append(INVENTORY["っ"])
        cluster = cluster[1:]
    if not vowel:
        return moras if not cluster else []
    kana = ROMAJI_SYLLABLES.get(cluster + vowel)
    if kana is not None:
        return [*moras, INVENTORY[kana]]
    consonant = ROMAJI_CONSONANTS.get(cluster, cluster)
    mora = MORA_OF_PHONES.get((consonant, vowel) if consonant else (vowel,))
    if mora is None and consonant in KANA_ROWS and consonant[-1:] == "y":
        mora = mora_of(consonant, vowel)
    return [*moras, mora] if mora is not None else []
