"""eSpeak NG's phonemes of a text, from the library in the package `espeakng-loader` (GPL-3.0; called, never shipped).

Conventions: IPA with stress marks; affricates and diphthongs are tied by a circumflex. Punctuation is kept, because the
speaking network takes its pauses from it, although the library drops it.
"""

import ctypes
import re
from functools import lru_cache

from duetto.errors import ConfigError

PACKAGE = "espeakng-loader==0.2.4"
RETRIEVE = 0x02  # AUDIO_OUTPUT_RETRIEVAL of speak_lib.h: nothing is played
UTF8 = 1  # espeakCHARS_UTF8
IPA_TIED = 0x02 | 0x80 | ord("^") << 8  # espeakPHONEMES_IPA, TIE, and the character that ties
VOICE_NAMES = {"es": "es", "fr": "fr", "it": "it", "pt": "pt-br", "hi": "hi"}
PUNCTUATION = re.compile(r"\s*([;:,.!?—…।]+)\s*")
SWITCHES = re.compile(r"\([a-z^-]+\)")  # marks of a word of another language


def espeak_phonemes(text: str, language: str) -> str:
    """Phonemes of a text in one of `VOICE_NAMES`.

    Raises:
        ConfigError: If the package is missing, or has no rules for the language.
    """
    library = _library()
    name = VOICE_NAMES[language]
    if library.espeak_SetVoiceByName(name.encode()) != 0:
        raise ConfigError(f"{PACKAGE} has no rules for {name}. Install it again.")
    parts = PUNCTUATION.split(text.strip())
    spoken = [_clause(library, part) if place % 2 == 0 else f"{part} " for place, part in enumerate(parts)]
    return "".join(spoken).replace("।", ".").strip()


def _clause(library: ctypes.CDLL, text: str) -> str:
    rest = ctypes.c_char_p(text.encode())
    phonemes = []
    while rest.value:
        phonemes.append(library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, IPA_TIED).decode())
    return SWITCHES.sub("", " ".join(phonemes)).strip()


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    try:
        import espeakng_loader
    except ImportError as error:
        raise ConfigError(
            f"The ensemble's Romance languages and Hindi need {PACKAGE}: pip install .[ensemble]"
        ) from error
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    if library.espeak_Initialize(RETRIEVE, 0, espeakng_loader.get_data_path().encode(), 0) < 0:
        raise ConfigError(f"{PACKAGE} does not start. Install it again: pip install {PACKAGE}")
    return library
