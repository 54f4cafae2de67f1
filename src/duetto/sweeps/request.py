"""The command line of sweep.py: its own settings, those of the executor, and those of train.py for every run."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from duetto.errors import ConfigError
from duetto.settings.without_effect import is_without_effect
from duetto.storage.files import sha256_json
from duetto.sweeps.executors.settings import is_of_executor

Mode = Literal["work", "leave", "watch"]  # leave: submit and return; watch: wait for what was submitted
OWN = ("sweep", "study", "workers", "plan_only", "leave", "watch")
WATCH = "--watch"  # is watch=true, too


@dataclass(frozen=True)
class Request:
    """A parsed command line."""

    sweep: str | None = None
    study: str | None = None
    workers: int = 0
    plan_only: bool = False
    mode: Mode = "work"
    executor: tuple[str, ...] = ()  # executor=NAME and executor.KEY=VALUE, as typed
    settings: tuple[str, ...] = ()  # of train.py, for every run
    command: str = ""  # as typed

    @property
    def again(self) -> str:
        """The command that comes back to what this one has submitted."""
        return shlex.join([each for each in shlex.split(self.command) if not each.startswith("leave=")] + [WATCH])


def parse(arguments: Sequence[str]) -> Request:
    """Separate the sweep's own settings from those of train.py.

    Raises:
        ConfigError: If one of the sweep's settings is invalid, or there are no runs to do.
    """
    given = ["watch=true" if each == WATCH else each for each in arguments if each not in ("-m", "--multirun")]
    unknown = [each for each in given if each.startswith("-")]
    if unknown:
        raise ConfigError(f"{unknown[0]}: no such option. python sweep.py --help lists all settings.")
    own = dict(each.split("=", 1) for each in given if each.split("=", 1)[0] in OWN and "=" in each)
    executor = tuple(each for each in given if is_of_executor(each))
    settings = tuple(each for each in given if each.split("=", 1)[0] not in OWN and each not in executor)
    if "sweep" in own and "study" in own:
        raise ConfigError("Give sweep=NAME or study=NAME, not both.")
    if not settings and not {"sweep", "study"} & set(own):
        raise ConfigError("Which runs? sweep=NAME, study=NAME, or settings with several values: seed=0,1.")
    workers = own.get("workers", "0")
    if not workers.isdigit():
        raise ConfigError(f"workers={workers}: expected a number of processes, 0 = one per core.")
    return Request(
        own.get("sweep"),
        own.get("study"),
        int(workers),
        _is_true(own, "plan_only"),
        _mode(own),
        executor,
        settings,
        shlex.join(arguments),
    )


def _mode(own: dict[str, str]) -> "Mode":
    leaves, watches = _is_true(own, "leave"), _is_true(own, "watch")
    if leaves and watches:
        raise ConfigError("Give leave=true (submit and return) or watch=true (come back), not both.")
    return "leave" if leaves else "watch" if watches else "work"


def _is_true(own: dict[str, str], name: str) -> bool:
    value = own.get(name, "false").lower()
    if value not in ("true", "false"):
        raise ConfigError(f"{name}={value}: expected true or false.")
    return value == "true"


def sweep_name(request: Request) -> str:
    """Name of the sweep's folder: its name, and a digest of the settings that the command line adds."""
    added = sorted(each for each in request.settings if not is_without_effect(each))
    digest = f"-{sha256_json(added)[:6]}" if added else ""
    return f"{request.sweep or request.study or 'grid'}{digest}"
