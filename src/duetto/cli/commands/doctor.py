"""`python -m duetto doctor PATH`: finds problems of recordings before training."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

EPILOG = """
PATH is a recording, a folder of them, a built corpus (a folder with manifest.json), or a .ddb with its consent.yaml.
Instead of PATH, data=case_b builds and examines a case of conf/data; overrides such as data.target=low may follow.
Options may be written songs=... or --songs=...

exit status: 0 nothing serious, 1 something serious, 2 an error
"""


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser(
        "doctor",
        help="examine recordings before training",
        epilog=EPILOG,
    )
    parser.add_argument("paths", nargs="*", metavar="PATH")
    parser.add_argument("--data", help="a case of conf/data, instead of PATH")
    parser.add_argument(
        "--songs",
        default="",
        help="songs to convert, separated by commas: scores, recordings, embedded songs (a corpus has its own)",
    )
    parser.add_argument("--transpose", type=float, default=0.0, help="semitones by which the songs will be transposed")
    parser.add_argument("--json", type=Path, help="write the findings as JSON")
    parser.add_argument("--html", type=Path, help="write a page with plots and playable excerpts")
    parser.add_argument("--quick", nargs="?", const="true", default="false", help="skip slow checks")
    parser.set_defaults(action=run_doctor)


def run_doctor(options: argparse.Namespace, console: Console) -> int:
    """Examine, print, and write the requested files; return 1 if a finding is serious."""
    from duetto.diagnosis.checks.songs import wanted_songs
    from duetto.diagnosis.examine import SHORT, THOROUGH, examine
    from duetto.diagnosis.gather import open_input
    from duetto.diagnosis.table import print_diagnosis
    from duetto.runs.command_line.literal import listed
    from duetto.storage.files import write_json

    recordings = open_input(find_path(options, console))
    songs = wanted_songs(listed(options.songs), options.transpose, recordings)
    depth = SHORT if options.quick.lower() in ("true", "1", "yes") else THOROUGH
    depth = replace(depth, is_one_recording=recordings.is_one_recording)
    with console.status("listening") as status:
        diagnosis = examine(
            recordings.name,
            recordings.sounds(),
            songs,
            depth,
            lambda name: status.update(f"analysing {escape(name)}"),
        )
    print_diagnosis(diagnosis, console)
    if options.json is not None:
        write_json(options.json, diagnosis.as_dict())
        console.print(f"JSON: {options.json}", markup=False)
    if options.html is not None:
        from duetto.report.doctor_page import write_doctor_page

        write_doctor_page(diagnosis, recordings, options.html)
        console.print(f"page: {options.html}", markup=False)
    return diagnosis.exit_status


def find_path(options: argparse.Namespace, console: Console) -> Path:
    """The given path, or the corpus of the given case.

    Raises:
        ConfigError: If neither, both, or several paths are given.
    """
    from duetto.errors import ConfigError

    paths = [path for path in options.paths if not path.startswith("data.") or Path(path).exists()]
    overrides = [path for path in options.paths if path not in paths]
    if len(paths) + (options.data is not None) != 1 or (overrides and options.data is None):
        raise ConfigError("Name one path (a recording, a folder, a corpus, a .ddb), or one case such as data=case_b.")
    return Path(paths[0]) if paths else build_case([f"data={options.data}", *overrides], console)


def build_case(overrides: list[str], console: Console) -> Path:
    """Build or find the corpus of a case."""
    from duetto.runs.compose import compose_runs
    from duetto.settings.conf_files import conf_folder

    (config,) = compose_runs(conf_folder(), [overrides])
    from duetto.corpus.build import build_corpus

    with console.status("building the corpus") as status:
        return build_corpus(
            config.data, lambda name, done, total: status.update(f"building the corpus: {name} ({done} of {total})")
        )
