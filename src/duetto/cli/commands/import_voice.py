"""`python -m duetto import`: imports a public RVC or Diff-SVC model as a voice."""

import argparse
import shlex
from pathlib import Path
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("import", help="import a model of RVC WebUI, Applio or Diff-SVC")
    parser.add_argument("file", type=Path, help="inference model, G_*.pth, or model_ckpt_steps_*.ckpt")
    parser.add_argument("--index", type=Path, help="its .index")
    parser.add_argument(
        "--discriminator", type=Path, help="D_*.pth that belongs to a G_*.pth: a training can start from both"
    )
    parser.add_argument(
        "--vocoder", help="vocoder of a Diff-SVC model: the NSF-HiFiGAN `model` file, with config.json beside it"
    )
    parser.add_argument("--content-path", help="weights of ContentVec, recorded for conversions")
    parser.add_argument("--output", type=Path, help="default: logs/NAME, which infer.py finds as run=NAME")
    parser.set_defaults(action=import_voice)


def import_voice(options: argparse.Namespace, console: Console) -> None:
    """Read, check and write; then print how to use it."""
    from duetto.runs.registration import register_run
    from duetto.storage.run_folder import RunFolder
    from duetto.voices.interchange.importing import ImportFiles, import_files

    folder = options.output or Path("logs") / options.file.stem
    files = ImportFiles(options.file, options.index, options.discriminator, options.content_path, options.vocoder)
    voice = import_files(files, folder)
    register_run(RunFolder(folder))
    origin = voice.card["origin"]
    for note in origin["notes"]:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    content = voice.features.content
    console.print(
        f"{folder}: {origin['kind']}, shape {origin['shape']}, {voice.model.num_speakers} speakers, reads "
        f"{content.encoder} layer {content.layer} (width {content.dimension}), index: {options.index or 'none'}",
        markup=False,
    )
    hint = [f"python infer.py {shlex.quote(f'run={folder}')} source=SONG.wav"]
    hint += [] if options.content_path else ["content_path=CONTENTVEC_WEIGHTS"]
    hint += [] if options.index else ["index_rate=0"]
    console.print(f"Convert with it: {' '.join(hint)}", markup=False, soft_wrap=True)
