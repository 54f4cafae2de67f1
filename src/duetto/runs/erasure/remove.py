"""Removes what a plan lists; a killed or failed erasure is resumed by the same command.

The plan is kept in a journal beside the registry until everything is gone, so that the certificate of a resumed
erasure counts what was removed before. The journal, like the registry, names the person; it is removed at the end.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from duetto.corpus.recordings.listing import COMPANION_SUFFIXES
from duetto.errors import StorageError
from duetto.ownership.home import home
from duetto.ownership.registry import open_registry
from duetto.ownership.revocation import add_revocation
from duetto.ownership.subject import subject_digest
from duetto.runs.erasure.plan import RECORDING, Item, Plan, plan_erasure
from duetto.runs.train import locked
from duetto.storage.files import read_object, sha256_file, storage_error, write_json
from duetto.storage.locks import alone
from duetto.storage.run_folder import RunFolder

LOCK_NAME = "erasure.lock"


@contextlib.contextmanager
def only_erasure() -> Iterator[None]:
    """Hold the lock of erasures.

    Raises:
        StorageError: If another one is under way.
    """
    with alone(home() / LOCK_NAME, "Another erasure is under way"):
        yield


def journal_of(subject: str) -> Path:
    """Where the plan of an erasure is kept until it is done."""
    return home() / f"erasure-{subject_digest(subject)[:16]}.json"


def current_plan(subject: str, logs: Path, data: Path) -> Plan:
    """What is to be removed, with what an erasure that was killed has removed already.

    Raises:
        StorageError: If the registry or the journal cannot be read.
    """
    plan, journal = plan_erasure(subject, logs, data), journal_of(subject)
    return Plan.from_dict(read_object(journal)).joined(plan) if journal.is_file() else plan


def erase(plan: Plan, day: str, report: Callable[[int, int], None]) -> None:
    """Remove everything in a plan, and forget it.

    Args:
        plan: From `current_plan`.
        day: Of the withdrawal that the revocation list gets, so that copies elsewhere are refused; ISO 8601.
        report: Called with (items done, items) after each.

    Raises:
        StorageError: If something cannot be removed, or a process is working on a run; what can be removed is gone.
    """
    _require_idle(plan)
    write_json(journal_of(plan.subject), plan.as_dict())
    add_revocation(plan.subject, day, [item.id for item in plan.items if item.kind == RECORDING])
    failed = []
    for number, item in enumerate(plan.items, 1):
        try:
            remove(item)
        except OSError as error:
            failed.append(str(storage_error(Path(item.path), error)))
        report(number, len(plan.items))
    if failed:
        raise StorageError(f"{len(failed)} of {len(plan.items)} could not be removed. {failed[0]}")
    with open_registry() as registry:
        registry.forget(plan.ids)
    journal_of(plan.subject).unlink()


def remove(item: Item) -> None:
    """Remove a file or folder with what lies beside it; nothing if it is gone, or another file took its place.

    Raises:
        OSError: If it cannot be removed.
    """
    path = Path(item.path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_file() and (item.kind != RECORDING or sha256_file(path) == item.id):
        path.unlink()
    for beside in _beside(item.kind, path):
        beside.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it holds something else, or is gone
        path.parent.rmdir()


def _beside(kind: str, path: Path) -> list[Path]:
    """The record of a converted or exported file; scores and labels of a recording."""
    if kind == RECORDING and not path.exists():
        return [path.with_suffix(suffix) for suffix in sorted(COMPANION_SUFFIXES)]
    return [path.with_name(f"{path.name}.json")] if kind in ("conversion", "export") else []


def _require_idle(plan: Plan) -> None:
    for item in plan.items:
        if item.kind == "run" and RunFolder(Path(item.path)).path.is_dir():
            with locked(Path(item.path)):
                pass
