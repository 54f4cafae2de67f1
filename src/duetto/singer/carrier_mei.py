"""The second carrier: spectra of Mei, the speaking voice that pyopenjtalk-plus ships, stretched to the length of notes.

The labels are written here, not by the text front end, so that the singing does not depend on a dictionary: phones come
from the score, and every breath group is a chain of flat accent phrases.

Label layout: "HTS Japanese full-context label format", HTS working group.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from duetto.singer.carrier_sinsy import package_file
from duetto.singer.generation import generate_cepstrum
from duetto.singer.hts import HtsVoice, read_hts_voice
from duetto.singer.timing import CLOSURE, DEVOICED, NASAL, PAUSE, VOWELS, TimedPhone, Timing

MORAS_PER_ACCENT_PHRASE = 4  # typical of the speech that Mei was trained on
MORAS_PER_GROUP = 40  # labels count to 49
HELD_STATES = (0.0, 0.35, 0.65, 0.0, 0.0)  # held in the middle: the end may belong to the following stop
SUBSTITUTES: Mapping[str, str] = MappingProxyType({"kw": "k", "gw": "g", "fy": "f"})  # missing from Mei's training data


@lru_cache(maxsize=1)
def mei_voice() -> HtsVoice:
    """Mei (normal), read once per process."""
    return read_hts_voice(package_file("pyopenjtalk", "htsvoice/mei_normal.htsvoice"))


def mei_cepstrum(timing: Timing) -> NDArray[np.float64]:
    """Mel-cepstra of the phones from Mei, (timing.num_frames, 35)."""
    frames = [phone.num_frames for phone in timing.phones]
    return generate_cepstrum(mei_voice(), _labels(timing.phones), frames, HELD_STATES)


def _labels(phones: Sequence[TimedPhone]) -> list[str]:
    names = [SUBSTITUTES.get(phone.phone, phone.phone) for phone in phones]
    padded = ["xx", "xx", *names, "xx", "xx"]
    places = _mora_places(names)
    labels = []
    for i, name in enumerate(names):
        before2, before, _, after, after2 = padded[i : i + 5]
        place = f"{before2}^{before}-{name}+{after}={after2}"
        labels.append(place + (_PAUSE_CONTEXT if name == PAUSE else _context(*places[i])))
    return labels


def _mora_places(names: Sequence[str]) -> list[tuple[int, int]]:
    """For each phone, the number of its mora in its breath group (from 0) and the group's number of moras."""
    places: list[tuple[int, int]] = []
    group: list[int] = []
    mora = 0
    for name in [*names, PAUSE]:
        if name == PAUSE:
            places.extend((min(m, MORAS_PER_GROUP - 1), min(mora, MORAS_PER_GROUP)) for m in group)
            places.append((0, 0))
            group, mora = [], 0
            continue
        group.append(mora)
        if name in VOWELS or name in DEVOICED or name in (NASAL, CLOSURE):
            mora += 1
    return places


_PAUSE_CONTEXT = (
    "/A:xx+xx+xx/B:02-xx_xx/C:xx_xx+xx/D:02+xx_xx/E:4_4!0_0-xx/F:xx_xx#xx_xx@xx_xx|xx_xx/G:4_4%0_0_xx"
    "/H:2_8/I:xx-xx@xx+xx&xx-xx|xx+xx/J:2_8/K:2+6-24"
)


def _context(mora: int, total: int) -> str:
    """Context of a mora in a breath group of `total` moras, cut into flat accent phrases of four."""
    size = MORAS_PER_ACCENT_PHRASE
    num_phrases = max(1, round(total / size))
    phrase = min(mora // size, num_phrases - 1)
    length = size if phrase < num_phrases - 1 else max(total - size * phrase, 1)
    place = min(mora - size * phrase, length - 1)
    previous = f"{size}_{size}!0_0-1" if phrase > 0 else "xx_xx!xx_xx-xx"
    following = f"{size}_{size}%0_0_1" if phrase < num_phrases - 1 else "xx_xx%xx_xx_xx"
    before, left = size * phrase + 1, max(total - size * phrase, 1)
    return (
        f"/A:{place + 1 - length}+{place + 1}+{length - place}/B:02-xx_xx/C:02_xx+xx/D:02+xx_xx/E:{previous}"
        f"/F:{length}_{length}#0_0@{phrase + 1}_{num_phrases - phrase}|{before}_{left}"
        f"/G:{following}/H:xx_xx/I:{num_phrases}-{total}@1+1&{phrase + 1}-{num_phrases - phrase}"
        f"|{mora + 1}+{total - mora}/J:xx_xx/K:1+{num_phrases}-{total}"
    )
