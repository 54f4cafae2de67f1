"""`python -m duetto export`: writes a voice as files that RVC WebUI, Applio or Diff-SVC load."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

EXPORT_FOLDER = "export"


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("export", help="write a voice for RVC WebUI and Applio, or for Diff-SVC")
    parser.add_argument("run", help="latest, a run's name or signature, or its folder")
    parser.add_argument("--output", type=Path, help="a folder; default: export/ in the run's folder")
    parser.add_argument("--name", help="name that users see; default: the run's name")
    parser.add_argument("--logs", type=Path, default=Path("logs"))
    parser.set_defaults(action=export)


def export(options: argparse.Namespace, console: Console) -> None:
    """Write the files and print where they belong."""
    from datetime import UTC, datetime

    from duetto.runs.artefacts import artefact_of_file
    from duetto.runs.registration import register
    from duetto.storage.run_folder import VOICE_FOLDER
    from duetto.voices.find import find_run
    from duetto.voices.interchange.exporting import export_voice

    run = find_run(options.logs, options.run)
    today = datetime.now(UTC).date()
    name = options.name or run.resolve().name
    exported = export_voice(run / VOICE_FOLDER, options.output or run / EXPORT_FOLDER, name, today)
    register([artefact_of_file(path.with_name(f"{path.name}.json")) for path in exported.files])
    for hint in exported.hints:
        console.print(hint, markup=False, soft_wrap=True)
