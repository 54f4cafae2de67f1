"""Parses `python -m duetto VERB`: options with or without dashes, mistakes as one sentence."""

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from duetto.errors import ConfigError
from duetto.runs.command_line.nearest import did_you_mean

SETTING = re.compile(r"([a-z][a-z_-]*)=(.*)", re.DOTALL)
SWITCHES = (0, "?")  # nargs of options that need no value


class Parser(argparse.ArgumentParser):
    """Raises a `ConfigError` where argparse would print its usage; the parsers of verbs have the same class."""

    def error(self, message: str) -> NoReturn:
        """Raise the error as a sentence.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(f"{message[:1].upper()}{message[1:]}. {self.prog} --help lists its options.")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does, but refuse unknown options here, where the verb's options are known."""
        found, rest = super().parse_known_args(args, namespace)
        unknown = [each for each in rest if each.startswith("--")]
        if unknown:
            name, equals, value = unknown[0].partition("=")
            raise ConfigError(self.no_option(name, f"{equals}{value}"))
        return found, rest

    def no_option(self, name: str, rest: str = "") -> str:
        """The error message for an option that does not exist."""
        return f"{self.prog} has no {name}.{did_you_mean(name, options_of(self), rest)} {self.prog} --help lists them."


def options_of(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Long options of a parser and of its subparsers, such as `--output`."""
    return {
        name: action
        for each in _with_actions(parser)
        for name, action in each._option_string_actions.items()
        if name.startswith("--")
    }


def _with_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _with_actions(inner)


def as_options(arguments: Sequence[str], parser: Parser) -> list[str]:
    """Read `index=FILE` and `quick`, as people write them, as `--index=FILE` and `--quick`.

    An argument that exists as a file or folder is a path; `run=latest` is `latest` if a run is expected.

    Raises:
        ConfigError: If there is no such option; names the nearest one.
    """
    return [argument if os.path.lexists(argument) else _as_option(argument, parser) for argument in arguments]


def _as_option(argument: str, parser: Parser) -> str:
    options, found = options_of(parser), SETTING.fullmatch(argument)
    if found is None:
        switch = options.get(f"--{argument}")
        return argument if switch is None or switch.nargs not in SWITCHES else f"--{argument}"
    option = f"--{found[1].replace('_', '-')}"
    if option in options:
        return f"{option}={found[2]}"
    positional = {action.metavar or action.dest for each in _with_actions(parser) for action in each._actions}
    if found[1] in positional:
        return found[2]
    raise ConfigError(parser.no_option(option, f"={found[2]}"))
