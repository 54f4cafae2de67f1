"""The players of the page: every song's source, each architecture's best run and the reference, at each pitch.

Sounds are embedded in the page up to a budget, the most important first; the others are linked by relative paths, and
the page says how many.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from duetto.evaluation.registry import metric_named
from duetto.progress import ReportProgress
from duetto.report.collect import RunRecord, SongFolder, section
from duetto.report.comparison.curves import split_shift
from duetto.report.comparison.names import architecture, architecture_order, architecture_title
from duetto.report.figures import spectrogram_stack
from duetto.report.own_voice import is_own
from duetto.report.sections import SONG_METRICS, audio_uri, png_uri
from duetto.storage.files import sha256_file

MEGABYTES = 24.0  # of encoded sound in the page
MAX_PICTURES = 12
FRONT = 4  # runs that stand side by side; of more, the best of each architecture
RANKED_BY = "mcd_output"  # lower is better; selects the run that represents an architecture


@dataclass
class Shelf:
    """Sounds of a page, embedded or linked."""

    page_folder: Path
    num_bytes: float
    embedded: int = 0
    linked: int = 0
    used: int = 0
    _uris: dict[str, str] = field(default_factory=dict)

    def place(self, path: Path) -> dict[str, Any]:
        """URI of a sound for a player, and whether it is embedded."""
        if self.used < self.num_bytes:
            digest = sha256_file(path)
            uri = self._uris.get(digest) or audio_uri(path)
            self._uris[digest] = uri
            if self.used + len(uri) <= self.num_bytes:
                self.used += len(uri)
                self.embedded += 1
                return {"uri": uri, "is_linked": False}
            self.num_bytes = 0  # later sounds matter less, even small ones
        return self.link(path)

    def link(self, path: Path) -> dict[str, Any]:
        """Link a sound without embedding it."""
        self.linked += 1
        return {"uri": self.beside(path), "is_linked": True}

    def beside(self, path: Path) -> str:
        """A path as the page links it."""
        return quote(Path(os.path.relpath(path.resolve(), self.page_folder.resolve())).as_posix())

    @property
    def said(self) -> str:
        """A sentence on embedded and linked sounds."""
        size = f"{self.embedded} sounds are in this page ({self.used / 1e6:.1f} MB, MP3)"
        if not self.linked:
            return f"{size}; it can be moved and sent without other files."
        return (
            f"{size}; {self.linked} more are linked and play only while the folders of the runs are where they were "
            "when the page was written."
        )


@dataclass
class Rendition:
    """A song at one pitch, converted by several runs."""

    shift: int
    takes: list[tuple[RunRecord, SongFolder]] = field(default_factory=list)


@dataclass
class Piece:
    """One song of one case, sung by one source for one target."""

    case: str
    song: str
    source: str
    target: str
    renditions: dict[int, Rendition] = field(default_factory=dict)


def gather_pieces(runs: Sequence[RunRecord]) -> list[Piece]:
    """Songs of all runs; those with the most runs and pitches come first."""
    pieces: dict[tuple[str, ...], Piece] = {}
    for run in runs:
        case, target, seed = str(run.facts.get("case") or ""), _target(run), _data_seed(run)
        for taken in run.songs:
            song, shift = split_shift(taken.song)
            key = (case, target, seed, song, taken.source_name)
            piece = pieces.setdefault(key, Piece(case, song, taken.source_name, target))
            piece.renditions.setdefault(shift, Rendition(shift)).takes.append((run, taken))
    return sorted(pieces.values(), key=lambda piece: -sum(len(r.takes) for r in piece.renditions.values()))


def front_takes(rendition: Rendition) -> list[tuple[RunRecord, SongFolder]]:
    """The runs with this rendition that stand in front: all of a few, else the best of each architecture.

    Within an architecture, the run with the lowest mean over all its songs comes first.
    """
    sung = [(run, taken) for run, taken in rendition.takes if "output" in taken.audio]
    if len(sung) <= FRONT:
        return sorted(sung, key=lambda take: (architecture_order(architecture(take[0])), take[0].mean(RANKED_BY)))
    best: dict[str, tuple[RunRecord, SongFolder]] = {}
    for run, taken in sung:
        name = architecture(run)
        held = best.get(name)
        if held is None or run.mean(RANKED_BY) < held[0].mean(RANKED_BY):
            best[name] = (run, taken)
    return [best[name] for name in sorted(best, key=architecture_order)]


def listening_part(runs: Sequence[RunRecord], shelf: Shelf, report: ReportProgress) -> dict[str, Any]:
    """Pieces with players, scores and pictures as values for the template."""
    pieces = gather_pieces(runs)
    num_renditions = sum(len(piece.renditions) for piece in pieces)
    parts: list[dict[str, Any]] = []
    drawn, done = 0, 0
    for piece in pieces:
        rows = []
        for shift in sorted(piece.renditions, key=abs):
            report(f"Sounds and pictures of {piece.song}", done, num_renditions)
            has_picture = drawn < MAX_PICTURES
            rows.append(_row(piece, piece.renditions[shift], shelf, has_picture))
            drawn, done = drawn + has_picture, done + 1
        title = f"{piece.song}, sung by {piece.source}" + (f" for {piece.target}" if piece.target else "")
        parts.append({"title": title, "case": piece.case, "rows": rows})
    for part in parts:  # after all sounds that matter more
        for row in part["rows"]:
            row["others"] = [_player(shelf, *other) for other in row["others"]]
    left_out = num_renditions - drawn
    return {
        "pieces": parts,
        "front_only": FRONT if any(len(r.takes) > FRONT for piece in pieces for r in piece.renditions.values()) else 0,
        "has_shifted": any(shift for piece in pieces for shift in piece.renditions),
        "pictures_left_out": left_out,
    }


def _row(piece: Piece, rendition: Rendition, shelf: Shelf, has_picture: bool) -> dict[str, Any]:
    title = f"{piece.song}, {shift_title(rendition.shift)}"
    front = front_takes(rendition)
    takes = [(run, taken) for run, taken in rendition.takes if "output" in taken.audio]
    first = front[0][1] if front else rendition.takes[0][1]
    rebuilt = bool(front) and is_own(front[0][0])
    wanted = [("source", "Recording" if rebuilt else "Source", first.audio.get("source"))]
    wanted += [("output", _take_title(run), taken.audio["output"]) for run, taken in front]
    wanted += [] if rebuilt else [("reference", "Reference", first.audio.get("reference"))]
    chosen = {id(taken) for _, taken in front}
    others = [
        ("output", run.short_name, taken.audio["output"], title) for run, taken in takes if id(taken) not in chosen
    ]
    others += [
        ("copy_synthesis", f"Copy synthesis of {run.short_name}", taken.audio["copy_synthesis"], title)
        for run, taken in front
        if "copy_synthesis" in taken.audio
    ]
    return {
        "title": shift_title(rendition.shift),
        "players": [_player(shelf, role, name, path, title) for role, name, path in wanted if path is not None],
        "others": others,
        "scores": _scores(front),
        "names": [_take_title(run) for run, _ in front],
        "picture": _picture(title, first, front) if has_picture and front else None,
    }


def _player(shelf: Shelf, role: str, name: str, path: Path, title: str) -> dict[str, Any]:
    return {"role": role, "name": name, "label": f"{name}: {title}", **shelf.place(path)}


def _take_title(run: RunRecord) -> str:
    """Title of a conversion: the architecture and its run."""
    return f"{architecture_title(architecture(run))} {run.which}".rstrip()


def _scores(front: Sequence[tuple[RunRecord, SongFolder]]) -> list[dict[str, Any]]:
    metrics = [metric_named(name) for name in SONG_METRICS]
    return [
        {
            "title": metric.title,
            "values": [metric.shown(taken.scores.get(metric.name)) for _, taken in front],
        }
        for metric in metrics
    ]


def _picture(title: str, first: SongFolder, front: Sequence[tuple[RunRecord, SongFolder]]) -> dict[str, str] | None:
    tracks = [("Source", first.audio.get("source"))]
    tracks += [(_take_title(run), taken.audio["output"]) for run, taken in front]
    tracks.append(("Reference", first.audio.get("reference")))
    known = [(name, path) for name, path in tracks if path is not None]
    names = ", ".join(name for name, _ in known)
    return {
        "uri": png_uri(spectrogram_stack(known)),
        "alt": f"Log-mel spectrograms of {title}, one above another on the same time axis and colour scale: {names}; "
        "their pitch contours are drawn together below.",
    }


def shift_title(semitones: int) -> str:
    """A transposition in words."""
    return "native register" if semitones == 0 else f"{semitones:+d} semitones"


def _target(run: RunRecord) -> str:
    speakers = run.facts.get("speakers")
    return ", ".join(map(str, speakers)) if isinstance(speakers, list) else ""


def _data_seed(run: RunRecord) -> str:
    return str(section(section(run.facts, "config"), "data").get("seed"))
