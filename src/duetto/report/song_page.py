"""The page of a converted song: the cover beside the original, and every stem, linked from the page's folder."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from duetto.report.template import content_policy, make_environment, template_source
from duetto.storage.files import write_text


def write_song_page(
    page: Path, headline: str, sounds: Mapping[str, tuple[Path, str]], facts: Mapping[str, str], notes: Sequence[str]
) -> None:
    """Write the page.

    Args:
        page: The .html file.
        headline: What was done, in a sentence.
        sounds: Path and remark of each sound by its title, in order; the first is the result.
        facts: What was chosen, by name.
        notes: What the listener should know, one sentence each.

    Raises:
        StorageError: If it cannot be written.
    """
    environment = make_environment()
    style, script = (template_source(environment, name) for name in ("run.css", "run.js"))
    players = [
        {"role": "source" if place else "output", "name": name, "note": note, "uri": _beside(path, page)}
        for place, (name, (path, note)) in enumerate(sounds.items())
    ]
    text = environment.get_template("song.html").render(
        headline=headline,
        players=players,
        facts=list(facts.items()),
        notes=notes,
        policy=content_policy(style, script, "file: 'self'"),
        style=style,
        script=script,
    )
    write_text(page, text)


def _beside(path: Path, page: Path) -> str:
    return quote(Path(os.path.relpath(path.resolve(), page.parent.resolve())).as_posix())
