"""Finding what a setting names among the records of a registry."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from duetto.errors import ConfigError


class Named(Protocol):
    """A record of a registry."""

    @property
    def name(self) -> str:
        """As the setting has it."""


Record = TypeVar("Record", bound=Named)


def find_named(records: Sequence[Record], name: str, setting: str) -> Record:
    """The record of that name.

    Raises:
        ConfigError: If there is none; names those that there are.
    """
    for record in records:
        if record.name == name:
            return record
    names = [record.name for record in records]
    raise ConfigError(f"{setting}={name}: expected {', '.join(names[:-1])} or {names[-1]}.")
