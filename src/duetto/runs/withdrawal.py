"""Withdraws a person's consent everywhere: on the revocation list, in consent records, in runs and voices.

The list alone stops every use of what is made from the person's recordings. That the day also stands in the records is
for whoever reads them, and for copies of a run that go to another machine.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from duetto.errors import StorageError
from duetto.ownership.consent import CONSENT_NAME, Consent, write_consent
from duetto.ownership.consent_file import read_record
from duetto.ownership.heritage import MADE_FROM, described
from duetto.ownership.registry import Artefact, open_registry
from duetto.ownership.revocation import add_revocation
from duetto.ownership.subject import spelled
from duetto.runs.registration import read_again
from duetto.storage.files import read_object, write_json
from duetto.storage.run_folder import VOICE_CARD_NAME, RunFolder
from duetto.voices.owners import parents_of_run

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Withdrawn:
    """What a withdrawal reached."""

    records: tuple[Path, ...]  # consent records, runs' records and voices' cards that hold the day now
    runs: tuple[str, ...]  # names of the runs that use the person's recordings, by whatever way
    kinds: tuple[tuple[str, int], ...]  # of artefacts that are refused from now on, and their number
    gone: tuple[str, ...]  # paths at which the registry knew artefacts that are not there any more


def withdraw(subject: str, day: str, logs: Path, data: Path, records: Iterable[Path] = ()) -> Withdrawn:
    """Withdraw consent from a day on.

    Args:
        subject: The person's identifier, in any spelling.
        day: ISO 8601, today or earlier.
        logs: A folder of runs, beside those that the registry knows.
        data: A folder of corpora, likewise.
        records: Consent records, beside those of what the registry knows.

    Raises:
        CorpusError: If the revocation list is damaged.
        StorageError: If list or registry cannot be written.
    """
    read_again(logs, data)
    with open_registry() as registry:
        reached = registry.of_subject(subject)
    add_revocation(subject, day, [each.id for each in reached if each.kind == "recording"])
    runs = [RunFolder(Path(each.path)) for each in reached if each.kind == "run" and Path(each.path).is_dir()]
    beside = dict.fromkeys((*records, *_consent_records(reached)))
    entered = [path for path in beside if _enter_in_consent(path, subject, day)]
    for run in runs:
        entered += [path for path in _records_of(run) if _enter_in_run(path, run, subject, day)]
    there = [each for each in reached if each.path and Path(each.path).exists()]
    gone = [each.path for each in reached if each.path and not Path(each.path).exists()]
    kinds = Counter(each.kind for each in there)
    names = tuple(dict.fromkeys(run.name for run in runs))
    return Withdrawn(tuple(entered), names, tuple(sorted(kinds.items())), tuple(gone))


def revoked(consent: Consent, subject: str, day: str) -> Consent:
    """A record with the day of withdrawal, if it is the person's or one of its members is."""
    members = tuple(revoked(member, subject, day) for member in consent.members)
    if spelled(consent.subject) == spelled(subject) or members != consent.members:
        return replace(consent, members=members, revoked_at=min(day, consent.revoked_at or day))
    return consent


def _consent_records(reached: list[Artefact]) -> list[Path]:
    """Consent records beside recordings and in corpora."""
    folders = [Path(each.path) for each in reached if each.kind.endswith("corpus") and each.path]
    for each in reached:
        if each.kind == "recording":
            folders += Path(each.path).parents
    return [path for folder in dict.fromkeys(folders) if (path := folder / CONSENT_NAME).is_file()]


def _enter_in_consent(path: Path, subject: str, day: str) -> bool:
    before = read_record(path)
    after = revoked(before, subject, day)
    return after != before and _written(lambda: write_consent(path, after))


def _records_of(run: RunFolder) -> list[Path]:
    return [path for path in (run.record, *sorted(run.path.glob(f"*/{VOICE_CARD_NAME}"))) if path.is_file()]


def _enter_in_run(path: Path, run: RunFolder, subject: str, day: str) -> bool:
    """Enter the day in a record; one of an earlier version first gets what its run was made from."""
    try:
        record = read_object(path)
        if MADE_FROM not in record and run.is_run:
            record |= described(parents_of_run(read_object(run.record), str(run.record)))
    except StorageError as error:
        logger.warning("The withdrawal is not entered here, but the revocation list holds it: %s", error)
        return False
    return _enter(record, subject, day) and _written(lambda: write_json(path, record))


def _written(write: Callable[[], None]) -> bool:
    """Whether a record could be written; one on a read-only disk does not keep a withdrawal from the others."""
    try:
        write()
    except StorageError as error:
        logger.warning("The withdrawal is not entered here, but the revocation list holds it: %s", error)
        return False
    return True


def _enter(value: Any, subject: str, day: str) -> bool:
    """Enter the day in every record of the person below a JSON value, and in the joint records around them."""
    if not isinstance(value, dict | list):
        return False
    inner = [_enter(item, subject, day) for item in (value.values() if isinstance(value, dict) else value)]
    is_inside = True in inner
    if isinstance(value, list):
        return is_inside
    is_own = spelled(str(value.get("subject", ""))) == spelled(subject)
    if is_own or (is_inside and "members" in value):
        value["revoked_at"] = min(day, value.get("revoked_at") or day)
    return is_own or is_inside
