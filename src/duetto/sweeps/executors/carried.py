"""A run's folder as one piece of bytes, to be sent to a node and back. What comes is unpacked as foreign data are."""

import io
import json
import secrets
import shutil
import tarfile
from pathlib import Path

from duetto.errors import StorageError
from duetto.storage.files import make_folder, read_object, write_json
from duetto.storage.leftovers import TEMPORARY
from duetto.storage.run_folder import RunFolder

CORPUS = "corpus"  # field of preprocessing.json: a path on the machine that trained


def pack(run: Path, data: Path | None = None) -> bytes:
    """A run's folder without locks and half-written files.

    Args:
        run: The folder.
        data: The machine's data folder: the corpus is named relative to it, so that another machine finds its own.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in sorted(run.rglob("*")):
            is_kept = path.is_file() and not path.name.startswith((".", TEMPORARY)) and not path.is_symlink()
            if is_kept and path != RunFolder(run).preprocessing:
                tar.add(path, path.relative_to(run).as_posix(), recursive=False)
        record = RunFolder(run).preprocessing
        if record.is_file():
            _add(tar, record.name, _moved(read_object(record), data, None))
    return buffer.getvalue()


def unpack(packed: bytes, run: Path, data: Path | None = None) -> None:
    """Put a packed run in the place of a run's folder, all or nothing.

    Args:
        packed: What `pack` gave.
        run: The folder; one that is there is replaced.
        data: This machine's data folder.

    Raises:
        StorageError: If it is damaged or leaves its folder, or the folder cannot be written.
    """
    new = run.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
    old = new.with_name(f"{new.name}-old")
    make_folder(new)
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r") as tar:
            tar.extractall(new, filter="data")
        record = RunFolder(new).preprocessing
        if record.is_file():
            write_json(record, _moved(read_object(record), None, data))
        if run.exists():
            run.rename(old)
        new.rename(run)
    except (tarfile.TarError, OSError) as error:
        if old.exists() and not run.exists():
            old.rename(run)
        raise StorageError(f"The run {run.name} that a node sent cannot be stored: {error}.") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if run.exists():
            shutil.rmtree(old, ignore_errors=True)


def _moved(values: dict[str, object], away_from: Path | None, into: Path | None) -> dict[str, object]:
    """The record with its corpus below one data folder instead of another."""
    corpus = Path(str(values.get(CORPUS, "")))
    if away_from is not None and corpus.is_relative_to(away_from):
        return {**values, CORPUS: corpus.relative_to(away_from).as_posix()}
    if into is not None and not corpus.is_absolute():
        return {**values, CORPUS: str(into / corpus)}
    return values


def _add(tar: tarfile.TarFile, name: str, values: dict[str, object]) -> None:
    content = json.dumps(values).encode()
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
