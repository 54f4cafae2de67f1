"""Writes and reads the record of a run; of a private one, the settings with their paths lie beside it.

`run.json` is what one passes on. `local.json` holds for this machine alone what it leaves out: stress tests and the
registry need the folders of recordings and data.
"""

from collections.abc import Mapping
from typing import Any

from duetto.ownership.privacy import CONFIG, is_private, shareable
from duetto.storage.files import read_object, write_json
from duetto.storage.run_folder import RunFolder


def write_record(run: RunFolder, record: Mapping[str, Any]) -> None:
    """Write a run's record.

    Raises:
        StorageError: If the folder cannot be written.
    """
    if is_private(record) and CONFIG in record:
        write_json(run.local, {CONFIG: record[CONFIG]})
    write_json(run.record, shareable(record))


def read_record(run: RunFolder) -> dict[str, Any]:
    """The record of a run, with its settings as they were given if they are still there.

    Raises:
        StorageError: If a file is missing or damaged.
    """
    record = read_object(run.record)
    return {**record, **read_object(run.local)} if run.local.is_file() else record
