"""How a conversion is marked: watermark and C2PA manifest by default, neither with a reason that is recorded."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duetto.errors import DuettoError, StorageError
from duetto.ownership.heritage import CONSENT_FIELD, MADE_FROM
from duetto.ownership.marking.find import mark_in
from duetto.ownership.marking.keys import key_name, pattern_of, read_key
from duetto.ownership.marking.layout import BLOCK, FRAME, HOP, SAMPLE_RATE, Pattern
from duetto.ownership.marking.manifest import MISSING, is_available, sign
from duetto.settings.run_config import InferConfig
from duetto.storage.audio import read_info
from duetto.storage.files import sha256_json

SHORTEST_S = (FRAME + (BLOCK - 1) * HOP) / SAMPLE_RATE  # a shorter file holds no block of the mark

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Marking:
    """How outputs are marked."""

    pattern: Pattern | None  # None = not at all
    reason: str | None = None  # why not

    def as_dict(self, path: Path) -> dict[str, Any]:
        """What the record of an output says of its watermark."""
        if self.pattern is None:
            return {"watermark": None, "reason": self.reason}
        if read_info(path).duration_s < SHORTEST_S:
            return {"watermark": None, "reason": f"shorter than {SHORTEST_S:g} s"}
        return {"watermark": {"key": "public", "installation": name_of(self.pattern)}}


def marking_of(config: InferConfig) -> Marking:
    """How the settings ask for outputs to be marked; the installation's key is made if there is none.

    A folder in which no key can be written costs the installation's signs, not the mark.

    Raises:
        ConfigError: If the installation's key is damaged.
    """
    if not config.mark:
        return Marking(None, config.mark_reason)
    return Marking(own_pattern())


def own_pattern() -> Pattern:
    """The pattern of this installation.

    Raises:
        ConfigError: If its key is damaged.
    """
    try:
        return pattern_of(read_key(make=True))
    except StorageError as error:
        logger.warning("Files get the public watermark without this installation's signs: %s", error)
        return pattern_of(None)


def name_of(pattern: Pattern) -> str | None:
    """What the installation's key of a pattern is called; None if it has none."""
    return None if pattern.identity is None else key_name(pattern.identity)


def signed(path: Path, record: Mapping[str, Any], marking: Marking) -> str:
    """Put the manifest into a file, and return what its record says of it.

    A certificate that cannot be used costs the manifest, not the conversion.

    Args:
        path: A WAV or FLAC file.
        record: Of the voice: weights, consent, what they were made from; only digests of these are signed.
        marking: How the file was marked.
    """
    if marking.pattern is None:
        return "none"
    if not is_available():
        logger.warning(MISSING)
        return "none: c2pa-python is not installed"
    claims = {
        "weights": record.get("weights"),
        "run": record.get("signature"),
        "consent_sha256": sha256_json(record.get(CONSENT_FIELD)),
        "made_from_sha256": sha256_json(record.get(MADE_FROM)),
        "installation": name_of(marking.pattern),
    }
    try:
        sign(path, claims)
    except DuettoError as error:
        logger.warning("%s gets no C2PA manifest: %s", path, error)
        return f"none: {error}"
    return "signed"


def marked_source(path: Path) -> str | None:
    """A sentence if a source carries the mark, which its conversion will carry again; None if it does not."""
    found = mark_in(path)
    if not found.is_marked:
        return None
    return (
        f"{path.name} carries duetto's watermark (p = {found.p_value:.0e}), so it is a conversion itself. The output "
        "is marked again; `python -m duetto verify` says so of both."
    )
