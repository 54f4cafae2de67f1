"""The C2PA manifest of a converted file: a signed statement inside it that a trained model made the sound.

The specification (C2PA 2.x) names such content `trainedAlgorithmicMedia` (IPTC's list of digital source types). A
manifest shows a change of a single bit; re-encoding the file removes it, which the watermark is for. It holds digests,
no names.
"""

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from duetto import __version__
from duetto.ownership.marking.certificate import own_anchor, read_signer
from duetto.storage.files import atomic_path

PACKAGE = "c2pa"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CLAIMS = "io.duetto.conversion"  # label of our assertion
FORMATS = {".wav": "audio/wav", ".flac": "audio/flac"}
MISSING = "The package c2pa-python is not installed, so files get no C2PA manifest and none is read: pip install it."
ALTERED = "mismatch"  # in the codes of a file that was changed after signing


class State(Enum):
    """What is known of a file's manifest."""

    VALID = "valid"
    ALTERED = "altered"
    ABSENT = "absent"
    UNREADABLE = "not readable"
    UNKNOWN = "not looked at"


@dataclass(frozen=True)
class Manifest:
    """What was read of a file's manifest."""

    state: State
    said: str  # a sentence
    signer: str = ""  # whom the certificate names
    is_own: bool = False  # signed by a certificate of this installation
    claims: Mapping[str, Any] | None = None  # of our assertion


def is_available() -> bool:
    """Whether the package is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def sign(path: Path, claims: Mapping[str, Any]) -> None:
    """Put a manifest into a WAV or FLAC file, atomically.

    Args:
        path: The file.
        claims: JSON values for our assertion.

    Raises:
        ConfigError: If the certificate cannot be used.
        StorageError: If the file cannot be written.
    """
    import c2pa

    signer = read_signer()
    action = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE, "softwareAgent": {"name": "duetto"}}
    described = {
        "claim_generator_info": [{"name": "duetto", "version": __version__}],
        "title": path.name,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
            {"label": CLAIMS, "data": dict(claims)},
        ],
    }
    info = c2pa.C2paSignerInfo(signer.algorithm.encode(), signer.chain.encode(), signer.key.encode(), None)
    with atomic_path(path) as temporary, path.open("rb") as source, temporary.open("w+b") as target:
        builder = c2pa.Builder(json.dumps(described))
        builder.sign(c2pa.Signer.from_info(info), FORMATS[path.suffix.lower()], source, target)


def read(path: Path) -> Manifest:
    """Read and check the manifest of any file."""
    if not is_available():
        return Manifest(State.UNKNOWN, MISSING)
    import c2pa

    try:
        with path.open("rb") as file:
            reader = c2pa.Reader(FORMATS.get(path.suffix.lower()), file, context=_context())
            found = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return Manifest(State.ABSENT, "The file holds no C2PA manifest.")
    except c2pa.C2paError as error:
        if "NotSupported" in type(error).__name__ or "UnsupportedType" in str(error):
            return Manifest(State.ABSENT, "Files of this kind hold no C2PA manifest that could be read.")
        return Manifest(State.UNREADABLE, f"The C2PA manifest cannot be read ({str(error)[:200]}).")
    return _judged(found)


def _context() -> Any:
    import c2pa

    anchor = own_anchor()
    checks = {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False}  # a file starts no connection
    trust = {"trust": {"user_anchors": anchor}} if anchor else {}
    return c2pa.Context(c2pa.Settings.from_dict({"verify": checks, **trust}))


def _judged(found: Mapping[str, Any]) -> Manifest:
    active = found["manifests"][found["active_manifest"]]
    signed = active.get("signature_info") or {}
    signer = ", ".join(str(signed[name]) for name in ("issuer", "common_name") if signed.get(name))
    codes = [str(each.get("code")) for each in found.get("validation_status") or ()]
    claims = next((each["data"] for each in active.get("assertions", ()) if each.get("label") == CLAIMS), None)
    state = str(found.get("validation_state"))
    if state in ("Valid", "Trusted"):
        own = state == "Trusted"
        whose = "this installation's certificate" if own else f"{signer}, whom nothing here vouches for"
        return Manifest(State.VALID, f"Signed by {whose}; the file is as it was signed.", signer, own, claims)
    if any(ALTERED in code for code in codes):
        return Manifest(State.ALTERED, f"The file was changed after {signer} signed it.", signer, False, claims)
    return Manifest(
        State.UNREADABLE, f"The C2PA manifest is not valid ({', '.join(codes) or state}).", signer, False, claims
    )
