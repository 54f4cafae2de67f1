"""Mandarin sung with Japanese moras: an approximation, as a Japanese voice would have to sing it.

Phones are the X-SAMPA of VOCALOID's Chinese voices, an initial and a final a syllable. A medial gets a mora of its
own after an initial (`l iAU` is ri-a-o) and is a glide without one (`iAU` is ya-o). Tones are ignored.
"""

from collections.abc import Mapping
from types import MappingProxyType

from duetto.score.mora import INVENTORY, Mora, mora_of

# Initial -> Japanese phone. Unaspirated stops are nearest to voiced ones.
INITIALS: Mapping[str, str] = MappingProxyType(
    {
        "p": "b", "p_h": "p", "m": "m", "f": "f", "t": "d", "t_h": "t", "n": "n", "l": "r", "k": "g", "k_h": "k",
        "x": "h", "ts\\": "j", "ts\\_h": "ch", "s\\": "sh", "ts`": "j", "ts`_h": "ch", "s`": "sh", "z`": "r",
        "ts": "z", "ts_h": "ts", "s": "s",
    }
)  # fmt: skip
# Final -> medial ("" i u y) and the vowels after it; N closes.
FINALS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "a": ("", "a"), "o": ("", "o"), "7": ("", "e"), "i": ("", "i"), "u": ("", "u"), "i\\": ("", "u"),
        "i`": ("", "i"), "@`": ("", "a"), "aI": ("", "ai"), "ei": ("", "ei"), "AU": ("", "ao"), "@U": ("", "ou"),
        "a_n": ("", "aN"), "@_n": ("", "eN"), "AN": ("", "aN"), "@N": ("", "oN"), "i_n": ("", "iN"), "iN": ("", "iN"),
        "UN": ("", "oN"), "ia": ("i", "a"), "iE_r": ("i", "e"), "iAU": ("i", "ao"), "i@U": ("i", "ou"),
        "iE_n": ("i", "eN"), "iAN": ("i", "aN"), "iUN": ("i", "oN"), "ua": ("u", "a"), "uo": ("u", "o"),
        "uaI": ("u", "ai"), "uei": ("u", "ei"), "ua_n": ("u", "aN"), "u@_n": ("u", "eN"), "uAN": ("u", "aN"),
        "u@N": ("u", "oN"), "y": ("y", ""), "yE_r": ("y", "e"), "y{_n": ("y", "aN"), "y_n": ("y", "N"),
    }
)  # fmt: skip
GLIDES: Mapping[str, str] = MappingProxyType({"i": "y", "u": "w"})  # of a medial without an initial


def moras_of_syllables(phones: list[str]) -> tuple[Mora, ...]:
    """Moras of Chinese X-SAMPA; empty when a symbol is not Chinese or an initial lacks its final."""
    moras: list[Mora] = []
    initial = ""
    for phone in phones:
        if phone in FINALS:
            moras.extend(_syllable(initial, *FINALS[phone]))
            initial = ""
        elif phone in INITIALS and not initial:
            initial = INITIALS[phone]
        else:
            return ()
    return () if initial else tuple(moras)


def _syllable(onset: str, medial: str, vowels: str) -> list[Mora]:
    moras: list[Mora] = []
    if medial == "y":
        palatal = onset if onset in ("j", "ch", "sh", "y") or not onset else f"{onset}y"
        moras.append(mora_of(palatal or "y", "u"))
        onset = ""
    elif medial and onset:
        moras.append(mora_of(onset, medial))
        onset = ""
    elif medial:
        onset = GLIDES[medial]
    for letter in vowels:
        moras.append(INVENTORY["ん"] if letter == "N" else mora_of(onset, letter))
        onset = ""
    return moras
