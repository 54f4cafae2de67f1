"""Manual trimming: Audacity label tracks determine what is kept and what is dropped.

A label track is a text file with one line per label: start and end in seconds and a text, separated by tabs, with
decimal points. A point label has end = start. A line that begins with a backslash
belongs to the label above it: two frequencies in Hz, the bounds of a spectral selection.

Reference: "Importing and Exporting Labels" in Audacity's manual.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from duetto.corpus.manifest import Dropped
from duetto.corpus.recordings.intake import display_name, recording_id
from duetto.errors import CorpusError
from duetto.preprocess.segment import Drops, Segment, Segments
from duetto.settings.config import require
from duetto.spans import Span
from duetto.storage.files import sha256_file, sha256_json, write_text
from duetto.units import seconds_to_samples

BEYOND_END_S = 0.01  # tolerance for labels beyond the end of the clip, from rounding
SUFFIX = ".txt"
NO_DIGEST = "-00000000"  # as long as what `recording_id` adds to a file's name
GOES_ON = frozenset(" \t([{:,;./?!")  # after the text of a label: "drop (cough)"; "drop-in" is a different word
SHOWN = 5  # texts in a remark
CUT_SUFFIX = "-train"  # of a clip whose recording continues in another clip


@dataclass(frozen=True)
class Label:
    """A named stretch, or a point, of a recording."""

    start_s: float
    end_s: float
    text: str = ""
    frequencies_hz: tuple[float, float] | None = None  # of a spectral selection; Audacity writes -1 for unbounded


def read_labels(path: Path) -> tuple[Label, ...]:
    """Read a label track, in order of time.

    Raises:
        CorpusError: If the file is missing or a line is not a label.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise CorpusError(
            f"There is no label track {path}: export it from Audacity, empty if nothing is dropped."
        ) from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is no text in UTF-8. Export the label track again.") from error
    labels: list[Label] = []
    for number, line in enumerate(lines, start=1):
        place = f"{path}, line {number}"
        if line.startswith("\\"):
            if not labels:
                raise CorpusError(f"{place}: frequencies without a label above them.")
            low, high = _numbers(line.split("\t")[1:3], place)
            labels[-1] = Label(labels[-1].start_s, labels[-1].end_s, labels[-1].text, (low, high))
        elif line.strip():
            labels.append(_label(line, place))
    return tuple(sorted(labels, key=lambda label: (label.start_s, label.end_s)))


def write_labels(path: Path, labels: Sequence[Label]) -> None:
    """Write a label track for Audacity; tabs and line breaks in a text become spaces."""
    lines = []
    for label in labels:
        text = " ".join(label.text.split())
        lines.append(f"{label.start_s:.6f}\t{label.end_s:.6f}\t{text}\n")
        if label.frequencies_hz is not None:
            lines.append(f"\\\t{label.frequencies_hz[0]:.6f}\t{label.frequencies_hz[1]:.6f}\n")
    write_text(path, "".join(lines))


def _label(line: str, place: str) -> Label:
    fields = line.split("\t", 2)
    start_s, end_s = _numbers(fields[:2], place)
    if not 0 <= start_s <= end_s:
        raise CorpusError(f"{place}: expected 0 <= start <= end, found {start_s:g} and {end_s:g} s.")
    return Label(start_s, end_s, fields[2].strip() if len(fields) > 2 else "")


def _numbers(fields: list[str], place: str) -> tuple[float, float]:
    if any("," in field for field in fields):
        raise CorpusError(f"{place}: decimals have a comma. Write them with a point: 1.5, not 1,5.")
    try:
        first, second = (float(field) for field in fields)
    except ValueError as error:
        raise CorpusError(f"{place}: expected two numbers separated by a tab, found {fields}.") from error
    if not (math.isfinite(first) and math.isfinite(second)):
        raise CorpusError(f"{place}: expected finite numbers, found {fields}.")
    return first, second


@dataclass(frozen=True)
class TrimByLabels:
    """Keeps or drops labelled stretches; times count from the recording's beginning.

    A label matches a text if it is equal to it or begins with it as a word: `drop`, `Drop`, `drop (cough)`,
    `drop: cough`. Case is ignored, and if several texts match the longest one counts. A remark reports labels that
    match none.
    """

    needs_channels: ClassVar[bool] = True

    path: str  # a folder with `<song>.txt` or `<name of the recording's file>.txt` for each clip, or one track for all
    keep: Sequence[str] = ()  # texts; empty = everything that is not dropped
    drop: Sequence[str] = ("drop",)  # texts

    def __post_init__(self) -> None:
        """Refuse a text that is both kept and dropped."""
        both = sorted({text.casefold() for text in self.keep} & {text.casefold() for text in self.drop})
        require(not both, f"preprocess.labels: {both} is both kept and dropped.")

    def reads(self) -> str:
        """Digest of the label tracks."""
        path = Path(self.path)
        files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
        return sha256_json([[file.name, sha256_file(file)] for file in files if file.is_file()])

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Cut every segment; the rest is reported as dropped.

        Raises:
            CorpusError: If a clip has no label track, a label lies beyond its end, or a label that keeps or drops has
                no length.
        """
        if not segments:
            return (), ()
        path = self._track(segments[0])
        labels = read_labels(path)
        _check_end(labels, segments, path)
        self._check_lengths(labels, path)
        kept: list[Segment] = []
        dropped = self._remarks(segments[0], labels)
        for segment in segments:
            pieces, lost = self._trim(segment, labels)
            kept += pieces
            dropped += lost
        return tuple(kept), tuple(dropped)

    def _meaning(self, label: Label) -> str | None:
        """The text of `keep` or `drop` that a label matches; None = neither."""
        fitting = [text for text in (*self.keep, *self.drop) if means(label, text)]
        return max(fitting, key=len) if fitting else None

    def _check_lengths(self, labels: Sequence[Label], path: Path) -> None:
        for label in labels:
            if label.start_s == label.end_s and self._meaning(label) is not None:
                raise CorpusError(
                    f"{path}: the label {label.text!r} at {label.start_s:g} s has no length, so it covers "
                    "nothing. Audacity makes such a label of a selected clip or of the cursor: drag its ends apart "
                    "over the stretch, or delete it."
                )

    def _remarks(self, segment: Segment, labels: Sequence[Label]) -> list[Dropped]:
        """A remark on labels without effect, once per recording."""
        others = dict.fromkeys(label.text or "no text" for label in labels if self._meaning(label) is None)
        if not others or segment.origin.start_s > 0 or segment.start > 0:
            return []
        shown = ", ".join(list(others)[:SHOWN]) + (", …" if len(others) > SHOWN else "")
        return [Dropped(segment.clip_id, 0.0, f"labels that neither keep nor drop: {shown}")]

    def _track(self, segment: Segment) -> Path:
        path = Path(self.path)
        if not path.is_dir():
            return path
        song = segment.origin.song or segment.clip_id.rpartition("/")[2]
        named = path / f"{song}{SUFFIX}"
        if named.is_file():
            return named
        slug = song[: -len(NO_DIGEST)]  # the id of a user's recording is its file name and 8 digits of its hash
        fitting = [file for file in sorted(path.glob(f"*{SUFFIX}")) if _slug(file) == slug]
        if len(fitting) > 1:
            names = ", ".join(file.name for file in fitting)
            raise CorpusError(f"Several label tracks fit {song}: {names}. Name the right one {named.name}.")
        return fitting[0] if fitting else named

    def _trim(self, segment: Segment, labels: tuple[Label, ...]) -> tuple[list[Segment], list[Dropped]]:
        whole = [(0, segment.num_samples)]
        asked = intersection(whole, self._spans(segment, labels, self.keep)) if self.keep else whole
        left = [span for span in difference(asked, self._spans(segment, labels, self.drop)) if span[1] > span[0]]
        dropped = [
            Dropped(
                segment.clip_id, _length(before) / segment.sample_rate - _length(after) / segment.sample_rate, reason
            )
            for before, after, reason in (
                (whole, asked, f"not labelled {' or '.join(self.keep)}"),
                (asked, left, f"labelled {' or '.join(self.drop)}"),
            )
            if _length(before) > _length(after)
        ]
        return [segment.cut(first, last) for first, last in left], dropped

    def _spans(self, segment: Segment, labels: tuple[Label, ...], texts: Sequence[str]) -> list[Span]:
        """Spans of a segment with one of the texts, in samples, merged and in order."""
        spans: list[Span] = []
        for label in labels:
            if self._meaning(label) not in texts:
                continue
            start = seconds_to_samples(segment.origin.start_s, segment.sample_rate) + segment.start
            first = seconds_to_samples(label.start_s, segment.sample_rate) - start
            last = seconds_to_samples(label.end_s, segment.sample_rate) - start
            first, last = max(0, first), min(segment.num_samples, last)
            if first >= last:
                continue
            if spans and first <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(spans[-1][1], last))
            else:
                spans.append((first, last))
        return spans


def means(label: Label, text: str) -> bool:
    """Whether a label is a text, or begins with it followed by a space or punctuation; case is ignored."""
    said, wanted = label.text.casefold(), text.casefold()
    return said == wanted or (said.startswith(wanted) and said[len(wanted)] in GOES_ON)


def _slug(track: Path) -> str:
    return recording_id(display_name(Path(track.name)), "")[: -len(NO_DIGEST)]


def _check_end(labels: Sequence[Label], segments: Segments, path: Path) -> None:
    """Refuse labels beyond the end of the recording, if that is known."""
    origin = segments[0].origin
    if origin.start_s > 0:
        return  # a part of a recording, whose end is not known here
    last_s = max((segment.start + segment.num_samples) / segment.sample_rate for segment in segments)
    end_s = last_s if math.isinf(origin.clip_s) else origin.clip_s
    for label in labels:
        if label.end_s > end_s + BEYOND_END_S and not segments[0].clip_id.endswith(CUT_SUFFIX):
            raise CorpusError(
                f"{path}: the label {label.text!r} ends at {label.end_s:g} s, but {segments[0].clip_id} ends at "
                f"{end_s:g} s. Is it the track of another recording?"
            )


def intersection(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Intersection of two lists of spans, each without overlaps."""
    common = [(max(a, c), min(b, d)) for a, b in spans for c, d in others]
    return sorted(span for span in common if span[0] < span[1])


def difference(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Difference of two lists of spans, each in order and without overlaps."""
    left: list[Span] = []
    for first, last in spans:
        for begin, end in others:
            if end <= first or begin >= last:
                continue
            if begin > first:
                left.append((first, begin))
            first = end
        if first < last:
            left.append((first, last))
    return left


def _length(spans: Sequence[Span]) -> int:
    return sum(last - first for first, last in spans)
