"""`python -m duetto voices`: lists the trained voices, or gives one another name."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.errors import ConfigError


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("voices", help="list the trained voices; voices RUN name=NAME names one")
    parser.add_argument("run", nargs="?", help="the voice to name: latest, a run's name or signature, or its folder")
    parser.add_argument("--name", help="the name that it is given")
    parser.add_argument("--logs", type=Path, default=Path("logs"))
    parser.set_defaults(action=list_voices)


def list_voices(options: argparse.Namespace, console: Console) -> None:
    """Print a table of the voices and the paths of their pages, after naming one if a name is given."""
    if (options.run is None) != (options.name is None):
        raise ConfigError("To name a voice, give the run and its name: python -m duetto voices latest name=my_voice.")
    if options.name is not None:
        _name(options)
    from rich.markup import escape
    from rich.table import Table

    from duetto.terminal import print_places
    from duetto.voices.facts import all_facts

    voices = all_facts(options.logs)
    if not voices:
        console.print(f"No trained voice below {options.logs}. Train one first: python train.py.", markup=False)
        return
    table = Table("voice", "architecture", "register", "minutes", "consent")
    for voice in voices:
        cells = (voice.name, voice.architecture, voice.register, voice.minutes, voice.consent)
        table.add_row(*map(escape, cells))
    console.print(table)
    print_places(console, {f"page of {voice.name}": voice.page for voice in voices if voice.page.is_file()})
    console.print(f"Convert a song: python infer.py run={voices[0].name} source=SONG.wav", markup=False, soft_wrap=True)


def _name(options: argparse.Namespace) -> None:
    from duetto.settings.run_config import check_name
    from duetto.voices.find import find_run
    from duetto.voices.names import rename

    check_name(options.name)
    rename(find_run(options.logs, options.run), options.name, options.logs)
