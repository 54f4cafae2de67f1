"""Reads a consent record from its file, more strictly than YAML does: a key that stands twice is refused.

YAML's readers keep the last of two equal keys, so a line below `revoked_at: 2026-01-01` could take it back unseen.
"""

from pathlib import Path

import yaml

from duetto.errors import CorpusError
from duetto.ownership.consent import CONSENT_NAME, Consent, read_consent


def read_record(path: Path) -> Consent:
    """Read a `consent.yaml`.

    Raises:
        CorpusError: If it is missing, not YAML, not a consent record, or holds a key twice.
    """
    consent = read_consent(path)
    twice = _repeated_keys(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader))
    if twice:
        raise CorpusError(f"{path} holds {', '.join(twice)} twice. Keep the line that the singer agreed to.")
    return consent


def statement_path(weights: Path) -> Path:
    """Where a user states whose voice a foreign file of weights holds: `FILE.consent.yaml`."""
    return weights.with_name(f"{weights.name}.{CONSENT_NAME}")


def _repeated_keys(root: yaml.Node | None) -> list[str]:
    """Keys that stand twice in one mapping, anywhere in the document."""
    waiting, seen, found = [root], set[int](), set[str]()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:  # an alias leads to a node again
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = [str(key.value) for key, _ in node.value]
            found |= {key for key in keys if keys.count(key) > 1}
            waiting += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    return sorted(found)
