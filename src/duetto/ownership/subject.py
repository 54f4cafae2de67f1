"""The identifier of a person: one spelling whatever way it was typed, and a digest that does not show it."""

import hashlib
import re
import unicodedata

SEPARATORS = re.compile(r"[\s_\-‐-―]+")


def spelled(subject: str) -> str:
    """The identifier in one spelling: case, spaces, hyphens, underscores and forms of characters do not count."""
    return SEPARATORS.sub("-", unicodedata.normalize("NFKC", subject).casefold()).strip("-")


def subject_digest(subject: str) -> str:
    """SHA-256 of the identifier, the same for every spelling; who guesses a pseudonym can confirm the guess."""
    return hashlib.sha256(f"duetto subject {spelled(subject)}".encode()).hexdigest()
