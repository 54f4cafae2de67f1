"""Where weights from the hub are kept, and the digests that were recorded when they were first used.

    DUETTO_HOME/weights/OWNER--NAME/FILE      the files, under the names of their repository
    DUETTO_HOME/weights/digests/NAME.json     SHA-256, size, where it came from, when

A digest is compared on every use: with the table's, and with the one of the first use.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from duetto.errors import CheckpointError
from duetto.hub.table import PublicWeights, public_weights
from duetto.ownership.home import home
from duetto.storage.digests import digest_while_unchanged
from duetto.storage.files import read_object, write_json

FOLDER = "weights"
RECORDS = "digests"
WEB_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")  # how a file begins that is a page and no weights


def cache_folder() -> Path:
    """The folder of all weights from the hub."""
    return home() / FOLDER


def place_of(row: PublicWeights) -> Path:
    """Where the file of a row lies, or would."""
    return cache_folder() / row.repository.replace("/", "--") / row.file


def recorded(row: PublicWeights) -> dict[str, Any] | None:
    """What was recorded at the first use of a row: sha256, size, origin, date; None = it was never used.

    Raises:
        StorageError: If the record is damaged.
    """
    path = _record_path(row)
    return read_object(path) if path.is_file() else None


def check_file(row: PublicWeights, path: Path) -> str:
    """Compare a file with the table and with the record of its first use.

    Returns:
        Its SHA-256.

    Raises:
        CheckpointError: If it is a web page, has another size or digest; says what was expected.
    """
    with path.open("rb") as file:
        if file.read(64).lstrip().lower().startswith(WEB_PAGES):
            raise CheckpointError(
                f"{path} is a web page, not the weights {row.name}: a mirror or a proxy answered in their place. "
                f"{_remedy(row)}"
            )
    size = path.stat().st_size
    if row.size is not None and size != row.size:
        raise CheckpointError(f"{path} has {size} bytes; {row.name} has {row.size}. {_remedy(row)}")
    digest = digest_while_unchanged(path)
    if row.sha256 is not None and not digest.startswith(row.sha256):
        raise CheckpointError(
            f"{path} is not {row.name}: its SHA-256 begins with {digest[:16]}, expected {row.sha256[:16]}. "
            f"{_remedy(row)}"
        )
    known = recorded(row)
    if known is not None and known.get("sha256") != digest:
        raise CheckpointError(
            f"{path} is not what {row.name} was at its first use ({known.get('date')}): its SHA-256 begins with "
            f"{digest[:16]}, recorded is {str(known.get('sha256'))[:16]}. If it was damaged: "
            f"python -m duetto weights get {row.asked_for} --again. If its authors changed "
            f"it and you trust that, delete {_record_path(row)} first."
        )
    return digest


def row_of(digest: str) -> PublicWeights | None:
    """The row whose whole digest stands in the table and is this one; None = none.

    A digest that was recorded at the first use says that a file is the same as before, not whose it is.
    """
    return next((row for row in public_weights() if row.is_pinned and row.sha256 == digest), None)


def record(row: PublicWeights, digest: str, size: int, origin: str) -> None:
    """Record a digest at its first use; a later use changes nothing.

    Raises:
        StorageError: If the folder cannot be written.
    """
    if recorded(row) is None:
        date = datetime.now(UTC).date().isoformat()
        write_json(_record_path(row), {"sha256": digest, "size": size, "origin": origin, "date": date})


def _record_path(row: PublicWeights) -> Path:
    return cache_folder() / RECORDS / f"{row.name}.json"


def _remedy(row: PublicWeights) -> str:
    return (
        f"Fetch it again: python -m duetto weights get {row.asked_for} --again (HF_ENDPOINT names a mirror), or "
        f"take {row.file} of {row.repository} from elsewhere: python -m duetto weights add {row.asked_for} FILE."
    )
