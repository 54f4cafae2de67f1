"""Names that people give to runs: `name=my_voice` stands in run.json beside the signature, and no result depends on it.

One name belongs to one run. If the same command is repeated with changed code, the new run takes the name over.
"""

import shlex
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.errors import ConfigError
from duetto.storage.files import read_object, write_json
from duetto.storage.fingerprint import Fingerprint
from duetto.storage.run_folder import RunFolder
from duetto.voices.find import GIVEN_NAME, named_run


def claim_name(name: str | None, run: RunFolder, logs: Path, made_of: Fingerprint, console: Console) -> dict[str, str]:
    """The field of a run's record that holds its name: the wanted one, else the one that it has.

    Args:
        name: The wanted name; None = unchanged.
        run: The run, whether it exists or not.
        logs: Folder of the runs.
        made_of: Fingerprint of the run.
        console: Is told that the name moves here from a run that earlier code made.

    Raises:
        ConfigError: If a run of other settings or recordings has the name.
    """
    if name is None:
        before = read_object(run.record).get(GIVEN_NAME) if run.is_run else None
        return {GIVEN_NAME: str(before)} if before else {}
    owner = _owner(name, run.path, logs)
    if owner is not None:
        then, wanted = read_object(RunFolder(owner).record).get("made_of"), made_of.as_dict()
        if not isinstance(then, dict) or any(then.get(part) != wanted[part] for part in ("settings", "inputs")):
            raise ConfigError(_taken(name, owner))
        give_name(owner, None)
        console.print(f"The name {name} moves here from {owner.name}, which earlier code made.", markup=False)
    return {GIVEN_NAME: name}


def rename(run: Path, name: str, logs: Path) -> None:
    """Give a run another name.

    Raises:
        ConfigError: If another run has it.
    """
    owner = _owner(name, run, logs)
    if owner is not None:
        raise ConfigError(_taken(name, owner))
    give_name(run, name)


def give_name(run: Path, name: str | None) -> None:
    """Write a name into a run's record; None takes it away."""
    path = RunFolder(run).record
    record: dict[str, Any] = {key: value for key, value in read_object(path).items() if key != GIVEN_NAME}
    write_json(path, record if name is None else {**record, GIVEN_NAME: name})


def _owner(name: str, run: Path, logs: Path) -> Path | None:
    """Another run of this name, given or of its folder."""
    owner = named_run(logs, name) or (logs / name if RunFolder(logs / name).is_run else None)
    return None if owner is None or owner.resolve() == run.resolve() else owner


def _taken(name: str, owner: Path) -> str:
    return (
        f"name={name} belongs to the run {owner.name}, which has other settings or recordings. Choose another name, or "
        f"give that run another one: python -m duetto voices {shlex.quote(name)} name=NEW."
    )
