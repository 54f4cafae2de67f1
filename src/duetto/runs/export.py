"""Exports the voice of a run for other programs, and enters the files into the registry."""

from datetime import UTC, datetime
from pathlib import Path

from duetto.runs.artefacts import artefact_of_file
from duetto.runs.registration import register
from duetto.storage.run_folder import RunFolder
from duetto.voices.interchange.exporting import ECOSYSTEM, Exported, export_voice


def export_run(run: Path, folder: Path | None = None, name: str | None = None, form: str = ECOSYSTEM) -> Exported:
    """Write the files of a run's voice.

    Args:
        run: The run's folder.
        folder: For the files; None = `export` in the run's folder.
        name: Name that users of the other program see; None = that of the run's folder.
        form: One of `duetto.voices.interchange.exporting.FORMS`.

    Raises:
        DuettoError: As for `duetto.voices.interchange.exporting.export_voice`.
    """
    today = datetime.now(UTC).date()
    place = RunFolder(run)
    exported = export_voice(place.voice.path, folder or place.exports, name or run.resolve().name, today, form)
    register([artefact_of_file(path.with_name(f"{path.name}.json")) for path in exported.files])
    return exported
