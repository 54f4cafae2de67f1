"""`python -m duetto corpus data=CASE`: builds the corpus of a case and prints its data card."""

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("corpus", help="build the corpus of a case, and print its data card")
    parser.add_argument("--data", required=True, help="a case of conf/data, such as case_b")
    parser.add_argument(
        "settings", nargs="*", metavar="KEY=VALUE", help="its settings, such as data.seed=1 or data.root=FOLDER"
    )
    parser.add_argument("--workers", type=int, help="processes; default: one per core")
    parser.set_defaults(action=build)


def build(options: argparse.Namespace, console: Console) -> None:
    """Build what is missing, and print the card; files of an earlier, interrupted build are kept."""
    from duetto.runs.compose import compose_runs
    from duetto.settings.conf_files import conf_folder

    (config,) = compose_runs(conf_folder(), [[f"data={options.data}", *options.settings]])
    from duetto.corpus.build import Surroundings, build_corpus
    from duetto.corpus.card import data_card

    with console.status("building the corpus") as status:
        folder = build_corpus(
            config.data,
            lambda name, done, total: status.update(f"building the corpus: {name} ({done} of {total})"),
            Surroundings(workers=options.workers),
        )
    table = Table("what", "value", title="Data card", title_justify="left")
    for name, value in data_card(folder):
        table.add_row(name, value)
    console.print(table)
