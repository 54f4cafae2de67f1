"""`python -m duetto VERB`: what is not a sweep; what train.py and infer.py do, without a checkout."""

import argparse
import re
import sys

from rich.console import Console

from duetto.cli.commands import (
    base,
    check,
    consent,
    dashboard,
    doctor,
    export_voice,
    hardware,
    import_voice,
    infer,
    inspect_file,
    labels,
    report,
    score,
    sing,
    stress,
    study,
    train,
)
from duetto.errors import EXIT_USER_ERROR, DuettoError, print_error
from duetto.renamed import current_arguments
from duetto.signals import answer_signals

VERBS = (
    train,
    infer,
    hardware,
    sing,
    score,
    report,
    study,
    stress,
    dashboard,
    consent,
    import_voice,
    export_voice,
    inspect_file,
    check,
    labels,
    doctor,
    base,
)
TAKE_SETTINGS = ("train", "infer")  # verbs whose KEY=VALUE are Hydra's
SETTING = re.compile(r"^([a-z][a-z_-]*)=")  # a file of such a name is written ./a=b.pth


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; a user's mistake ends with one sentence and status 2, an action may return its own status."""
    given = as_options(current_arguments(sys.argv[1:] if arguments is None else arguments))
    with answer_signals():
        options = build_parser().parse_args(given)
        try:
            return int(options.action(options, Console()) or 0)
        except DuettoError as error:
            print_error(error)
            return EXIT_USER_ERROR


def as_options(arguments: list[str]) -> list[str]:
    """`index=FILE`, as train.py and infer.py take it, reads as `--index=FILE`."""
    if arguments and arguments[0] in TAKE_SETTINGS:
        return arguments
    return [SETTING.sub(lambda found: f"--{found[1].replace('_', '-')}=", argument) for argument in arguments]


def build_parser() -> argparse.ArgumentParser:
    """The verbs and their options."""
    parser = argparse.ArgumentParser(prog="python -m duetto", description=__doc__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        verb.register(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
