"""The voices of Kokoro-82M that the ensemble is made of; their style vectors are read from the npm package `kokoro-js`.

A style vector has 256 numbers: the first half is the timbre, the second the prosody (durations, pitch, level). A voice
has one vector for each number of tokens. Keeping the second half and exchanging the first gives another voice that
says the same text with the same timing, to the sample.

Names are the package's: the first letter is the language, the second f or m.
"""

import io
import tarfile
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from duetto.corpus.natural_voices.bench_voices import KEPT_OUT
from duetto.errors import ConfigError
from duetto.storage.files import sha256_file

PACKAGE = "kokoro-js-1.2.1.tgz"
SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
HOW_TO_GET = "npm pack kokoro-js@1.2.1"
FOLDER, SUFFIX = "package/voices/", ".bin"
STYLE_SIZE = 256
TIMBRE_SIZE = 128  # the first numbers of a style vector; the rest is the prosody
MOST_TOKENS = 510  # rows of a voice's table
LANGUAGES: Mapping[str, str] = MappingProxyType(
    {"a": "en-us", "b": "en-gb", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja", "p": "pt", "z": "zh"}
)
NAMES: Mapping[str, str] = MappingProxyType(  # of the voices, by the letters before them
    {
        "af": "alloy aoede bella heart jessica kore nicole nova river sarah sky",
        "am": "adam echo eric fenrir liam michael onyx puck santa",
        "bf": "alice emma isabella lily",
        "bm": "daniel fable george lewis",
        "ef": "dora",
        "em": "alex santa",
        "ff": "siwis",
        "hf": "alpha beta",
        "hm": "omega psi",
        "if": "sara",
        "im": "nicola",
        "jf": "alpha gongitsune nezumi tebukuro",
        "jm": "kumo",
        "pf": "dora",
        "pm": "alex santa",
        "zf": "xiaobei xiaoni xiaoxiao xiaoyi",
        "zm": "yunjian yunxi yunxia yunyang",
    }
)
ALL_VOICES = tuple(f"{group}_{name}" for group, names in NAMES.items() for name in names.split())
Style = NDArray[np.float32]


def language_of(voice: str) -> str:
    """The language that a voice was made for, such as `en-us`."""
    return LANGUAGES[voice[0]]


@lru_cache(maxsize=1)
def ensemble_voices() -> tuple[str, ...]:
    """The 41 voices that are not kept for the bench, in turn by language and gender, so that the first n are mixed."""
    groups: dict[str, list[str]] = {}
    for voice in ALL_VOICES:
        if voice not in KEPT_OUT:
            groups.setdefault(voice[:2], []).append(voice)
    return tuple(interleaved(groups.values()))


def interleaved(groups: Iterable[list[str]]) -> list[str]:
    """The first of each group, then the second of each, and so on."""
    rest = [list(group) for group in groups]
    names: list[str] = []
    while any(rest):
        names += [group.pop(0) for group in rest if group]
    return names


@lru_cache(maxsize=1)
def read_styles(package: Path) -> Mapping[str, Style]:
    """Style vectors of all voices, (510, 256) each, by name; row n - 1 is for n tokens.

    Args:
        package: The file that `npm pack kokoro-js@1.2.1` writes.

    Raises:
        ConfigError: If it is missing, or its digest is another.
    """
    if not package.is_file():
        raise ConfigError(
            f"The ensemble's voices are not at {package}. Fetch them ({HOW_TO_GET}) and give the file: "
            f"data.ensemble.voices_file={PACKAGE}."
        )
    found = sha256_file(package)
    if found != SHA256:
        raise ConfigError(f"{package} is not {PACKAGE}: its SHA-256 is {found}, expected {SHA256}. {HOW_TO_GET}.")
    styles: dict[str, Style] = {}
    with tarfile.open(fileobj=io.BytesIO(package.read_bytes())) as archive:
        for voice in ALL_VOICES:
            member = archive.extractfile(f"{FOLDER}{voice}{SUFFIX}")
            assert member is not None  # the digest says which files there are
            styles[voice] = np.frombuffer(member.read(), np.float32).reshape(-1, STYLE_SIZE)
    return MappingProxyType(styles)


def blended_style(timbre: Style, prosody: Style, num_tokens: int) -> Style:
    """The style vector (256,) of one voice's timbre with another's prosody, for a text of `num_tokens` tokens."""
    row = min(num_tokens, MOST_TOKENS) - 1
    return np.concatenate([timbre[row, :TIMBRE_SIZE], prosody[row, TIMBRE_SIZE:]])
