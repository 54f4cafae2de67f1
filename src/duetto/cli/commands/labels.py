"""`python -m duetto labels export`: writes the parts that preprocessing kept as label tracks for Audacity."""

import argparse
import shlex
from pathlib import Path
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("labels", help="write Audacity labels of what preprocessing kept")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    export = actions.add_parser(
        "export", help="write a track for each recording, with a label for each piece that was kept"
    )
    export.add_argument(
        "corpus", type=Path, help="a preprocessed corpus, data/preprocessed/HASH, or the folder of a run"
    )
    export.add_argument("--output", type=Path, default=Path("labels"), help="folder of the tracks (default: labels)")
    export.set_defaults(action=export_labels)


def export_labels(options: argparse.Namespace, console: Console) -> None:
    """Write `<song>.txt` for each recording of the target; `preprocess=labels` reads them back."""
    from duetto.corpus.manifest import load_manifest
    from duetto.preprocess.kept import kept_labels
    from duetto.preprocess.steps.labels import SUFFIX, write_labels

    folder = corpus_of(options.corpus)
    manifest = load_manifest(folder)
    tracks = kept_labels(manifest.select("target"))
    for song, labels in tracks.items():
        write_labels(options.output / f"{song}{SUFFIX}", labels)
    pieces = sum(len(labels) for labels in tracks.values())
    console.print(
        f"{options.output}: {len(tracks)} label tracks with {pieces} pieces. Open a recording in Audacity, then "
        "File > Import > Labels; change, export into the same folder, and train with preprocess=labels "
        f"{shlex.quote(f'preprocess.steps.labels.path={options.output}')} 'preprocess.steps.labels.keep=[keep]'.",
        markup=False,
        soft_wrap=True,
    )


def corpus_of(path: Path) -> Path:
    """The preprocessed corpus in a folder, or that of a run."""
    from duetto.storage.files import read_json

    record = path / "preprocessing.json"
    return Path(str(read_json(record)["corpus"])) if record.is_file() else path
