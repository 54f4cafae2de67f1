"""The tracker: numbers, pictures and sounds of a run on their way to W&B, to TensorBoard, to both, or nowhere.

CSV files and the page are always written; a tracker gets the same numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Values = Mapping[str, float | Path | None]


@dataclass(frozen=True)
class Item:
    """Something that a run was made from, or made: the nodes of a lineage."""

    kind: str  # dataset, weights, voice or index
    digest: str  # SHA-256 of its content, or the run's signature
    facts: Mapping[str, Any]  # that anybody may know
    is_input: bool
    files: tuple[Path, ...] = ()  # its content


@dataclass(frozen=True)
class Table:
    """Rows of the same columns: texts, numbers, and WAV files."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | Path | None, ...], ...] = field(default=())


class Destination(Protocol):
    """Where numbers, sounds and pictures of a run go."""

    def log(self, step: int, values: Values) -> None:
        """Numbers, WAV files and PNG files of a step."""

    def summarise(self, values: Mapping[str, float | None]) -> None:
        """Numbers of the whole run; None is undefined."""

    def link(self, item: Item) -> None:
        """Something that the run was made from, or made."""

    def show(self, table: Table) -> None:
        """A table of the whole run."""

    def close(self) -> None:
        """Flush and end."""


class Tracker:
    """Passes what a run logs to each destination; to nothing when logging is off."""

    def __init__(self, destinations: Sequence[Destination], where: str) -> None:
        self.destinations = list(destinations)
        self.where = where  # one phrase for the closing table
        self._sent_songs: set[str] = set()  # of the user's own, whose source has been sent
        self._has_sent_source = False  # whether source and reference of the held-out song have been sent

    def log(self, step: int, values: Values) -> None:
        """Numbers, and the paths of sounds (WAV) and pictures (PNG), by name."""
        for destination in self.destinations:
            destination.log(step, values)

    def show_validation(self, step: int, place: Path, draw: Callable[[Path, Path, Path | None], bytes] | None) -> None:
        """Send picture and sound of a held-out conversion; source and reference, which never change, are sent once.

        Args:
            step: Of the training.
            place: Folder with source.wav, output.wav and reference.wav.
            draw: Draws the three recordings as a PNG; None sends sound only.
        """
        if not self.destinations:
            return
        names = ("output",) if self._has_sent_source else ("output", "source", "reference")
        media: dict[str, float | Path | None] = {f"heldout/{name}": place / f"{name}.wav" for name in names}
        if draw is not None:
            picture = place / "spectrograms.png"
            picture.write_bytes(draw(*(place / f"{name}.wav" for name in ("source", "output", "reference"))))
            media["heldout/spectrograms"] = picture
        self.log(step, media)
        self._has_sent_source = True

    def show_own_songs(self, step: int, written: Mapping[str, Path], source: Callable[[str], Path]) -> None:
        """Send the user's own songs as the weights of a step sing them; what was sung is sent once.

        Args:
            step: Of the training.
            written: The conversion of each song, by its name.
            source: The recording of a song.
        """
        if not self.destinations or not written:
            return
        media: dict[str, float | Path | None] = {f"own_songs/{name}": path for name, path in written.items()}
        for name in written:
            if name not in self._sent_songs:
                media[f"own_songs/{name}/source"] = source(name)
                self._sent_songs.add(name)
        self.log(step, media)

    def summarise(self, values: Mapping[str, float | None]) -> None:
        """Set summary values."""
        for destination in self.destinations:
            destination.summarise(values)

    def link(self, item: Item) -> None:
        """Tell what the run was made from, or made."""
        for destination in self.destinations:
            destination.link(item)

    def show(self, table: Table) -> None:
        """Pass rows on to trackers that know tables: W&B."""
        for destination in self.destinations:
            destination.show(table)

    def close(self) -> None:
        """Flush and end."""
        while self.destinations:
            self.destinations.pop().close()
