"""`python -m duetto lineage X`: draws what something was made from, and what became of it."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from duetto.errors import ConfigError

if TYPE_CHECKING:
    from duetto.ownership.registry import Artefact, Registry

SHOWN = 40  # branches of a tree that are drawn; the rest are counted


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("lineage", help="show what something was made from, and what it became")
    parser.add_argument(
        "what", nargs="?", help="a file, a run, a corpus, the start of a digest, or a person's identifier"
    )
    parser.add_argument("--rebuild", action="store_true", help="make the registry again from the runs and data on disk")
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="folder of runs")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of corpora and caches")
    parser.set_defaults(action=show_lineage)


def show_lineage(options: argparse.Namespace, console: Console) -> None:
    """Rebuild the registry if asked to, and draw the two trees of everything that `what` names."""
    from duetto.ownership.registry import open_registry
    from duetto.runs.registration import read_again

    if options.rebuild:
        number = read_again(options.logs, options.data, is_cleared=True)
        console.print(f"The registry holds {number} artefacts.")
    if options.what is None:
        if not options.rebuild:
            raise ConfigError(
                "Name a file, a run or a person, as `python -m duetto lineage latest`, or give --rebuild."
            )
        return
    with open_registry() as registry:
        for artefact in named(registry, options.what, options.logs):
            console.print(tree_of(registry, artefact, "made from", registry.parents))
            console.print(tree_of(registry, artefact, "became", registry.children))


def named(registry: "Registry", what: str, logs: Path) -> "list[Artefact]":
    """The artefacts that a word names, each once.

    Raises:
        ConfigError: If the registry knows nothing of that name.
    """
    from duetto.errors import CheckpointError
    from duetto.runs.artefacts import artefacts_of_run
    from duetto.storage.files import sha256_file
    from duetto.storage.run_folder import RunFolder
    from duetto.voices.find import find_run

    path = Path(what)
    if path.is_file():
        found = registry.of_ids([sha256_file(path)])
    else:
        try:
            run = RunFolder(path if RunFolder(path).is_run else find_run(logs, what))
            registry.enter(artefacts_of_run(run), [run.path.parent])
            found = registry.find(str(run.path.absolute()))
        except CheckpointError:  # not a run
            found = registry.find(str(path.absolute())) or registry.find(what) or roots_of(registry, what)
    if not found:
        raise ConfigError(
            f"The registry knows nothing of {what}. `python -m duetto lineage --rebuild` reads the runs in --logs and "
            "the data in --data again."
        )
    return list({each.id: each for each in found}.values())


def roots_of(registry: "Registry", subject: str) -> "list[Artefact]":
    """A person's recordings; without any on this machine, everything made from them."""
    everything = registry.of_subject(subject)
    return [each for each in everything if each.kind == "recording"] or everything


def tree_of(registry: "Registry", root: "Artefact", title: str, links: Callable[[str], list[tuple[str, str]]]) -> Tree:
    """A tree along parents or children; what was drawn before is not drawn below again."""
    tree, drawn = Tree(f"{describe([root], root.id)} [bold]{title}[/]"), {root.id}

    def grow(branch: Tree, id: str) -> None:
        found = links(id)
        for role, other in found[:SHOWN]:
            label = f"{escape(role)}: {describe(registry.of_ids([other]), other)}{persons(registry, other)}"
            inner = branch.add(label if other not in drawn else f"{label} (see above)")
            if other not in drawn:
                drawn.add(other)
                grow(inner, other)
        if len(found) > SHOWN:
            branch.add(f"and {len(found) - SHOWN} more")

    grow(tree, root.id)
    if not tree.children:
        tree.add("nothing that the registry knows of")
    return tree


def persons(registry: "Registry", id: str) -> str:
    """Whose recordings an artefact is made from directly, for a label."""
    names = registry.subjects(id)
    return f" [yellow]voice of {escape(', '.join(names))}[/]" if names else ""


def describe(artefacts: "list[Artefact]", id: str) -> str:
    """Kind, name, digest and places of an artefact."""
    places = [each.path for each in artefacts if each.path]
    first = max(artefacts, key=lambda each: bool(each.path), default=None)
    what = f"{first.kind} {first.name}" if first else "something unregistered"
    where = f", {places[0]}{f' and {len(places) - 1} more' if len(places) > 1 else ''}" if places else ""
    return escape(f"{what} ({id[:12]}{where})")
