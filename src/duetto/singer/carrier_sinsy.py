"""The sung carrier: spectra of NIT-SONG070-F001, the singing voice that pysinsy ships.

Sinsy converts a score into full-context labels (phone, pitch, length and position of each note); the voice's HMMs
generate mel-cepstra from those with our own timing. Sinsy's pitch and timing are not used: its pitch is off by a
semitone on average, and all voices have to share one timing.
"""

import importlib.util
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from duetto.errors import ConfigError
from duetto.score.score import Score
from duetto.singer.generation import generate_cepstrum
from duetto.singer.hts import HtsVoice, read_hts_voice
from duetto.singer.timing import CLOSURE, HOP_S, NASAL, PAUSE, VOWELS, Timing

LOWEST_MIDI, HIGHEST_MIDI = 57, 76  # the range of the voice's training songs; other notes are labelled octaves away
TICKS_PER_BAR = 96  # Sinsy measures notes in 96ths of a bar
SILENCES = (PAUSE, "sil")
BAR_S = 2.0  # a 4/4 bar at 120 quarter notes a minute
SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
SUBSTITUTES: Mapping[str, str] = MappingProxyType(
    {"kw": "k", "gw": "g", "dy": "d", "ty": "t", "hy": "h", "v": "b", "fy": "f"}
)  # for moras that Sinsy lacks


def package_file(package: str, relative: str) -> Path:
    """Path of a data file in an installed package, found without importing it.

    Raises:
        ConfigError: If the package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigError(f"The package {package} is not installed. Install duetto with its dependencies.")
    return Path(spec.origin).parent / relative


@lru_cache(maxsize=1)
def sinsy_voice() -> HtsVoice:
    """NIT-SONG070-F001, read once per process."""
    return read_hts_voice(package_file("pysinsy", "htsvoice/nitech_jp_song070_f001.htsvoice"))


def sinsy_cepstrum(score: Score, timing: Timing) -> NDArray[np.float64]:
    """Mel-cepstra of the score's phones from NIT-SONG070-F001, (timing.num_frames, 35)."""
    labels = _labels_for(timing, _score_labels(score, timing))
    return generate_cepstrum(sinsy_voice(), labels, [phone.num_frames for phone in timing.phones])


def _labels_for(timing: Timing, labels: Sequence[str]) -> list[str]:
    """One label for each of our phones, with Sinsy's phones replaced by ours.

    Sinsy joins equal vowels within a note, repeats a vowel before a note that is only a closure, and has its own
    pauses; where the two differ, a phone takes the note context of the previous label.
    """
    names = [SUBSTITUTES.get(phone.phone, phone.phone) for phone in timing.phones]
    sung = [label for label in labels if _phone_of(label) not in SILENCES]
    pauses = [label for label in labels if _phone_of(label) == PAUSE]
    ours = [name for name in names if name != PAUSE]
    matcher = SequenceMatcher(a=[_phone_of(label) for label in sung], b=ours, autojunk=False)
    contexts: list[str] = []
    for _, first, last, start, end in matcher.get_opcodes():
        alike = last - first == end - start
        contexts += sung[first:last] if alike else [sung[max(first - 1, 0)]] * (end - start)
    remaining = iter(contexts)
    padded = ["xx", "xx", *names, "xx", "xx"]
    chosen = []
    for i, name in enumerate(names):
        context = (pauses[0] if i == 0 else pauses[-1]) if name == PAUSE else next(remaining)
        before2, before, _, after, after2 = padded[i : i + 5]
        phones = f"{_kind(name)}@{before2}^{before}-{name}+{after}={after2}_"
        chosen.append(phones + context.split("_", 1)[1])
    return chosen


def _kind(phone: str) -> str:
    """Sinsy's language-independent class: pause, break, vowel or consonant."""
    if phone in (PAUSE, CLOSURE):
        return "p" if phone == PAUSE else "b"
    return "v" if phone.lower() in VOWELS or phone == NASAL else "c"


def _phone_of(label: str) -> str:
    return label.split("^", 1)[1].split("-", 1)[1].split("+", 1)[0]


def _score_labels(score: Score, timing: Timing) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pysinsy imports pkg_resources, which warns
        import pysinsy
    sinsy = pysinsy.Sinsy()
    sinsy.setLanguages("j", str(package_file("pysinsy", "_dic")))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "score.xml"
        path.write_text(_music_xml(score, timing), encoding="utf-8")
        sinsy.loadScoreFromMusicXML(str(path))
        labels = sinsy.createLabelData(False, 1, 0).getData()
    return [str(label) for label in labels if label.strip()]


def _music_xml(score: Score, timing: Timing) -> str:
    """The score at 120 quarter notes a minute in 4/4, after a bar of rest; notes over a barline are tied."""
    kana, shift = _kana_table(), _octave_shift(score)
    events: list[tuple[int, int, int | None, str]] = [(0, TICKS_PER_BAR, None, "")]
    edge = TICKS_PER_BAR
    for index, note in enumerate(score.notes):
        start = TICKS_PER_BAR + round(timing.note_start[index] * HOP_S / BAR_S * TICKS_PER_BAR)
        end = TICKS_PER_BAR + round(timing.note_end[index] * HOP_S / BAR_S * TICKS_PER_BAR)
        start = max(start, edge)
        if start > edge:
            events.append((edge, start, None, ""))
        edge = max(end, start + 1)
        events.append((start, edge, _fold(note.midi + shift), _lyric(timing, index, kana)))
    final = (edge // TICKS_PER_BAR + 2) * TICKS_PER_BAR
    events.append((edge, final, None, ""))
    bars: list[list[str]] = [[] for _ in range(final // TICKS_PER_BAR)]
    for start, end, midi, lyric in events:
        for bar in range(start // TICKS_PER_BAR, (end - 1) // TICKS_PER_BAR + 1):
            first, last = max(start, bar * TICKS_PER_BAR), min(end, (bar + 1) * TICKS_PER_BAR)
            bars[bar].append(_note_xml(last - first, midi, lyric, first > start, last < end))
    head = (
        f"<attributes><divisions>{TICKS_PER_BAR // 4}</divisions><key><fifths>0</fifths><mode>major</mode></key>"
        "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
        '<direction><sound tempo="120"/></direction>'
    )
    measures = "".join(
        f'<measure number="{i + 1}">{head if i == 0 else ""}{"".join(bar)}</measure>' for i, bar in enumerate(bars)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="2.0"><part-list><score-part id="P1">'
        f'<part-name>voice</part-name></score-part></part-list><part id="P1">{measures}</part></score-partwise>'
    )


def _note_xml(duration: int, midi: int | None, lyric: str, continues: bool, goes_on: bool) -> str:
    length = f"<duration>{duration}</duration><voice>1</voice>"
    if midi is None:
        return f"<note><rest/>{length}</note>"
    name = SHARPS[midi % 12]
    pitch = f"<pitch><step>{name[0]}</step><alter>{len(name) - 1}</alter><octave>{midi // 12 - 1}</octave></pitch>"
    ties = ('<tie type="stop"/>' if continues else "") + ('<tie type="start"/>' if goes_on else "")
    tied = ties.replace("<tie ", "<tied ")
    text = "" if continues else f"<lyric><text>{lyric}</text></lyric>"
    return f"<note>{pitch}{length}{ties}<notations>{tied}</notations>{text}</note>"


def _octave_shift(score: Score) -> int:
    """The shift by whole octaves that brings the median note nearest to the middle of the carrier's range."""
    middle = (LOWEST_MIDI + HIGHEST_MIDI) / 2
    return 12 * round((middle - float(np.median([note.midi for note in score.notes]))) / 12)


def _fold(midi: int) -> int:
    while midi < LOWEST_MIDI:
        midi += 12
    while midi > HIGHEST_MIDI:
        midi -= 12
    return midi


def _lyric(timing: Timing, note: int, kana: dict[tuple[str, ...], str]) -> str:
    """Kana that Sinsy reads as exactly the phones of a note."""
    phones = [phone.phone for phone in timing.phones if phone.note == note]
    if phones == [CLOSURE]:
        return "あ"  # Sinsy rejects some notes that are only a closure; the label gets our phone later
    lyric, pending = "", []
    for phone in phones:
        pending.append(phone)
        if phone.lower() in "aiueo" or phone in (NASAL, CLOSURE):
            lyric += _spell(tuple(pending), kana)
            pending = []
    return lyric


def _spell(phones: tuple[str, ...], kana: dict[tuple[str, ...], str]) -> str:
    phones = tuple(phone if phone == NASAL else phone.lower() for phone in phones)
    nearest = tuple(SUBSTITUTES.get(phone, phone) for phone in phones)
    for candidate in (phones, nearest, ("t", phones[-1]) if len(phones) == 2 else phones):
        if candidate in kana:
            return kana[candidate]
    raise RuntimeError(f"Sinsy's table has no kana for the phones {' '.join(phones)}.")


@lru_cache(maxsize=1)
def _kana_table() -> dict[tuple[str, ...], str]:
    """Phones to kana, from Sinsy's own table; the shortest spelling wins."""
    table: dict[tuple[str, ...], str] = {}
    path = package_file("pysinsy", "_dic/japanese.utf_8.table")
    for line in path.read_text(encoding="utf-8").splitlines():
        kana, *phones = line.split()
        if kana and (tuple(phones) not in table or len(kana) < len(table[tuple(phones)])):
            table[tuple(phones)] = kana
    return table
