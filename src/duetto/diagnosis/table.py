"""Prints a diagnosis in a terminal: as a table, or as the few lines of the short form."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from duetto.diagnosis.diagnosis import Diagnosis
from duetto.diagnosis.finding import Place, Severity
from duetto.units import note_name

STYLES: dict[Severity, tuple[str, str]] = {  # sign and colour
    "serious": ("✗ serious", "bold red"),
    "warning": ("! watch", "yellow"),
    "unknown": ("? unknown", "dim"),
    "fine": ("✓ fine", "green"),
}
BLOCKS = " ▁▂▃▄▅▆▇█"
LISTED_PROBLEMS = 10
LISTED_PLACES = 3


def print_diagnosis(diagnosis: Diagnosis, console: Console) -> None:
    """Print every check with its evidence and, for problems, the prediction and the advice."""
    table = Table("check", "", "finding, prediction, advice", title_justify="left")
    table.title = escape(
        f"Data doctor: {diagnosis.name}, {diagnosis.recordings} recordings, {diagnosis.seconds / 60:.1f} min"
    )
    for finding in diagnosis.ranked:
        sign, style = STYLES[finding.severity]
        text = Text(finding.what)
        if finding.severity in ("serious", "warning"):
            text.append(f"\n→ {finding.predicts}", style="italic")
            text.append(f"\n→ {finding.advice}")
            if finding.places:
                text.append(f"\n  listen: {places_text(finding.places)}", style="dim")
        table.add_row(finding.check, Text(sign, style=style), text)
    console.print(table)
    histogram = register_line(diagnosis)
    if histogram:
        console.print(Text(histogram, style="dim"))
    for problem in diagnosis.problems[:LISTED_PROBLEMS]:
        console.print(Text(f"recording {problem.recording}: {problem.reason}", style="yellow"))
    if len(diagnosis.problems) > LISTED_PROBLEMS:
        console.print(f"and {len(diagnosis.problems) - LISTED_PROBLEMS} more")
    console.print(Text(f"Verdict: {diagnosis.verdict}", style="bold"))


def print_short(diagnosis: Diagnosis, console: Console, path: str) -> None:
    """Print a line for every serious finding or warning, and one for the rest."""
    fine, unknown = len(diagnosis.of("fine")), len(diagnosis.of("unknown"))
    console.print(Text(f"Data doctor: {diagnosis.verdict}"))
    for finding in diagnosis.ranked:
        if finding.severity in ("serious", "warning"):
            sign, style = STYLES[finding.severity]
            console.print(Text.assemble((f"  {sign} ", style), f"{finding.check}: {finding.what}. {finding.predicts}"))
    console.print(Text(f"  {fine} fine, {unknown} unknown. In full: python -m duetto doctor {path}", style="dim"))


def places_text(places: tuple[Place, ...]) -> str:
    """The first places as text."""
    shown = [f"{place.recording} at {clock(place.start_s)}" for place in places[:LISTED_PLACES]]
    more = f" and {len(places) - LISTED_PLACES} more" if len(places) > LISTED_PLACES else ""
    return "; ".join(shown) + more


def clock(seconds: float) -> str:
    """Minutes and seconds, such as 3:07.5."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def register_line(diagnosis: Diagnosis) -> str:
    """The register as bars from the lowest to the highest sung semitone; empty without singing."""
    seconds = diagnosis.register_s
    heard = [midi for midi in range(len(seconds)) if seconds[midi] >= 0.05]
    if not heard:
        return ""
    most = max(seconds)
    bars = "".join(
        BLOCKS[0 if seconds[midi] <= 0 else 1 + int(7 * seconds[midi] / most)]
        for midi in range(heard[0], heard[-1] + 1)
    )
    return f"register {note_name(heard[0])} {bars} {note_name(heard[-1])}, {sum(seconds):.0f} s sung"
