"""The revocation list: who withdrew consent, looked at before every training, conversion, export and page.

A list is a JSON file that names persons, and their recordings, by digests only. This user's own is in
`duetto.ownership.home`; DUETTO_REVOKED names further ones, such as a file on a share, which
`duetto.ownership.signature` checks. A list that is named and cannot be read stops the command: a share that is not
mounted must not count as permission.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from duetto.errors import CorpusError
from duetto.ownership.home import home
from duetto.ownership.signature import check_signature, sign_list
from duetto.ownership.subject import subject_digest
from duetto.storage.files import read_object, write_json
from duetto.storage.locks import in_turn

LIST_NAME = "revoked.json"
LISTS_VARIABLE = "DUETTO_REVOKED"
SUBJECTS, DAY, RECORDINGS = "subjects", "on", "recordings"  # keys of the file


@dataclass(frozen=True)
class Revocations:
    """Everyone who withdrew consent."""

    days: Mapping[str, str]  # by digest of the subject: the day, ISO 8601
    recordings: Mapping[str, str]  # by SHA-256 of a recording: the same day

    def day_of(self, subject: str) -> str | None:
        """The day on which a person withdrew consent; None if they did not."""
        return self.days.get(subject_digest(subject))

    def day_of_recordings(self, digests: Iterable[str]) -> str | None:
        """The first day on which the singer of one of these recordings withdrew consent; None if nobody did."""
        return min((self.recordings[digest] for digest in digests if digest in self.recordings), default=None)


def own_list() -> Path:
    """The file of this user."""
    return home() / LIST_NAME


def read_revocations() -> Revocations:
    """Everyone on this user's list and on those that DUETTO_REVOKED names.

    Raises:
        CorpusError: If a list is damaged, or one that is named is missing or wrongly signed.
    """
    named = [Path(name).expanduser() for name in os.environ.get(LISTS_VARIABLE, "").split(os.pathsep) if name]
    for path in named:
        if not path.is_file():
            raise CorpusError(f"{LISTS_VARIABLE} names {path}, which is missing. Mount its share, or name another.")
        check_signature(path)
    days: dict[str, str] = {}
    recordings: dict[str, str] = {}
    for path in (own_list(), *named):
        for digest, entry in _entries(path).items():
            day = str(entry[DAY])
            days[digest] = min(day, days.get(digest, day))
            recordings |= {each: min(day, recordings.get(each, day)) for each in entry[RECORDINGS]}
    return Revocations(days, recordings)


def add_revocation(subject: str, day: str, recordings: Iterable[str] = ()) -> None:
    """Enter a withdrawal; entering it again adds recordings and keeps the earlier day.

    Raises:
        CorpusError: If the list is damaged.
        StorageError: If it cannot be written.
    """
    with _locked():
        entries = _entries(own_list())
        digest = subject_digest(subject)
        before = entries.get(digest, {DAY: day, RECORDINGS: []})
        known = sorted({*before[RECORDINGS], *recordings})
        _write({**entries, digest: {DAY: min(day, before[DAY]), RECORDINGS: known}})


def lift_revocation(subject: str) -> str | None:
    """Take a person off this user's list when they agree again; the day of the withdrawal, None if there was none.

    Raises:
        CorpusError: If the list is damaged.
        StorageError: If it cannot be written.
    """
    with _locked():
        entries = _entries(own_list())
        entry = entries.pop(subject_digest(subject), None)
        if entry is not None:
            _write(entries)
    return None if entry is None else str(entry[DAY])


def share_list(target: Path) -> str:
    """Write this user's list to a share, with its signature beside it; what people call the key.

    Raises:
        CorpusError: If the list or the key is damaged.
        StorageError: If it cannot be written.
    """
    with _locked():
        write_json(target, {SUBJECTS: _entries(own_list())})
        return sign_list(target)


def _locked() -> AbstractContextManager[None]:
    return in_turn(home() / f"{LIST_NAME}.lock")


def _write(entries: Mapping[str, Any]) -> None:
    write_json(own_list(), {SUBJECTS: dict(entries)})


def _entries(path: Path) -> dict[str, dict[str, Any]]:
    """The persons in a list; none if there is no such file."""
    if not path.is_file():
        return {}
    entries = read_object(path).get(SUBJECTS)
    if not isinstance(entries, dict) or not all(_is_entry(entry) for entry in entries.values()):
        raise CorpusError(f"{path} is not a revocation list, or damaged. Restore it; nothing is used without it.")
    return entries


def _is_entry(entry: Any) -> bool:
    try:
        date.fromisoformat(entry[DAY])
        return all(isinstance(each, str) for each in entry[RECORDINGS])
    except (TypeError, KeyError, ValueError):
        return False
