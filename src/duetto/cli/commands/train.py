"""`python -m duetto train KEY=VALUE ...`: the same as train.py, for installations from a wheel."""

import argparse
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("train", help="train a voice and score it, as train.py does")
    parser.add_argument(
        "settings", nargs="*", metavar="KEY=VALUE", help="groups and settings, such as model=rvc seed=1"
    )
    parser.set_defaults(action=train_voice)


def train_voice(options: argparse.Namespace, console: Console) -> None:
    """Do one run, from corpus to page."""
    from duetto.runs.compose import compose_runs
    from duetto.settings.conf_files import conf_folder

    (settings,) = compose_runs(conf_folder(), [options.settings])  # before torch is imported
    from duetto.runs.named import check_named

    check_named(settings)
    from duetto.runs.complete import complete_run

    complete_run(settings, console)
