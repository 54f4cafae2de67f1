"""How architectures are called and in which order they stand, wherever the page names them."""

from duetto.architectures.registry import architectures
from duetto.report.collect import RunRecord


def architecture(run: RunRecord) -> str:
    """The architecture's key, such as `rvc`; `unknown` when it is not recorded."""
    return str(run.facts.get("model") or "unknown")


def architecture_title(key: str) -> str:
    """The architecture's name for people."""
    known = architectures()
    return known[key].title if key in known else key


def architecture_order(key: str) -> tuple[int, str]:
    """As they are registered, RVC first, then others by name."""
    known = list(architectures())
    return (known.index(key) if key in known else len(known), key)
