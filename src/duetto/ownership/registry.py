"""The registry: which artefact on this machine was made from which, in one SQLite file of this user.

It answers what became of a person's recordings, wherever it lies. Every fact in it stands in an artefact too, so a lost
or damaged registry is made again by `python -m duetto lineage --rebuild`. Several processes may write at once: each
write is one transaction, and SQLite waits for the others. On a file system without locks, which SQLite needs, a lock of
our own lets one process in at a time.
"""

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from duetto.errors import StorageError
from duetto.ownership.home import home
from duetto.ownership.subject import spelled
from duetto.storage.files import make_folder
from duetto.storage.flock import has_locks
from duetto.storage.locks import in_turn

REGISTRY_NAME = "lineage.sqlite"
CONVERSION = "conversion"  # kind of a converted file
WAIT_S = 60.0  # for another process's transaction
WITHOUT_LOCKS = "?vfs=unix-none"  # of SQLite's address of a file: it locks nothing
TABLES = """
CREATE TABLE IF NOT EXISTS artefact (id TEXT, path TEXT, kind TEXT, name TEXT, record TEXT, PRIMARY KEY (id, path));
CREATE TABLE IF NOT EXISTS made_from (id TEXT, parent TEXT, role TEXT, PRIMARY KEY (id, parent, role));
CREATE INDEX IF NOT EXISTS became ON made_from (parent);
CREATE TABLE IF NOT EXISTS subject (id TEXT, subject TEXT, PRIMARY KEY (subject, id));
CREATE INDEX IF NOT EXISTS subjects_of ON subject (id);
CREATE TABLE IF NOT EXISTS place (path TEXT PRIMARY KEY);
"""
MADE_OF = """
WITH RECURSIVE reached (id) AS (
    SELECT id FROM subject WHERE subject = ?
    UNION SELECT made_from.id FROM made_from JOIN reached ON parent = reached.id
) SELECT id FROM reached
"""

EVERYONE_IN = """
WITH RECURSIVE above (id) AS (
    SELECT ? UNION SELECT made_from.parent FROM made_from JOIN above ON made_from.id = above.id
) SELECT DISTINCT subject FROM subject JOIN above ON subject.id = above.id ORDER BY subject
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Artefact:
    """A file or folder, by its content."""

    id: str  # a SHA-256, a run's signature, or `<signature>/<part>` for what lies in a run
    kind: str  # recording, corpus, features, run, weights, conversion, export, ...
    name: str
    path: str = ""  # absolute; empty = it is known only as an ancestor
    parents: tuple[tuple[str, str], ...] = ()  # (role, id)
    subjects: tuple[str, ...] = ()  # persons whose recordings it is made from directly
    record: Mapping[str, Any] = field(default_factory=dict)  # consent and made_from of weights


class Registry:
    """An open registry; made by `open_registry`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def enter(self, artefacts: Iterable[Artefact], places: Iterable[Path] = ()) -> None:
        """Add artefacts, or replace what is known of the same ones at the same paths."""
        found = [each for each in artefacts if each.id]
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT OR REPLACE INTO artefact VALUES (?, ?, ?, ?, ?)",
                [(each.id, each.path, each.kind, each.name, _text(each.record)) for each in found],
            )
            edges = [(each.id, id, role) for each in found for role, id in each.parents if id not in ("", each.id)]
            connection.executemany("INSERT OR IGNORE INTO made_from VALUES (?, ?, ?)", edges)
            persons = [(each.id, spelled(subject)) for each in found for subject in each.subjects]
            connection.executemany("INSERT OR IGNORE INTO subject VALUES (?, ?)", persons)
            connection.executemany("INSERT OR IGNORE INTO place VALUES (?)", [(str(p.absolute()),) for p in places])

    def of_subject(self, subject: str) -> list[Artefact]:
        """Everything made from a person's recordings, whatever way the identifier is spelled, by path."""
        return self._read(f"id IN ({MADE_OF})", (spelled(subject),))

    def find(self, wanted: str) -> list[Artefact]:
        """Artefacts by the start of their id, their path, or their name."""
        return self._read(
            "id = ?1 OR path = ?1 OR name = ?1 OR (length(?1) >= 6 AND substr(id, 1, length(?1)) = ?1)", (wanted,)
        )

    def of_ids(self, ids: Sequence[str]) -> list[Artefact]:
        """Artefacts by their ids."""
        return self._read("id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),))

    def parents(self, id: str) -> list[tuple[str, str]]:
        """What an artefact was made from: (role, id)."""
        return self._connection.execute(
            "SELECT role, parent FROM made_from WHERE id = ? ORDER BY role, parent", (id,)
        ).fetchall()

    def children(self, id: str) -> list[tuple[str, str]]:
        """What was made from an artefact: (role, id)."""
        return self._connection.execute(
            "SELECT role, id FROM made_from WHERE parent = ? ORDER BY role, id", (id,)
        ).fetchall()

    def everyone_in(self, id: str) -> list[str]:
        """Persons whose recordings an artefact is made from, by whatever way."""
        return [row[0] for row in self._connection.execute(EVERYONE_IN, (id,))]

    def subjects(self, id: str) -> list[str]:
        """Persons whose recordings an artefact is made from directly."""
        return [row[0] for row in self._connection.execute("SELECT subject FROM subject WHERE id = ?", (id,))]

    def places(self) -> list[Path]:
        """Folders of runs and of data that this machine has worked in."""
        return [Path(row[0]) for row in self._connection.execute("SELECT path FROM place ORDER BY path")]

    def clear(self) -> None:
        """Forget every artefact, but not the places."""
        with self._connection as connection:
            for table in ("artefact", "made_from", "subject"):
                connection.execute(f"DELETE FROM {table}")

    def forget(self, ids: Sequence[str]) -> None:
        """Remove artefacts and their links; their bytes are overwritten in the file."""
        wanted = json.dumps(list(ids))
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            for table in ("artefact", "made_from", "subject"):
                connection.execute(
                    f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(?))",
                    (wanted,),
                )
            connection.execute("DELETE FROM made_from WHERE parent IN (SELECT value FROM json_each(?))", (wanted,))

    def _read(self, condition: str, values: tuple[str, ...]) -> list[Artefact]:
        rows = self._connection.execute(
            f"SELECT id, kind, name, path, record FROM artefact WHERE {condition} ORDER BY path, id",
            values,
        )
        return [Artefact(id, kind, name, path, record=json.loads(record)) for id, kind, name, path, record in rows]


def registry_path() -> Path:
    """The file of this user's registry."""
    return home() / REGISTRY_NAME


@contextmanager
def open_registry() -> Iterator[Registry]:
    """Open this user's registry, empty at first; a damaged one is replaced by an empty one, with a warning.

    Raises:
        StorageError: If it cannot be opened or written.
    """
    path = registry_path()
    has_own_locks = has_locks(make_folder(path.parent))
    turn = nullcontext() if has_own_locks else in_turn(path.with_name(f"{REGISTRY_NAME}.lock"))
    try:
        with turn, closing(_connect(path, "" if has_own_locks else WITHOUT_LOCKS)) as connection:
            yield Registry(connection)
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"The registry {path} cannot be used: {error}. Set DUETTO_HOME to another folder."
        ) from error


def _connect(path: Path, options: str) -> sqlite3.Connection:
    place = f"file:{quote(str(path))}{options}"
    try:
        return _prepared(sqlite3.connect(place, timeout=WAIT_S, uri=True))
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        path.unlink()
        logger.warning(
            "The registry %s was damaged (%s) and starts anew. `python -m duetto lineage --rebuild` reads the runs and "
            "data again; name folders elsewhere with --logs and --data.",
            path,
            error,
        )
        return _prepared(sqlite3.connect(place, timeout=WAIT_S, uri=True))


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA secure_delete = ON")
    connection.executescript(TABLES)
    return connection


def _text(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, sort_keys=True)
