"""The score formats: how each is known, read and written, and what of a score it does not hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from duetto.errors import ScoreError
from duetto.score.formats.limits import fault
from duetto.score.formats.losses import Holds, losses
from duetto.score.formats.midi.reader import read_midi
from duetto.score.formats.midi.writer import write_midi
from duetto.score.formats.musicxml.reader import read_musicxml
from duetto.score.formats.musicxml.writer import write_musicxml
from duetto.score.formats.svp import reader as svp
from duetto.score.formats.svp.reader import read_svp
from duetto.score.formats.svp.writer import write_svp
from duetto.score.formats.ust import reader as ust
from duetto.score.formats.ust.reader import read_ust
from duetto.score.formats.ust.writer import write_ust
from duetto.score.formats.vsqx.reader import read_vsqx
from duetto.score.formats.vsqx.writer import write_vsqx
from duetto.score.score import Score

SNIFFED_BYTES = 4096


@dataclass(frozen=True)
class ScoreFormat:
    """One format."""

    title: str
    suffixes: tuple[str, ...]  # lower case; the first is the usual one
    marks: tuple[bytes, ...]  # one of them stands near the start of every file, in lower case
    read: Callable[[Path], tuple[Score, ...]]
    write: Callable[[Sequence[Score], Path], None]
    holds: Holds


FORMATS = (
    ScoreFormat(
        "VOCALOID 3 and 4",
        (".vsqx",),
        (b"<vsq3", b"<vsq4"),
        read_vsqx,
        write_vsqx,
        Holds(phones=True, velocity=True, vibrato=True, bend=True, controllers=True),
    ),
    ScoreFormat(
        "UTAU and OpenUtau",
        (".ust",),
        (b"[#version]", b"[#setting]"),
        read_ust,
        write_ust,
        Holds(
            tracks=False,
            metre=False,
            velocity=True,
            vibrato=True,
            bend=True,
            mute=False,
            rests=frozenset(word.lower() for word in (*ust.RESTS, *ust.BREATHS) if word),
        ),
    ),
    ScoreFormat(
        "Synthesizer V Studio",
        (".svp",),
        (b'"tracks"', b'"version"'),
        read_svp,
        write_svp,
        Holds(bend=True, rests=svp.BREATHS | svp.SILENT),
    ),
    ScoreFormat(
        "MusicXML",
        (".musicxml", ".xml", ".mxl"),
        (b"<score-partwise", b"<score-timewise", b"meta-inf/container.xml"),
        read_musicxml,
        write_musicxml,
        Holds(mute=False),
    ),
    ScoreFormat("MIDI with lyrics", (".mid", ".midi", ".kar"), (b"mthd",), read_midi, write_midi, Holds(mute=False)),
)
SCORE_SUFFIXES = frozenset(suffix for form in FORMATS for suffix in form.suffixes)
SUFFIX_LIST = ", ".join(suffix for form in FORMATS for suffix in form.suffixes)


def read_score(path: Path) -> tuple[Score, ...]:
    """The sung lines of a score file of any format, known by its content, else by its suffix.

    Raises:
        ScoreError: If it cannot be opened, is of no known format, or cannot be read.
    """
    return format_of(path).read(path)


def write_score(scores: Sequence[Score], path: Path) -> tuple[str, ...]:
    """Write lines of one song in the format of the path's suffix, atomically.

    Returns:
        What the scores hold and the format does not, in words.

    Raises:
        ScoreError: If the suffix is unknown, or a score cannot be written.
        StorageError: If the folder cannot be written.
    """
    form = format_for(path)
    form.write(scores, path)
    return losses(scores, form.holds)


def format_of(path: Path) -> ScoreFormat:
    """The format of a file that is there.

    Raises:
        ScoreError: If it cannot be opened, or is of no known format.
    """
    try:
        with path.open("rb") as file:
            head = file.read(SNIFFED_BYTES).replace(b"\x00", b"").lower()  # UTF-16 has a zero in each letter
    except OSError as error:
        raise ScoreError(f"{path} cannot be opened ({error.strerror}); check the path.") from error
    by_content = [form for form in FORMATS if any(mark in head for mark in form.marks)]
    own = [form for form in FORMATS if path.suffix.lower() in form.suffixes]
    both = [form for form in own if form in by_content]
    for form in (*both, *by_content[:1], *own):
        return form
    raise fault(path, f"is no score that can be read; expected one of {SUFFIX_LIST}")


def format_for(path: Path) -> ScoreFormat:
    """The format of a file to write, by its suffix.

    Raises:
        ScoreError: If no format has it.
    """
    for form in FORMATS:
        if path.suffix.lower() in form.suffixes:
            return form
    raise ScoreError(f"{path} has no suffix of a score; expected one of {SUFFIX_LIST}.")
