"""`python -m duetto score`: shows the content of a score file, or writes it in another format."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from duetto.score.tracks import ALL, choose_tracks

if TYPE_CHECKING:
    from duetto.score.score import Score


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser(
        "score",
        help="show a score file, or write it in another format",
        description="Show a score, or write it in another format: python -m duetto score song.svp song.mid",
        epilog=formats_text(),
    )
    parser.add_argument("source", type=score_file, help="a score file, or the name of a song that ships: slow_02")
    parser.add_argument("output", type=Path, nargs="?", help="a file to write; its suffix names the format")
    parser.add_argument(
        "--tracks",
        default=ALL,
        help="numbers from 1, such as 1,3; sounding (those that are not muted); or all (default)",
    )
    parser.set_defaults(action=show_or_convert)


def score_file(text: str) -> Path:
    """The score that a path names, or that of a song that ships."""
    from duetto.corpus.embedded_cases.songs import song_names, song_path

    path = Path(text)
    return song_path(text) if not path.exists() and text in song_names() else path


def formats_text() -> str:
    """The formats with their suffixes, as lines of a help text."""
    from duetto.score.formats.registry import FORMATS

    lines = (f"  {form.title:22} {', '.join(form.suffixes)}" for form in FORMATS)
    return "\n".join(("score formats, recognised by their content:", *lines))


def show_or_convert(options: argparse.Namespace, console: Console) -> None:
    """Print the tracks, and write them if there is an output."""
    from duetto.score.formats.registry import format_of

    form = format_of(options.source)
    scores = form.read(options.source)
    numbers = choose_tracks(scores, options.tracks, options.source)
    table = Table("track", "name", "notes", "MIDI", "muted", title=f"{options.source}: {form.title}")
    table.add_column("lyrics", overflow="ellipsis", no_wrap=True)
    for number in numbers:
        score = scores[number - 1]
        midi = [note.midi for note in score.notes]
        lyrics = " ".join(note.lyric for note in score.notes)[:200]
        span, muted = f"{min(midi)} to {max(midi)}", "yes" if score.is_muted else "no"
        table.add_row(str(number), Text(score.name), str(len(midi)), span, muted, Text(lyrics))
    lines = [f"ignored: {line}" for line in dict.fromkeys(line for n in numbers for line in scores[n - 1].ignored)]
    if options.output is not None:
        lines += _convert([scores[number - 1] for number in numbers], numbers, options)
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(table)


def _convert(scores: Sequence["Score"], numbers: Sequence[int], options: argparse.Namespace) -> list[str]:
    """Write the tracks, to several files if the format holds one track; return the lines to print."""
    from duetto.errors import ConfigError
    from duetto.score.formats.registry import format_for, write_score

    form, output = format_for(options.output), options.output
    if output.exists() and output.samefile(options.source):
        raise ConfigError(f"{output} is the source itself; name another file to write.")
    groups = {output: list(scores)}
    if len(scores) > 1 and not form.holds.tracks:
        groups = {
            output.with_stem(f"{output.stem}_track{number}"): [score]
            for number, score in zip(numbers, scores, strict=True)
        }
    lost: dict[str, None] = {}
    for path, group in groups.items():
        lost.update(dict.fromkeys(write_score(group, path)))
    lines = [f"{form.title} does not hold: {', '.join(lost)}"] if lost else []
    return [*lines, *(f"written: {path}" for path in groups)]
