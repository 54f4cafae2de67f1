"""What an erasure removes: every artefact that the registry finds, and files that mention one of them.

Caches whose files do not say whose they are (analysed references, diagnoses) go as a whole: they are computed again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from duetto.ownership.consent import CONSENT_NAME
from duetto.ownership.consent_file import read_record
from duetto.ownership.heritage import persons_of
from duetto.ownership.registry import Artefact, Registry, open_registry
from duetto.ownership.subject import spelled
from duetto.runs.artefacts import FEATURES_NAME
from duetto.runs.erasure.mentions import files_that_mention
from duetto.runs.registration import PREPROCESSED, read_again
from duetto.runs.test import REFERENCES_FOLDER

RECORDING, RECORD, CACHE, MENTION = "recording", "consent record", "cache", "mention"  # kinds of items
UNNAMED_CACHES = (REFERENCES_FOLDER, "doctor")
FEATURES = "features"
ANCESTRY = ("run", "corpus", "preprocessed corpus", "conversion", "export")  # kinds that may hold other persons, too


@dataclass(frozen=True)
class Item:
    """A file or folder to remove."""

    kind: str
    path: str
    id: str = ""  # its digest, if it has one
    num_files: int = 0
    num_bytes: int = 0
    others: tuple[str, ...] = ()  # further persons whose recordings are in it


@dataclass(frozen=True)
class Plan:
    """Everything to remove, and the ids that the registry forgets then."""

    subject: str
    items: tuple[Item, ...]
    ids: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Plan":
        """Read what `as_dict` gave."""
        items = tuple(Item(**{**item, "others": tuple(item["others"])}) for item in values["items"])
        return cls(values["subject"], items, tuple(values["ids"]))

    def joined(self, other: "Plan") -> "Plan":
        """This plan, and what another one adds to it."""
        known = {item.path for item in self.items}
        added = tuple(item for item in other.items if item.path not in known)
        return Plan(self.subject, self.items + added, tuple(dict.fromkeys(self.ids + other.ids)))


def plan_erasure(subject: str, logs: Path, data: Path) -> Plan:
    """Find everything that is made from a person's recordings.

    Args:
        subject: The person's identifier, in any spelling.
        logs: A folder of runs, beside those that the registry knows.
        data: A folder of corpora and caches, likewise.

    Raises:
        StorageError: If the registry cannot be used.
    """
    read_again(logs, data)
    with open_registry() as registry:
        reached = registry.of_subject(subject)
        found = [_item(registry, each, subject) for each in reached if each.path and Path(each.path).exists()]
        places = [path for path in registry.places() if path.is_dir()]
    found += [_sized(RECORD, path) for path in _consent_records(reached, subject)]
    found += [_sized(CACHE, path) for path in _caches(reached)]
    outermost = _outermost(found)
    names = {each.name for each in reached if each.kind == "run"} | {each.id for each in reached}
    mentions = files_that_mention(places, names, [Path(item.path) for item in outermost])
    items = (*outermost, *(_sized(MENTION, path) for path in mentions))
    return Plan(spelled(subject), items, tuple(dict.fromkeys(each.id for each in reached)))


def files_below(path: Path) -> Iterator[Path]:
    """The file itself, or all files below the folder."""
    if path.is_dir() and not path.is_symlink():
        yield from (each for each in path.rglob("*") if each.is_symlink() or not each.is_dir())
    else:
        yield path


def _item(registry: Registry, artefact: Artefact, subject: str) -> Item:
    is_shared = artefact.kind in ANCESTRY
    others = (
        tuple(other for other in registry.everyone_in(artefact.id) if other != spelled(subject)) if is_shared else ()
    )
    return _sized(artefact.kind, Path(artefact.path), artefact.id, others)


def _sized(kind: str, path: Path, id: str = "", others: tuple[str, ...] = ()) -> Item:
    sizes = [each.lstat().st_size for each in files_below(path)]
    return Item(kind, str(path), id, len(sizes), sum(sizes), others)


def _consent_records(reached: Iterable[Artefact], subject: str) -> list[Path]:
    """Consent records of the person beside recordings."""
    folders = dict.fromkeys(
        folder for each in reached if each.kind == RECORDING for folder in list(Path(each.path).parents)[:2]
    )
    paths = [folder / CONSENT_NAME for folder in folders if (folder / CONSENT_NAME).is_file()]
    return [path for path in paths if spelled(subject) in {spelled(p.subject) for p in persons_of(read_record(path))}]


def _caches(reached: Iterable[Artefact]) -> list[Path]:
    """Files of the caches beside the person's corpora that do not say whose they are."""
    corpora = [Path(each.path) for each in reached if each.kind.endswith("corpus") and each.path]
    roots = dict.fromkeys(path.parents[1] for path in corpora)
    found = [file for root in roots for name in UNNAMED_CACHES for file in sorted((root / name).glob("*.*"))]
    for root in dict.fromkeys(path.parents[1] for path in corpora if path.parent.name == PREPROCESSED):
        if not all((path / FEATURES_NAME).is_file() for path in corpora if path.parent == root / PREPROCESSED):
            found += sorted((root / FEATURES).glob("*/*.npz"))  # an earlier version did not list them
    return found


def _outermost(items: Iterable[Item]) -> list[Item]:
    """The items that do not lie in another one, one for each path, in the order of paths."""
    kept: dict[str, Item] = {}
    for item in sorted(items, key=lambda each: Path(each.path).parts):
        if not any(str(parent) in kept for parent in (Path(item.path), *Path(item.path).parents)):
            kept[item.path] = item
    return list(kept.values())
