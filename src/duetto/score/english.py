"""English sung with Japanese moras: an approximation, as a Japanese voice would have to sing it.

Phones are the X-SAMPA of VOCALOID's English voices. A diphthong gives two moras, a consonant without a vowel
gets the one that loan words give it (`t` + o, `ch` + i, else u), and n closes a syllable. Words without phones
are read letter by letter with a short table of spellings, which is right for common short words only.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from duetto.score.mora import INVENTORY, MORA_OF_PHONES, Mora, mora_of

# English vowel -> Japanese vowels in sequence.
VOWELS: Mapping[str, str] = MappingProxyType(
    {
        "V": "a", "e": "e", "I": "i", "i:": "i", "{": "a", "O:": "o", "Q": "o", "U": "u", "u:": "u", "@r": "a",
        "eI": "ei", "aI": "ai", "OI": "oi", "@U": "ou", "aU": "au", "I@": "ia", "e@": "ea", "U@": "ua",
        "O@": "oa", "Q@": "a", "@": "a", "@l": "aru",
    }
)  # fmt: skip
# English consonant -> Japanese phone.
CONSONANTS: Mapping[str, str] = MappingProxyType(
    {
        "w": "w", "j": "y", "b": "b", "bh": "b", "d": "d", "dh": "d", "g": "g", "gh": "g", "dZ": "j", "v": "b",
        "D": "z", "z": "z", "Z": "j", "m": "m", "n": "n", "N": "n", "r": "r", "l": "r", "l0": "r", "p": "p",
        "ph": "p", "t": "t", "th": "t", "k": "k", "kh": "k", "tS": "ch", "f": "f", "T": "s", "S": "sh", "s": "s",
        "h": "h", "hh": "h",
    }
)  # fmt: skip
# A consonant that no vowel follows; "" is silent.
CLOSING: Mapping[str, str] = MappingProxyType(
    {"t": "と", "d": "ど", "ch": "ち", "j": "じ", "n": "ん", "y": "い", "w": "う", "h": ""}
)
# Spelling -> phones; the longest spelling that fits is taken.
SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "tion": "S @ n", "sion": "Z @ n", "cious": "S @ s", "ough": "O:", "augh": "O:", "eigh": "eI", "igh": "aI",
        "tch": "tS", "dge": "dZ", "sch": "s k", "ear": "I@", "air": "e@", "are": "e@", "the": "D @",
        "ore": "O@", "our": "aU @r",
        "ire": "aI @r", "ee": "i:", "ea": "i:", "ie": "i:", "ey": "eI", "ay": "eI", "ai": "eI", "oy": "OI",
        "oi": "OI", "oo": "u:", "ou": "aU", "ow": "@U", "oa": "@U", "oe": "@U", "oh": "@U", "ah": "Q@", "au": "O:",
        "aw": "O:", "ew": "j u:", "ue": "u:", "ar": "Q@", "er": "@r", "ir": "@r", "ur": "@r", "or": "O@",
        "sh": "S", "ch": "tS", "th": "T", "ph": "f", "wh": "w", "ck": "k", "ng": "N", "qu": "k w", "kn": "n",
        "wr": "r", "a": "{", "b": "b", "c": "k", "ce": "s e", "ci": "s I", "cy": "s I", "d": "d", "e": "e",
        "f": "f", "g": "g", "h": "h", "i": "I", "j": "dZ", "k": "k", "l": "l", "m": "m", "n": "n", "o": "Q",
        "p": "p", "q": "k", "r": "r", "s": "s", "t": "t", "u": "V", "v": "v", "w": "w", "x": "k s", "y": "i:",
        "z": "z", "'": "",
    }
)  # fmt: skip
LONG_VOWELS: Mapping[str, str] = MappingProxyType({"a": "eI", "e": "i:", "i": "aI", "o": "@U", "u": "u:"})
LONGEST_SPELLING = 5
SILENT_E = re.compile(r"([aeiou])([bcdfgklmnpstvz])e$")


def moras_of_phones(phones: list[str]) -> tuple[Mora, ...]:
    """Moras of English X-SAMPA; empty when a symbol is unknown or nothing would sound."""
    if not all(phone in VOWELS or phone in CONSONANTS for phone in phones):
        return ()
    moras: list[Mora] = []
    pending: list[str] = []
    for phone in phones:
        if phone in CONSONANTS:
            pending.append(CONSONANTS[phone])
            continue
        vowels = VOWELS[phone]
        moras.extend(_close(pending[:-1] if not _is_palatal(pending, vowels[0]) else pending[:-2]))
        onset = "".join(pending[-2:]) if _is_palatal(pending, vowels[0]) else "".join(pending[-1:])
        moras.append(mora_of(onset, vowels[0]))
        if vowels[1:]:
            moras.extend(INVENTORY[kana] for kana in {"i": "い", "u": "う", "a": "あ", "ru": "る"}[vowels[1:]].split())
        pending = []
    moras.extend(_close(pending))
    return tuple(moras)


def moras_of_word(word: str) -> tuple[Mora, ...]:
    """Moras of an English word in lower-case Latin letters; empty for any other text."""
    if not re.fullmatch(r"[a-z']+", word):
        return ()
    silent = SILENT_E.search(word)
    if silent and silent.start() > 0 and re.search(r"[aeiou]", word[: silent.start()]) is None:
        phones = [*_spell(word[: silent.start()]), LONG_VOWELS[silent[1]], *_spell(silent[2])]
    else:
        phones = _spell(word)
    return moras_of_phones(phones)


def _spell(text: str) -> list[str]:
    phones: list[str] = []
    position = 0
    while position < len(text):
        for size in range(LONGEST_SPELLING, 0, -1):
            piece = text[position : position + size]
            if len(piece) == size and piece in SPELLINGS:
                break
        doubled = position > 0 and piece == text[position - 1] and piece not in "aeiou"
        phones.extend([] if doubled else SPELLINGS[piece].split())
        position += len(piece)
    return phones


def _is_palatal(pending: list[str], vowel: str) -> bool:
    """Whether the last consonant and y make one onset, as in `few` or `cute`."""
    return len(pending) > 1 and pending[-1] == "y" and (pending[-2] + "y", vowel) in MORA_OF_PHONES


def _close(consonants: list[str]) -> list[Mora]:
    """Moras of consonants that no vowel follows."""
    kana = [CLOSING[phone] if phone in CLOSING else mora_of(phone, "u").kana for phone in consonants]
    return [INVENTORY[name] for name in kana if name]
