"""The moras of Japanese: their kana, and their phones under the names of Open JTalk.

Phones: a i u e o N cl k s sh t ch ts n h f m y r w g z j d b p ky gy ny hy by py my ry. Spellings and sounds
outside this set go to their nearest neighbour (`KANA_ALIASES`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

VOWELS = "aiueo"

# Consonant phone -> kana with a i u e o; "_" where Japanese has none.
KANA_ROWS: Mapping[str, str] = MappingProxyType(
    {
        "": "あ い う え お",
        "k": "か き く け こ",
        "s": "さ すぃ す せ そ",
        "sh": "しゃ し しゅ しぇ しょ",
        "t": "た てぃ とぅ て と",
        "ch": "ちゃ ち ちゅ ちぇ ちょ",
        "ts": "つぁ つぃ つ つぇ つぉ",
        "n": "な に ぬ ね の",
        "h": "は ひ _ へ ほ",
        "f": "ふぁ ふぃ ふ ふぇ ふぉ",
        "m": "ま み む め も",
        "y": "や _ ゆ いぇ よ",
        "r": "ら り る れ ろ",
        "w": "わ うぃ _ うぇ うぉ",
        "g": "が ぎ ぐ げ ご",
        "z": "ざ ずぃ ず ぜ ぞ",
        "j": "じゃ じ じゅ じぇ じょ",
        "d": "だ でぃ どぅ で ど",
        "b": "ば び ぶ べ ぼ",
        "p": "ぱ ぴ ぷ ぺ ぽ",
        "ky": "きゃ _ きゅ きぇ きょ",
        "gy": "ぎゃ _ ぎゅ ぎぇ ぎょ",
        "ny": "にゃ _ にゅ にぇ にょ",
        "hy": "ひゃ _ ひゅ ひぇ ひょ",
        "by": "びゃ _ びゅ びぇ びょ",
        "py": "ぴゃ _ ぴゅ ぴぇ ぴょ",
        "my": "みゃ _ みゅ みぇ みょ",
        "ry": "りゃ _ りゅ りぇ りょ",
    }
)
# Other spellings, and sounds outside the phone set, by their nearest neighbour.
KANA_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "を": "お", "ぢ": "じ", "づ": "ず", "ゐ": "い", "ゑ": "え", "ぢゃ": "じゃ", "ぢゅ": "じゅ", "ぢょ": "じょ",
        "ぁ": "あ", "ぃ": "い", "ぅ": "う", "ぇ": "え", "ぉ": "お", "ゃ": "や", "ゅ": "ゆ", "ょ": "よ", "ゎ": "わ",
        "ゔ": "ぶ", "ゔぁ": "ば", "ゔぃ": "び", "ゔぇ": "べ", "ゔぉ": "ぼ", "ゔゅ": "びゅ", "ゕ": "か", "ゖ": "け",
        "てゅ": "ちゅ", "でゅ": "じゅ", "ふゅ": "ひゅ", "てゃ": "ちゃ", "でゃ": "じゃ", "てょ": "ちょ", "でょ": "じょ",
        "くぁ": "か", "ぐぁ": "が",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Mora:
    """One beat of Japanese speech."""

    kana: str  # hiragana
    phones: tuple[str, ...]  # Open JTalk names, consonant first
    guessed: bool = False  # the note's text was not understood


def _inventory() -> dict[str, Mora]:
    moras = {"ん": Mora("ん", ("N",)), "っ": Mora("っ", ("cl",))}
    for consonant, row in KANA_ROWS.items():
        for vowel, kana in zip(VOWELS, row.split(), strict=True):
            if kana != "_":
                moras[kana] = Mora(kana, (consonant, vowel) if consonant else (vowel,))
    return moras


INVENTORY: Mapping[str, Mora] = MappingProxyType(_inventory())
MORA_OF_PHONES: Mapping[tuple[str, ...], Mora] = MappingProxyType({mora.phones: mora for mora in INVENTORY.values()})


def mora_of(consonant: str, vowel: str) -> Mora:
    """The mora nearest to a consonant phone ("" for none) and a vowel a i u e o."""
    for candidate in (consonant, consonant.rstrip("y"), {"h": "f", "w": ""}.get(consonant, ""), ""):
        mora = MORA_OF_PHONES.get((candidate, vowel) if candidate else (vowel,))
        if mora is not None:
            return mora
    raise KeyError(vowel)
