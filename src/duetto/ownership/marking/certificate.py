"""The certificate that signs manifests: a chain of this installation, made on first use, or the user's.

`c2pa/chain.pem` (signing certificate first) and `c2pa/signer.key` beside the registry are used if they are there: a
user who has a certificate for C2PA puts them there. The own chain says who signed, not that anybody vouches for it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from duetto.errors import ConfigError
from duetto.ownership.home import home
from duetto.storage.files import write_text
from duetto.storage.locks import in_turn

FOLDER, CHAIN_NAME, KEY_NAME, ANCHOR_NAME = "c2pa", "chain.pem", "signer.key", "ca.pem"
VALID_DAYS = 3650


@dataclass(frozen=True)
class Signer:
    """A certificate chain and its key, as PEM texts."""

    chain: str
    key: str
    algorithm: str  # of C2PA: es256, es384, ps256 or ed25519


def place() -> Path:
    """The folder of chain and key."""
    return home() / FOLDER


def read_signer() -> Signer:
    """This installation's signer, made if there is none.

    Raises:
        ConfigError: If chain or key is missing or damaged.
        StorageError: If they cannot be written.
    """
    chain, key = place() / CHAIN_NAME, place() / KEY_NAME
    with in_turn(place() / "lock"):  # two processes that convert at once make one pair
        if not chain.exists() and not key.exists():
            _make()
    try:
        texts = chain.read_text(encoding="ascii"), key.read_text(encoding="ascii")
        return Signer(*texts, _algorithm(texts[1]))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            f"The certificate in {place()} cannot be used ({error}): it takes {CHAIN_NAME} and {KEY_NAME} (PEM, no "
            "password; P-256, P-384, RSA or Ed25519). Restore them, or remove both: a new pair is made then."
        ) from error


def own_anchor() -> str | None:
    """The certificate authority that was made here, PEM; None if there is none."""
    path = place() / ANCHOR_NAME
    return path.read_text(encoding="ascii") if path.is_file() else None


def _algorithm(key: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    loaded = load_pem_private_key(key.encode(), None)
    if isinstance(loaded, ec.EllipticCurvePrivateKey):
        return {256: "es256", 384: "es384", 521: "es512"}[loaded.key_size]
    if isinstance(loaded, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(loaded, rsa.RSAPrivateKey):
        return "ps256"
    raise ValueError("a kind of key that C2PA does not know")


def _make() -> None:
    """Make an authority and a signing certificate, both valid for ten years; the authority's key is not kept."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.Name(
            [
                x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "duetto installation"),
                x509.NameAttribute(x509.NameOID.COMMON_NAME, name),
            ]
        )
        for name in ("duetto local authority", "duetto signer")
    ]
    anchor = _certificate(names[0], names[0], authority, authority, is_authority=True)
    leaf = _certificate(names[1], names[0], key, authority, is_authority=False)
    texts = [
        each.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
        for each in (leaf, anchor)
    ]
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_text(place() / KEY_NAME, secret.decode())
    (place() / KEY_NAME).chmod(0o600)
    write_text(place() / ANCHOR_NAME, texts[1])
    write_text(place() / CHAIN_NAME, "".join(texts))


def _certificate(subject, issuer, key, issuer_key, is_authority: bool):  # type: ignore[no-untyped-def]
    from cryptography import x509

    now = datetime.now(UTC)
    usage = x509.KeyUsage(not is_authority, False, False, False, False, is_authority, is_authority, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if is_authority:
        return builder
    return builder.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=True)
