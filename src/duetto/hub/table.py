"""The weights that can be had by name, from the committed `table.json`.

Sources of the digests: for RVC's pairs and RMVPE the list that RVC WebUI checks its downloads against (its `.env`), for
the others what several public projects pin. `hubert_soft` has the first eight digits, which its author put into the
file's name, as PyTorch's hub does. Rows without a digest are pinned on first use.
"""

import importlib.resources
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePosixPath

from duetto.errors import ConfigError

DIGITS = 64  # of a whole SHA-256
COMPANION = "-"  # between the name of a row and that of the file beside it; names of rows hold none


@dataclass(frozen=True)
class PublicWeights:
    """One row of the table: a file of a repository of the Hugging Face hub."""

    name: str  # by which settings and commands know it
    repository: str  # owner/name
    revision: str
    file: str  # its path in the repository
    size: int | None  # bytes; None = not known to us
    sha256: str | None  # 64 hexadecimal digits, or the first of them; None = not known to us: pinned on first use
    licence: str  # as its authors state it
    what: str  # it is for
    beside: str | None = None  # name of a small file of the same folder that belongs to it; pinned on first use

    @property
    def is_pinned(self) -> bool:
        """Whether the table holds the whole digest."""
        return self.sha256 is not None and len(self.sha256) == DIGITS

    @property
    def asked_for(self) -> str:
        """The name to get it by: a companion's is that of the file that it belongs to."""
        return self.name.partition(COMPANION)[0]

    @property
    def companion(self) -> "PublicWeights | None":
        """The file that belongs beside this one, as a row of its own."""
        if self.beside is None:
            return None
        place = str(PurePosixPath(self.file).with_name(self.beside))
        return replace(
            self, name=f"{self.name}{COMPANION}{self.beside}", file=place, size=None, sha256=None, beside=None
        )


@cache
def public_weights() -> tuple[PublicWeights, ...]:
    """The rows of the table, in its order."""
    text = importlib.resources.files("duetto.hub").joinpath("table.json").read_text("utf-8")
    return tuple(PublicWeights(**row) for row in json.loads(text))


def find_weights(name: str) -> PublicWeights:
    """The row of that name.

    Raises:
        ConfigError: If there is none; names all.
    """
    for row in public_weights():
        if row.name == name:
            return row
    names = ", ".join(row.name for row in public_weights())
    raise ConfigError(f"There are no weights named {name}. Known: {names}.")
