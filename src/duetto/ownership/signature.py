"""The signature of a revocation list that lies on a share: who wrote it, and that nobody took a person off it since.

`LIST.sig` beside the list holds an Ed25519 signature and the signer's public key (RFC 8032). The first key that signs a
list is remembered; from then on another key, a wrong signature, or none is refused. An unsigned list that was never
signed acts, because revoking is safe, and that is said.
"""

import base64
import binascii
import hashlib
import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from duetto.errors import CorpusError, StorageError
from duetto.ownership.home import home
from duetto.storage.files import make_folder, read_object, write_json, write_text
from duetto.storage.locks import in_turn

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SUFFIX = ".sig"
KEY_NAME, KNOWN_NAME = "revocations.key", "list_signers.json"
KEY, SIGNATURE = "public_key", "signature"  # of a signature file, in base64

logger = logging.getLogger(__name__)


def signature_path(path: Path) -> Path:
    """Where the signature of a list lies."""
    return path.with_name(f"{path.name}{SUFFIX}")


def sign_list(path: Path) -> str:
    """Sign a list with the key of this installation, which is made on first use.

    Returns:
        What people call the key: they compare it with what the signer tells them.

    Raises:
        CorpusError: If the key is damaged.
        StorageError: If a file cannot be written.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = _own_key()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = key.sign(path.read_bytes())
    write_json(signature_path(path), {KEY: _text(public), SIGNATURE: _text(signature)})
    _remember(path, public)
    return signer_name(public)


def check_signature(path: Path) -> str | None:
    """Check a list that a user named; unsigned ones act.

    Returns:
        What people call the signer's key; None if the list is not signed.

    Raises:
        CorpusError: If its signature is wrong, by another key than before, missing though it was there, or damaged.
    """
    known, beside = _known().get(str(path.absolute())), signature_path(path)
    remedy = f"Get list and {beside.name} again from who keeps them; nothing is used until then."
    if not beside.is_file():
        if known is not None:
            raise CorpusError(
                f"{path} was signed (key {known}), and its signature is gone: it may be another list. {remedy}"
            )
        _tell_unsigned(path)
        return None
    public, signature = _read(beside, remedy)
    if not _is_valid(public, signature, path.read_bytes()):
        raise CorpusError(f"{path} is not what its signature was made of: somebody changed one of them. {remedy}")
    if known is None:
        _remember(path, public)
    elif known != signer_name(public):
        raise CorpusError(
            f"{path} is signed with key {signer_name(public)}, and was with {known}. If its keeper says that this is "
            f"right, remove {home() / KNOWN_NAME}; otherwise: {remedy}"
        )
    return signer_name(public)


def signer_name(public: bytes) -> str:
    """What people call a key: the start of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def _own_key() -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    place = make_folder(home()) / KEY_NAME
    with in_turn(place.with_name(f"{KEY_NAME}.lock")):
        if not place.exists():
            write_text(place, _text(Ed25519PrivateKey.generate().private_bytes_raw()) + "\n")
            place.chmod(0o600)
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(place.read_text(encoding="ascii"), validate=False))
    except (ValueError, OSError) as error:
        raise CorpusError(
            f"{place} holds no key for lists ({error}). Restore it, or remove it: lists signed with a new one have "
            "to be accepted anew by who reads them."
        ) from error


def _read(path: Path, remedy: str) -> tuple[bytes, bytes]:
    try:
        values = read_object(path)
        public, signature = (base64.b64decode(values[name], validate=True) for name in (KEY, SIGNATURE))
    except (StorageError, KeyError, TypeError, binascii.Error) as error:
        raise CorpusError(f"{path} is no signature ({error}). {remedy}") from error
    return public, signature


def _is_valid(public: bytes, signature: bytes, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _known() -> dict[str, str]:
    path = home() / KNOWN_NAME
    return {str(place): str(name) for place, name in read_object(path).items()} if path.is_file() else {}


def _remember(path: Path, public: bytes) -> None:
    try:
        with in_turn(home() / f"{KNOWN_NAME}.lock"):
            write_json(home() / KNOWN_NAME, _known() | {str(path.absolute()): signer_name(public)})
    except StorageError as error:
        logger.warning("The signer of %s is not remembered: %s", path, error)


@cache
def _tell_unsigned(path: Path) -> None:
    logger.warning("%s is not signed, so nobody can tell who wrote it; it acts all the same.", path)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
