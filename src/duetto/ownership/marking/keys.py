"""The keys of the mark: a public one, by which anybody sees that a file was made by duetto, and this installation's.

The public key draws the pattern. The installation's key draws signs on top of it, so that its owner can show that a
file came from here; without the key nobody can make or check those signs.
"""

import hashlib
import re
import secrets
from pathlib import Path

from duetto.errors import ConfigError
from duetto.ownership.home import home
from duetto.ownership.marking.layout import Pattern
from duetto.storage.files import write_text
from duetto.storage.locks import in_turn

PUBLIC_KEY = b"duetto public mark, first edition"
KEY_NAME = "mark.key"
KEY_FORM = re.compile(r"[0-9a-f]{64}")


def own_key_path() -> Path:
    """The key file of this installation."""
    return home() / KEY_NAME


def read_key(path: Path | None = None, make: bool = False) -> bytes | None:
    """Read a key: 64 hexadecimal digits in a file.

    Args:
        path: The file; None = that of this installation.
        make: Whether the installation's key is made if there is none.

    Returns:
        The key; None if this installation has none and none was to be made.

    Raises:
        ConfigError: If the file is missing or holds no key.
        StorageError: If the installation's key cannot be written.
    """
    place = path or own_key_path()
    if path is None and not place.exists():
        if not make:
            return None
        with in_turn(place.with_name(f"{KEY_NAME}.lock")):
            if not place.exists():  # another process may have been faster
                write_text(place, secrets.token_hex(32) + "\n")
                place.chmod(0o600)
    try:
        text = place.read_text(encoding="ascii").strip().lower()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The key of the mark, {place}, cannot be read ({error}). Name a file with a key.") from error
    if not KEY_FORM.fullmatch(text):
        raise ConfigError(f"{place} holds no key of a mark: expected 64 hexadecimal digits. Restore it, or remove it.")
    return bytes.fromhex(text)


def key_name(key: bytes) -> str:
    """What a key is called in records and tables: the start of a digest that does not lead to the key."""
    return hashlib.sha256(b"duetto key name " + key).hexdigest()[:12]


def pattern_of(identity: bytes | None) -> Pattern:
    """The pattern that duetto embeds and looks for."""
    return Pattern(PUBLIC_KEY, identity)
