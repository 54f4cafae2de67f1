"""What the page of a blend says: which voices are in it, and that nothing was trained or scored."""

from typing import Any

from duetto.report.collect import RunRecord, number

NOT_SCORED = "A blend is not trained, so nothing was scored: convert a song with it, and listen."


def shares_of(run: RunRecord) -> list[tuple[str, float]]:
    """Name and share of each voice in a blend; empty for other runs, or if the record is damaged."""
    blend: Any = run.facts.get("blend")
    rows = blend if isinstance(blend, list) else []
    return [(str(row.get("name")), number(row.get("share"))) for row in rows if isinstance(row, dict)]


def blend_headline(run: RunRecord) -> str:
    """Who is in it, in a sentence."""
    parts = [f"{100 * share:.0f} % {name}" for name, share in shares_of(run)]
    return f"{run.given_name or 'A blend'}: {', '.join(parts)}."
