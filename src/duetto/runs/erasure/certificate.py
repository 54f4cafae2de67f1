"""The certificate of an erasure: what was removed and when, without anything that leads to the person."""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from duetto import __version__
from duetto.ownership.home import home
from duetto.runs.erasure.plan import Plan
from duetto.storage.files import sha256_json, write_json

CERTIFICATES = "certificates"


def certificate(plan: Plan, when: datetime) -> dict[str, Any]:
    """Numbers, bytes and one digest for each kind of artefact.

    The digest covers the list of the artefacts' digests. Whoever has kept the list can show that it is the one; nobody
    can read a recording's digest from it.
    """
    kinds: dict[str, list[Any]] = defaultdict(list)
    for item in plan.items:
        kinds[item.kind].append(item)
    return {
        "erasure": "recordings of one person, and everything that the registry knew to be made from them",
        "when": when.isoformat(timespec="seconds"),
        "software": f"duetto {__version__}",
        "removed": {
            kind: {
                "number": len(items),
                "files": sum(item.num_files for item in items),
                "bytes": sum(item.num_bytes for item in items),
                "digest": sha256_json(sorted(item.id for item in items if item.id)),
            }
            for kind, items in sorted(kinds.items())
        },
        "digest": sha256_json(sorted(plan.ids)),
    }


def write_certificate(plan: Plan) -> Path:
    """Write the certificate beside the registry, named by its own digest, and return its path.

    Raises:
        StorageError: If it cannot be written.
    """
    values = certificate(plan, datetime.now(UTC))
    path = home() / CERTIFICATES / f"{sha256_json(values)[:16]}.json"
    write_json(path, values)
    return path
