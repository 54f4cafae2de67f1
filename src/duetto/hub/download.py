"""Downloads one file of the Hugging Face hub, or of a mirror that HF_ENDPOINT names, and resumes one that was cut off.

The package huggingface_hub does the transfer: redirects, tokens, proxies, retries with a range, a bar on the terminal.
Ours is the partial file: it lies beside its destination, named by what the hub calls this version of the file, so that
a process that was killed goes on where it stopped (huggingface_hub 2.4 begins again).
"""

import hashlib
import importlib
import os
from pathlib import Path
from typing import Any

from duetto.errors import DownloadError, StorageError
from duetto.hub.table import PublicWeights
from duetto.storage.files import STORAGE_ERRNOS, make_folder, storage_error

ENDPOINT_VARIABLE = "HF_ENDPOINT"
HUB = "https://huggingface.co"
PARTIAL = ".part"  # suffix of a file that is not whole


def download(row: PublicWeights, place: Path) -> str:
    """Download the file of a row to its place, which appears only when the file is whole.

    Returns:
        Where it came from: endpoint, repository and commit.

    Raises:
        DownloadError: If huggingface_hub is not installed, the network or the hub fails, or an answer is no file.
        StorageError: If the folder is read-only or full; what came so far is kept for the next try where there is room.
    """
    hub = _package(row)
    endpoint = os.environ.get(ENDPOINT_VARIABLE, HUB).rstrip("/")
    make_folder(place.parent)
    url = hub.hf_hub_url(row.repository, row.file, revision=row.revision, endpoint=endpoint)
    try:
        about = hub.get_hf_file_metadata(url, endpoint=endpoint)
        if about.etag is None or about.size is None or about.commit_hash is None:
            raise _failed(row, f"{endpoint} does not answer as a hub does; it may have sent a web page")
        partial = _partial(place, about.etag)
        _transfer(importlib.import_module("huggingface_hub.file_download"), url, partial, about.size)
        partial.replace(place)
    except OSError as error:
        if error.errno in STORAGE_ERRNOS:
            raise storage_error(place, error) from error
        raise _failed(row, _reason(error)) from error
    except (DownloadError, StorageError):
        raise
    except Exception as error:  # the package's own, of its HTTP library, of TLS: each of another class
        raise _failed(row, _reason(error)) from error
    return f"{endpoint}/{row.repository}@{about.commit_hash}"


def _package(row: PublicWeights) -> Any:
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise DownloadError(
            f"{row.name} comes from the hub, which needs a package: pip install huggingface_hub. {_by_hand(row)}"
        ) from error


def _partial(place: Path, version: str) -> Path:
    """The partial file of this version; those of other versions are removed."""
    own = place.with_name(f".{place.name}.{hashlib.sha256(version.encode()).hexdigest()[:12]}{PARTIAL}")
    for other in place.parent.glob(f".{place.name}.*{PARTIAL}"):
        if other != own:
            other.unlink()
    return own


def _transfer(package: Any, url: str, partial: Path, size: int) -> None:
    with partial.open("ab") as file:
        have = file.tell()
        if have > size:
            file.truncate(0)
            have = 0
        if have < size:
            package.http_get(url, file, resume_size=have, headers=package.build_hf_headers(), expected_size=size)
        file.flush()
        os.fsync(file.fileno())


def _reason(error: BaseException) -> str:
    """The first line of the deepest cause, which names the fault best."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(getattr(error, "strerror", None) or error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__


def _failed(row: PublicWeights, reason: str) -> DownloadError:
    return DownloadError(f"{row.name} could not be downloaded ({reason}). Run again to resume. {_by_hand(row)}")


def _by_hand(row: PublicWeights) -> str:
    return (
        f"Or take {row.file} of {row.repository} by other means, then: python -m duetto weights add {row.asked_for} "
        f"FILE; {ENDPOINT_VARIABLE} names a mirror."
    )
