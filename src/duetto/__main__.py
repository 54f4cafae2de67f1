"""`python -m duetto COMMAND`: all that duetto does, except for sweeps."""

import argparse
import sys
from collections.abc import Mapping

from rich.console import Console

from duetto.cli.arguments import Parser, as_options
from duetto.cli.commands import (
    app,
    base,
    blend,
    check,
    consent,
    corpus,
    dashboard,
    doctor,
    erase,
    export_voice,
    hardware,
    import_voice,
    infer,
    inspect_file,
    labels,
    lineage,
    report,
    score,
    sing,
    stress,
    study,
    train,
    verify,
    voices,
    weights,
)
from duetto.cli.help import HELP_FLAGS, HelpFormatter, explain_verb, print_help, wants_help
from duetto.errors import EXIT_USER_ERROR, ConfigError, DuettoError, memory_shortage_told, print_error
from duetto.renamed import current_arguments
from duetto.runs.command_line.check import refuse_options
from duetto.runs.command_line.nearest import did_you_mean
from duetto.settings.conf_files import conf_folder
from duetto.signals import answer_signals

VERBS = (
    train,
    infer,
    corpus,
    hardware,
    sing,
    score,
    report,
    study,
    stress,
    dashboard,
    consent,
    erase,
    lineage,
    verify,
    import_voice,
    export_voice,
    weights,
    voices,
    app,
    blend,
    inspect_file,
    check,
    labels,
    doctor,
    base,
)
ENTRIES = ("train", "infer")  # verbs whose help is that of train.py and infer.py
EPILOG = """examples:
  python -m duetto doctor my_voice quick
  python -m duetto report my_voice miku
Each command has its own: python -m duetto COMMAND --help"""
TAKE_SETTINGS = ("train", "infer", "hardware", "blend")  # verbs whose KEY=VALUE are not options of ours


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; a user's mistake ends with one sentence and status 2, an action may return its own status."""
    given = sys.argv[1:] if arguments is None else arguments
    with answer_signals():
        try:
            options = parse(current_arguments(given))
            with memory_shortage_told():
                return int(options.action(options, Console()) or 0)
        except DuettoError as error:
            print_error(error)
            return EXIT_USER_ERROR


def parse(arguments: list[str]) -> argparse.Namespace:
    """The verb and its options.

    Raises:
        ConfigError: If there is no such verb or option, or a value cannot be read.
    """
    parser, verbs = build_parser()
    if not arguments or arguments[0].startswith("-"):
        return parser.parse_args(arguments)
    verb, rest = arguments[0], arguments[1:]
    if verb in ENTRIES and wants_help(rest):
        print_help(conf_folder(), verb, rest)
        sys.exit(0)
    if verb not in verbs:
        raise ConfigError(
            f"{verb}: there is no such command.{did_you_mean(verb, verbs)} {parser.prog} --help lists them."
        )
    if verb in TAKE_SETTINGS:
        refuse_options([each for each in rest if each.startswith("-") and each not in HELP_FLAGS], verb)
        return parser.parse_args(arguments)
    return parser.parse_args([verb, *as_options(rest, verbs[verb])])


def build_parser() -> tuple[Parser, Mapping[str, Parser]]:
    """The parser of the command line, and that of each verb."""
    parser = Parser(prog="python -m duetto", description=__doc__, epilog=EPILOG, formatter_class=HelpFormatter)
    verbs = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    for verb in VERBS:
        verb.register(verbs)
    for name, each in verbs.choices.items():
        if name not in ENTRIES:
            explain_verb(each, name)
    return parser, verbs.choices


if __name__ == "__main__":
    sys.exit(main())
