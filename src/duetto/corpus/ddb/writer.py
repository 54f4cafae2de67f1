"""Writes synthetic singer databases, .ddb and .ddi, in the layout that `corpus.ddb` and `corpus.ddi` read.

Used by tests and by case D, whose embedded voice is cut like the singer of a VOCALOID database. A reader gets back
exactly the written sounds, within 16-bit rounding. The synthesis model of a real database is left empty, so no
VOCALOID editor would accept the files.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from duetto.corpus.ddb.bank import (
    FULL_SCALE,
    HEADER,
    HEADER_BYTES,
    MAX_RATE,
    MAX_SEGMENTS,
    MAX_SOUND_S,
    MIN_RATE,
    TAG,
    DdbSegment,
)
from duetto.corpus.ddb.ddi import MAX_TEXT_BYTES, ONES, ZEROS
from duetto.errors import CorpusError
from duetto.ownership.consent import CONSENT_NAME, Consent, require_rights, write_consent
from duetto.storage.audio import Waveform
from duetto.storage.files import atomic_path

FRAME_SAMPLES = 256  # hop of a database's analysis
FRAME = struct.pack("<4sI", b"FRM2", 24) + bytes(16)  # an empty analysis frame
MAX_NAMED_PHONES = 3  # a database names phones, diphones and triphones; longer sounds are only in the .ddb
LEAD_IN_BYTES = 2048  # from the start of an articulation's samples to its singing
EXPRESSION = (0.0, 0.0, 0.0, 120.0)  # second pitch, unknown, dynamics, tempo


_Recordings = dict[tuple[str, ...], list[DdbSegment]]  # sounds by their phones


@dataclass(frozen=True)
class DdbFragment:
    """A sound to write."""

    waveform: Waveform  # (S,), +-1.0
    phones: tuple[str, ...] = ()  # () = unknown; it is written without a name
    pitch: float = 0.0  # in the caller's unit


def write_ddb(
    path: Path, fragments: Iterable[DdbFragment], sample_rate: int, consent: Consent
) -> tuple[DdbSegment, ...]:
    """Write PATH.ddb, the tree beside it as .ddi, and the consent record beside both.

    Args:
        path: The .ddb.
        fragments: Sounds in the desired order; read one by one.
        sample_rate: Sample rate of all sounds, Hz.
        consent: Consent record of the voice, which has to state the right to make an archive of it.

    Returns:
        The sounds as `read_ddb` will find them.

    Raises:
        CorpusError: If the record states no right, a sound cannot be stored, or there are no sounds.
        StorageError: If the folder cannot be written.
    """
    require_rights(consent, path)
    if not MIN_RATE <= sample_rate <= MAX_RATE:
        raise CorpusError(f"An archive at {sample_rate} Hz cannot be written; expected {MIN_RATE} to {MAX_RATE} Hz.")
    segments = []
    with atomic_path(path) as temporary:
        with temporary.open("wb") as file:
            for fragment in fragments:
                segments.append(_write_sound(file, fragment, sample_rate, path))
                if len(segments) > MAX_SEGMENTS:
                    raise CorpusError(f"{path} would hold more than {MAX_SEGMENTS} sounds. Cut longer fragments.")
        if not segments:
            raise CorpusError(f"There is no sound to write into {path}.")
    with atomic_path(path.with_suffix(".ddi")) as temporary:
        temporary.write_bytes(tree_bytes(segments))
    write_consent(path.with_name(CONSENT_NAME), consent)
    return tuple(segments)


def _write_sound(file: BinaryIO, fragment: DdbFragment, sample_rate: int, path: Path) -> DdbSegment:
    """Write an empty analysis frame and the sound; phones and pitch are kept only if the tree can hold them."""
    samples = np.asarray(fragment.waveform, dtype=np.float64)
    if samples.ndim != 1 or not 0 < len(samples) <= MAX_SOUND_S * sample_rate or not np.isfinite(samples).all():
        raise CorpusError(
            f"A sound of shape {samples.shape} cannot be stored in {path}; expected one row of finite samples, "
            f"at most {MAX_SOUND_S:g} s."
        )
    if np.max(np.abs(samples)) > 1.0:
        raise CorpusError(f"A sound for {path} would clip. Lower its level first.")
    _check_names(fragment, path)
    pcm = np.clip(np.round(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
    file.write(FRAME)
    offset = file.tell()
    identifier = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
    file.write(HEADER.pack(TAG, HEADER_BYTES + len(pcm), sample_rate, 1, identifier))
    file.write(pcm)
    is_named = 0 < len(fragment.phones) <= MAX_NAMED_PHONES
    phones = fragment.phones if is_named else ()
    return DdbSegment(
        offset, sample_rate, len(samples), phones, float(np.float32(fragment.pitch)) if is_named else None
    )


def _check_names(fragment: DdbFragment, path: Path) -> None:
    if not np.isfinite(np.float32(fragment.pitch)):
        raise CorpusError(f"A sound for {path} has the pitch {fragment.pitch}; expected a number.")
    for phone in fragment.phones:
        if not 0 < len(phone.encode("utf-8")) <= MAX_TEXT_BYTES:
            raise CorpusError(f"A phone of {path} is named {phone[:20]!r}; expected 1 to {MAX_TEXT_BYTES} bytes.")


def tree_bytes(segments: Sequence[DdbSegment]) -> bytes:
    """A .ddi that names the sounds with phones: one phone as stationary, two or three as articulation."""
    by_phones: _Recordings = {}
    for segment in segments:
        if segment.phones:
            by_phones.setdefault(segment.phones, []).append(segment)
    head = ZEROS + b"DBV " + struct.pack("<IQI", 0, 1, 5) + ZEROS + _array(1)
    return head + _stationary(by_phones) + _text("normal") + _text("stationary") + ZEROS + _articulations(by_phones)


def _array(count: int) -> bytes:
    return b"ARR " + struct.pack("<IQI", 0, 1, count)


def _stationary(by_phones: _Recordings) -> bytes:
    single = sorted(phones for phones in by_phones if len(phones) == 1)
    pieces = [ZEROS, b"STA ", struct.pack("<IQI", 0, 1, len(single))]
    for index, phones in enumerate(single):
        recordings = by_phones[phones]
        pieces += [ZEROS, b"STAu", struct.pack("<4I", 0, 1, 0, index), ONES, struct.pack("<I", len(recordings))]
        pieces += [_stationary_recording(segment, number) for number, segment in enumerate(recordings)]
        pieces.append(_text(*phones))
    return b"".join(pieces)


def _stationary_recording(segment: DdbSegment, number: int) -> bytes:
    pcm = segment.offset + HEADER_BYTES
    inside = pcm + segment.num_samples // 2 * 2  # the middle: the position is within the sound, not at its start
    return b"".join(
        (
            *(ZEROS, b"STAp", _expression(segment), struct.pack("<IIQ", 0, 2, 0x3D)),
            *(_sound_names(segment), ONES[:4], _frames_and_format(segment)),
            *(struct.pack("<Q", inside), bytes(16), _text(str(number))),
        )
    )


def _articulations(by_phones: _Recordings) -> bytes:
    """A block for each first phone, with the second phones and a block for each second phone of three."""
    several = {phones: recordings for phones, recordings in by_phones.items() if len(phones) > 1}
    firsts = sorted({phones[0] for phones in several})
    blocks = [ZEROS + _articulation(phone, _after(phone, several), index) for index, phone in enumerate(firsts)]
    return _array(len(blocks)) + b"".join(blocks) + _text("articulation")


def _articulation(phone: str, following: _Recordings, index: int) -> bytes:
    lasts = sorted(phones for phones in following if len(phones) == 1)
    middles = sorted({phones[0] for phones in following if len(phones) > 1})
    pieces = [b"ART ", struct.pack("<5I", 0, 1, 0, index, len(lasts) + len(middles))]
    for number, last in enumerate(lasts):
        recordings = following[last]
        pieces += [ZEROS, b"ARTu", struct.pack("<4IQI", 0, 0, 0, number, 0, 0), ONES[:4]]
        pieces.append(struct.pack("<I", len(recordings)))
        pieces += [_recording(segment, place) for place, segment in enumerate(recordings)]
        pieces.append(_text(*last))
    for number, middle in enumerate(middles):
        pieces += [ZEROS, _articulation(middle, _after(middle, following), number)]
    return b"".join((*pieces, _text(phone)))


def _after(phone: str, several: _Recordings) -> _Recordings:
    """Recordings of several phones that begin with a given phone, by the phones after it."""
    return {phones[1:]: found for phones, found in several.items() if phones[0] == phone and len(phones) > 1}


def _recording(segment: DdbSegment, number: int) -> bytes:
    start = segment.offset + HEADER_BYTES
    ends = np.linspace(0, segment.num_samples // FRAME_SAMPLES, len(segment.phones) + 1).astype(int).tolist()
    groups = [struct.pack("<4i", first, last, first, last) for first, last in pairwise(ends)]
    return b"".join(
        (
            *(ZEROS, b"ARTp", _expression(segment), struct.pack("<IQ", 2, number)),
            *(_sound_names(segment), _frames_and_format(segment), struct.pack("<QQ", start, start + LEAD_IN_BYTES)),
            *(struct.pack("<I", len(groups)), *groups, _text("default")),
        )
    )


def _expression(segment: DdbSegment) -> bytes:
    return struct.pack("<IIIdH5f", 0, 0, 1, segment.duration_s, 1, segment.pitch or 0.0, *EXPRESSION)


def _sound_names(segment: DdbSegment) -> bytes:
    length = struct.pack("<II", 2 * segment.num_samples, 0)
    return b"EMPT" + bytes(4) + _text("SND") + length + b"EMPT" + bytes(4) + _text("EpR")


def _frames_and_format(segment: DdbSegment) -> bytes:
    """Position of one analysis frame, then rate, channels and id of the sound."""
    identifier = segment.num_samples // FRAME_SAMPLES * FRAME_SAMPLES
    return struct.pack("<IQIHI", 1, segment.offset - len(FRAME), segment.sample_rate, 1, identifier)


def _text(text: str) -> bytes:
    data = text.encode("utf-8")
    return struct.pack("<I", len(data)) + data
