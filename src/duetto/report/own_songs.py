"""The user's own songs as the voice sang them while it was trained: players in the order of steps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duetto.report.song_page import write_song_page
from duetto.storage.own_songs import SOURCE_NAME, conversions_by_step, folders_of_songs
from duetto.storage.run_folder import RunFolder

MOST_STEPS = 8  # players of a song on the run's page; more would make it heavy
PAGE = "index.html"


@dataclass(frozen=True)
class OwnSong:
    """A song that was converted while training."""

    name: str
    source: Path
    by_step: dict[int, Path]  # ascending


def own_songs_of(run: RunFolder) -> tuple[OwnSong, ...]:
    """The songs of a run with at least one conversion, by name."""
    songs = (
        OwnSong(folder.name, folder / SOURCE_NAME, conversions_by_step(folder))
        for folder in folders_of_songs(run.own_songs)
    )
    return tuple(song for song in songs if song.by_step)


def shown_steps(steps: Iterable[int], selected: int | None = None) -> list[int]:
    """At most `MOST_STEPS` of ascending steps, evenly: the first, the last, and the one nearest to the voice's own."""
    every = list(steps)
    if len(every) <= MOST_STEPS:
        return every
    last = MOST_STEPS - 1
    kept = {every[round(place * (len(every) - 1) / last)] for place in range(MOST_STEPS)}
    if selected is not None:
        nearest = min(every, key=lambda step: abs(step - selected))
        if nearest not in kept:
            kept = kept - {min(kept - {every[0], every[-1]}, key=lambda step: abs(step - nearest))} | {nearest}
    return sorted(kept)


def remark(step: int, selected: int | None) -> str:
    """What is said beside a step."""
    return "these weights became the voice" if step == selected else ""


def selected_step(facts: Mapping[str, Any]) -> int | None:
    """The step whose weights became the voice; None while it is trained."""
    chosen = facts.get("selected")
    step = chosen.get("step") if isinstance(chosen, dict) else None
    return step if isinstance(step, int) else None


def write_own_songs_page(run: RunFolder, semitones: Mapping[str, float]) -> Path:
    """Write the page to listen to while the training goes on: it links the sounds beside it.

    Args:
        run: The run.
        semitones: By which each song was transposed, by its name.

    Raises:
        StorageError: If it cannot be written.
    """
    page = run.own_songs / PAGE
    sounds: dict[str, tuple[Path, str]] = {}
    for song in own_songs_of(run):
        sounds |= {f"{song.name}, step {step}": (path, "") for step, path in reversed(song.by_step.items())}
        sounds[f"{song.name}, source"] = (song.source, "as it was sung")
    facts = {f"transposition of {name}": f"{interval:+g} semitones" for name, interval in semitones.items() if interval}
    notes = ("Load the page again to hear later steps. These songs are not scored.",)
    write_song_page(page, "Your songs while the voice is trained", sounds, facts, notes)
    return page
