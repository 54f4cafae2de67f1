"""The timing of the phones, from the score alone: the same for every voice and both carriers.

Conventions: phones have Open JTalk names, "pau" is silence; boundaries lie on the 5 ms grid; the
phones of a song follow each other without gap from 0 s to its end. A note's consonants begin a
little before the note and its vowel fills it. Upper-case vowels and closures are unvoiced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from duetto.errors import ScoreError
from duetto.score.kana import Mora, note_moras
from duetto.score.score import Score
from duetto.score.tempo import TempoMap

HOP_S = 0.005  # the grid of phones, F0 and spectra
PAUSE = "pau"
REST_NOTE = -1  # note index of a pause
TAIL_S = 0.4  # silence after the last note, so that its release is heard
LEGATO_GAP_S = 0.06  # shorter gaps between notes are closed
MAX_SONG_S = 900.0  # longer songs would not fit into memory

# Length in sustained singing, s; chosen by published averages for Japanese.
CONSONANT_S: Mapping[str, float] = MappingProxyType(
    {
        "k": 0.060, "ky": 0.070, "kw": 0.070, "t": 0.055, "ty": 0.065, "p": 0.055, "py": 0.065,
        "s": 0.105, "sh": 0.110, "ts": 0.095, "ch": 0.095, "h": 0.070, "hy": 0.075, "f": 0.075,
        "g": 0.050, "gy": 0.055, "gw": 0.055, "d": 0.045, "dy": 0.055, "b": 0.045, "by": 0.055,
        "z": 0.075, "j": 0.075, "v": 0.060, "m": 0.060, "my": 0.070, "n": 0.055, "ny": 0.065,
        "r": 0.035, "ry": 0.045, "w": 0.055, "y": 0.055,
    }
)  # fmt: skip
VOWELS = frozenset("aiueo")
DEVOICED = frozenset("AIUEO")
NASAL, CLOSURE = "N", "cl"
UNVOICED = frozenset({"k", "ky", "kw", "t", "ty", "p", "py", "s", "sh", "ts", "ch", "h", "hy", "f", CLOSURE, PAUSE})
CONSONANT_SHARE = 0.40  # maximum share of a mora that its consonants take
LEAD_SHARE = 0.5  # part of a consonant sung before its note
LEAD_OF_PREVIOUS = 0.20  # maximum share of the previous note that a lead takes
NASAL_SHARE, MAX_NASAL_S = 0.40, 0.20  # of a moraic nasal that shares its note with other moras
CLOSURE_SHARE, MAX_CLOSURE_S = 0.30, 0.12


def is_voiced(phone: str) -> bool:
    """Whether the vocal folds vibrate: not in pauses, closures, devoiced vowels and voiceless consonants."""
    return phone not in UNVOICED and phone not in DEVOICED


@dataclass(frozen=True)
class TimedPhone:
    """One phone on the 5 ms grid."""

    phone: str
    start: int  # frame
    end: int  # frame, exclusive; > start
    note: int  # index in score.notes, REST_NOTE for a pause

    @property
    def num_frames(self) -> int:
        """Length in frames of 5 ms."""
        return self.end - self.start


@dataclass(frozen=True)
class Timing:
    """A score laid out in time."""

    phones: tuple[TimedPhone, ...]  # from frame 0 to num_frames, without gap
    note_start: tuple[int, ...]  # frame, as written
    note_end: tuple[int, ...]  # frame, as sung: short gaps before the next note are closed
    num_frames: int


def lay_out(score: Score) -> Timing:
    """Assign a start and an end to every phone of a score.

    Raises:
        ScoreError: If the score has no notes, its notes overlap, or it lasts over 15 minutes.
    """
    starts, ends = _note_frames(score)
    sung = _sung_phones(note_moras(score.notes))
    onsets = _onsets(sung, starts, ends)
    total = ends[-1] + round(TAIL_S / HOP_S)
    phones: list[TimedPhone] = []
    cursor = 0
    for index, (onset, end) in enumerate(zip(onsets, ends, strict=True)):
        if onset > cursor:
            phones.append(TimedPhone(PAUSE, cursor, onset, REST_NOTE))
        following = onsets[index + 1] if index + 1 < len(onsets) else total
        cursor = min(end, following)
        phones.extend(_place(sung[index], onset, cursor, index))
    phones.append(TimedPhone(PAUSE, cursor, total, REST_NOTE))
    return Timing(tuple(phones), tuple(starts), tuple(ends), total)


def _sung_phones(moras: Sequence[tuple[Mora, ...]]) -> list[tuple[tuple[str, ...], ...]]:
    """Phones per mora and note; a note without moras prolongs the previous vowel."""
    sung: list[tuple[tuple[str, ...], ...]] = []
    previous = "a"
    for note in moras:
        phones = tuple(mora.phones for mora in note if mora.phones) or ((previous,),)
        sung.append(phones)
        held = [p for mora in phones for p in mora if p in VOWELS or p in DEVOICED or p == NASAL]
        if held:
            previous = held[-1] if held[-1] == NASAL else held[-1].lower()
    return sung


def _onsets(sung: Sequence[tuple[tuple[str, ...], ...]], starts: Sequence[int], ends: Sequence[int]) -> list[int]:
    """Frame at which each note's first phone begins: before the note by part of its consonants."""
    onsets: list[int] = []
    for index, start in enumerate(starts):
        consonants = sum(consonant_frames(sung[index][0], ends[index] - start)[:-1])
        room = start if index == 0 else start - ends[index - 1]
        if index > 0 and room == 0:
            room = int(LEAD_OF_PREVIOUS * (ends[index - 1] - starts[index - 1]))
        onsets.append(start - min(int(LEAD_SHARE * consonants), room))
    return onsets


def consonant_frames(phones: tuple[str, ...], num_frames: int) -> list[int]:
    """Lengths in frames of the phones of a mora that lasts `num_frames`; the last phone takes the rest."""
    natural_s = [CONSONANT_S.get(phone, MAX_CLOSURE_S) for phone in phones[:-1]]
    room_s = CONSONANT_SHARE * num_frames * HOP_S
    scale = min(1.0, room_s / sum(natural_s)) if natural_s else 1.0
    lengths = [max(1, int(length * scale / HOP_S)) for length in natural_s]
    while lengths and sum(lengths) >= num_frames:  # even a mora of a few frames keeps its vowel
        lengths = lengths[:-1]
    lengths += [0] * (len(phones) - 1 - len(lengths))
    return [*lengths, num_frames - sum(lengths)]


def _place(note: tuple[tuple[str, ...], ...], start: int, end: int, index: int) -> list[TimedPhone]:
    """Divide a note among its moras: nasals and closures are short, full moras share the rest equally."""
    total = end - start
    special = [_special_frames(mora, total) if len(note) > 1 else 0 for mora in note]
    num_full = special.count(0)
    if num_full == 0:
        special, num_full = [0] * len(note), len(note)
    shrink = min(1.0, 0.5 * total / sum(special)) if sum(special) else 1.0
    full = (total - shrink * sum(special)) / num_full
    lengths = [shrink * frames if frames else full for frames in special]
    placed: list[TimedPhone] = []
    edge, exact = start, float(start)
    for mora, length in zip(note, lengths, strict=True):
        exact += length
        for phone, frames in zip(mora, consonant_frames(mora, round(exact) - edge), strict=True):
            if frames > 0:
                placed.append(TimedPhone(phone, edge, edge + frames, index))
                edge += frames
    return placed


def _special_frames(mora: tuple[str, ...], total: int) -> int:
    if mora == (NASAL,):
        return max(1, int(min(NASAL_SHARE * total, MAX_NASAL_S / HOP_S)))
    if mora == (CLOSURE,):
        return max(1, int(min(CLOSURE_SHARE * total, MAX_CLOSURE_S / HOP_S)))
    return 0


def _note_frames(score: Score) -> tuple[list[int], list[int]]:
    if not score.notes:
        raise ScoreError(f"The score {score.name} has no notes. Give a track that sings.")
    starts, ends = note_edges(score)
    if ends[-1] * HOP_S > MAX_SONG_S:
        raise ScoreError(f"The score {score.name} lasts {ends[-1] * HOP_S:.0f} s; at most {MAX_SONG_S:.0f} s are sung.")
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if i + 1 < len(starts) and starts[i + 1] < end - 1:
            raise ScoreError(f"Notes {i} and {i + 1} of the score {score.name} overlap. Sing one line at a time.")
        if end <= start:
            raise ScoreError(f"Note {i} of the score {score.name} lasts under 5 ms. Lengthen or remove it.")
    return starts, ends


def note_edges(score: Score) -> tuple[list[int], list[int]]:
    """First frame of each note, and the frame after its last; short gaps before the next note are closed."""
    tempo = TempoMap(score.tempos)
    starts = [round(tempo.seconds(note.tick) / HOP_S) for note in score.notes]
    ends = [round(tempo.seconds(note.tick + note.duration) / HOP_S) for note in score.notes]
    for i in range(len(starts) - 1):
        if ends[i] - 1 <= starts[i + 1] < ends[i] + LEGATO_GAP_S / HOP_S:
            ends[i] = starts[i + 1]
    return starts, ends
