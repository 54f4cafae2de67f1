"""Names and order of architectures on the page."""

from duetto.architectures.registry import architectures
from duetto.report.collect import RunRecord


def architecture(run: RunRecord) -> str:
    """The architecture's key, such as `rvc`; `unknown` if it is not recorded."""
    return str(run.facts.get("model") or "unknown")


def architecture_title(key: str) -> str:
    """The architecture's displayed name."""
    known = architectures()
    return known[key].title if key in known else key


def architecture_order(key: str) -> tuple[int, str]:
    """Sorting key: registered architectures in their order, RVC first, then others by name."""
    known = list(architectures())
    return (known.index(key) if key in known else len(known), key)
