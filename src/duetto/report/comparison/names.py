"""How architectures are called and in which order they stand, wherever the page names them."""

from duetto.report.collect import RunRecord

ARCHITECTURES = {"rvc": "RVC", "diffsvc": "Diff-SVC", "vocoder": "vocoder"}


def architecture(run: RunRecord) -> str:
    """The architecture's key, such as `rvc`; `unknown` when it is not recorded."""
    return str(run.facts.get("model") or "unknown")


def architecture_title(key: str) -> str:
    """The architecture's name for people."""
    return ARCHITECTURES.get(key, key)


def architecture_order(key: str) -> tuple[int, str]:
    """RVC first, then Diff-SVC, then others by name."""
    known = list(ARCHITECTURES)
    return (known.index(key) if key in known else len(known), key)
