"""Pieces of HTML that several tabs show: players, links, findings. Every text is escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from duetto.diagnosis.finding import Finding

FILES = "/files/"  # begins the address of a file below the folder of runs or of recordings
MARKS = {"serious": "Serious", "warning": "Watch", "unknown": "Unknown", "fine": "Fine"}


def players(root: str, base: Path, sounds: Sequence[tuple[str, Path]]) -> str:
    """A player for each sound.

    Args:
        root: "logs" or "recordings", which `base` is.
        base: The folder that the address of a file begins from.
        sounds: Title and file of each.
    """
    figures = (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<audio controls preload="metadata" aria-label="{escape(title, quote=True)}" '
        f'src="{address(root, base, path)}"></audio></figure>'
        for title, path in sounds
    )
    return f'<div class="players">{"".join(figures)}</div>' if sounds else ""


def address(root: str, base: Path, path: Path) -> str:
    """Where the app serves a file; it changes when the file does, so that an old sound is not heard again."""
    inside = path.resolve().relative_to(base.resolve()).as_posix()
    return f"{FILES}{root}/{quote(inside)}?{path.stat().st_mtime_ns}"


def link(text: str, target: str) -> str:
    """A link that opens a page of its own."""
    return (
        f'<p><a class="page" href="{escape(target, quote=True)}" target="_blank" rel="noopener">{escape(text)}</a></p>'
    )


def paragraphs(sentences: Iterable[str]) -> str:
    """HTML of sentences, each on lines of its own."""
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def findings(found: Iterable[Finding]) -> str:
    """What the doctor found, as sentences with their remedy."""
    items = (
        f'<li class="{each.severity}"><b>{MARKS[each.severity]}: {escape(each.check)}.</b> '
        f"{escape(' '.join(filter(None, (each.what, each.predicts, each.advice))))}</li>"
        for each in found
    )
    return f'<ul class="findings">{"".join(items)}</ul>'


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; where it is too wide, its style makes a list of each row."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in headings)
    body = "".join(f"<tr>{_cells(headings, row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(headings: Sequence[str], row: Sequence[str]) -> str:
    named = zip(headings, row, strict=True)
    return "".join(f'<td data-label="{escape(name, quote=True)}">{escape(cell)}</td>' for name, cell in named)
