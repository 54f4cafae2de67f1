"""Writes the page that compares runs, and enters it into the registry."""

from collections.abc import Sequence
from pathlib import Path

from duetto.errors import ConfigError
from duetto.progress import ReportProgress
from duetto.report.comparison.catalogue import MANY, write_catalogue
from duetto.report.comparison.find import RESULTS, find
from duetto.runs.artefacts import artefact_of_page
from duetto.runs.registration import register


def compare_runs(
    runs: Sequence[Path],
    output: Path,
    report: ReportProgress,
    results: Path | None = None,
    megabytes: float | None = None,
) -> Path:
    """Write the comparison, or only a table if there are very many runs.

    Args:
        runs: Folders of runs, or of a sweep.
        output: The page.
        report: Called with (current work, number done, total).
        results: Folder of the studies' verdicts; None = docs/results.
        megabytes: Limit of sound embedded in the page, the rest is linked; None = 24.

    Raises:
        DuettoError: If a run cannot be compared, or the page cannot be written.
    """
    results = results or RESULTS
    named = find(runs, results)
    if len(named.runs) > MANY:
        return write_catalogue(named, output, report)
    from duetto.report.comparison.listening import MEGABYTES  # with torch, which a catalogue does without
    from duetto.report.comparison.page import write_comparison

    megabytes = MEGABYTES if megabytes is None else megabytes
    if not 0 <= megabytes <= 1000:
        raise ConfigError(f"--megabytes={megabytes:g}: expected 0 to 1000.")
    page = write_comparison(runs, output, results, megabytes, report)
    register([artefact_of_page(page, named.runs)])
    return page
