"""Weights & Biases, without prompting or hanging: online with an API key, else offline files.

Nothing that identifies the machine or the user is sent, and a private corpus is logged online only if its consent
record has the scope `cloud_logging`. A run that was killed goes on in the same history, online and offline: rows that
W&B has are not sent again, and rows that it lost are sent from the run's CSV files.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import wandb
from rich.console import Console

from duetto.settings.logger_config import LoggerConfig
from duetto.training.tracking import Item, Table, Values
from duetto.training.wandb_files import FOLDER, STEP, last_step, mend, not_sent

INIT_TIMEOUT_S = 15.0
DEFAULT_HOST = "https://api.wandb.ai"
SWEEP, SWEEP_RUN = "WANDB_SWEEP_ID", "WANDB_RUN_ID"  # set by `wandb agent`
DATA, CACHE = "WANDB_DATA_DIR", "WANDB_CACHE_DIR"  # where W&B copies artifacts to
OFFLINE_FIRST = (
    "[yellow]warning:[/] this run began offline and goes on offline, so that its history stays one. To send it: "
    "wandb sync {}"
)


@dataclass(frozen=True)
class About:
    """What W&B is told of a run when it begins."""

    name: str  # of the run's folder
    signature: str
    config: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    notes: str = ""
    rows: Sequence[tuple[int, Mapping[str, float]]] = ()  # logged before a kill: steps, ascending, and their values
    may_upload: bool = True
    has_media: bool = True  # whether sounds and pictures go there, or numbers alone


class WandbRun:
    """A W&B run as a destination of the tracker."""

    def __init__(self, run: Any, place: Path, last: int, has_media: bool = True, artifacts: str = "records") -> None:
        """Begin or go on.

        Args:
            run: W&B's own.
            place: W&B's folder of the run.
            last: The last step that W&B has; -1 = none.
            has_media: Whether sounds and pictures are sent.
            artifacts: `logger.artifacts`.
        """
        self._run, self._place, self._last = run, place, last
        self._has_media, self._artifacts = has_media, artifacts

    def log(self, step: int, values: Values) -> None:
        """Numbers, WAV files and PNG files of a step; what has the same step is one row."""
        sent = {name: _sent(value) for name, value in values.items() if self._has_media or not isinstance(value, Path)}
        if step > self._last and sent:
            self._run.log({**sent, STEP: step}, step=step)

    def summarise(self, values: Mapping[str, float | None]) -> None:
        """Numbers of the whole run; None is undefined."""
        self._run.summary.update(values)

    def link(self, item: Item) -> None:
        """Something that the run was made from, or made, as an artifact; its files only if the settings say so.

        W&B's offline log holds the paths of an artifact's files, so that without that setting there are none.
        """
        if self._artifacts == "none":
            return
        facts = {**item.facts, "digest": item.digest}
        artifact = wandb.Artifact(f"{item.kind}-{item.digest[:12]}", item.kind, metadata=facts)
        with _copies_in(self._place):
            for path in item.files if self._artifacts == "files" else ():
                artifact.add_file(str(path), name=path.name, skip_cache=True, policy="immutable")
            if item.is_input:  # W&B's own `use_artifact` waits for the server, and refuses offline
                self._run._log_artifact(artifact, is_user_created=True, use_after_commit=True)
            else:
                self._run.log_artifact(artifact)

    def show(self, table: Table) -> None:
        """A table, with players in it."""
        rows = [
            [_sent(cell) if self._has_media or not isinstance(cell, Path) else None for cell in row]
            for row in table.rows
        ]
        self._run.log({table.name: wandb.Table(columns=list(table.columns), data=rows, allow_mixed_types=True)})

    def close(self) -> None:
        """Flush and end."""
        self._run.finish()


def _sent(value: Any) -> Any:
    if not isinstance(value, Path):
        return value
    return wandb.Audio(str(value)) if value.suffix == ".wav" else wandb.Image(str(value))


@contextmanager
def _copies_in(place: Path) -> Iterator[None]:
    """Let W&B make its copies in a run's folder, where an erasure finds them, and not in the user's home."""
    before = {name: os.environ.get(name) for name in (DATA, CACHE)}
    os.environ.update(dict.fromkeys(before, str(place)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def has_api_key() -> bool:
    """Whether W&B can log in without prompting."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlsplit(os.environ.get("WANDB_BASE_URL", DEFAULT_HOST)).hostname or ""
    try:
        return netrc().authenticators(host) is not None
    except (OSError, NetrcParseError):
        return False


def open_wandb(config: LoggerConfig, folder: Path, about: About, console: Console) -> tuple[WandbRun, str]:
    """Open a W&B run as `logger` asks; fall back to offline files with a warning that gives the reason.

    Args:
        config: The settings.
        folder: The run's, held by this process.
        about: What W&B is told.
        console: Gets warnings.

    Returns:
        The run, and one phrase on where it is.
    """
    mode = config.mode
    mend(folder)
    if mode == "auto":
        mode = "online" if has_api_key() else "offline"
        if mode == "online" and (left := not_sent(folder)):
            console.print(OFFLINE_FIRST.format(left[0].parent / "offline-run-*"), soft_wrap=True)
            mode = "offline"
    if mode == "online" and not about.may_upload:
        console.print("[yellow]warning:[/] the consent record lacks the scope cloud_logging: W&B stays offline.")
        mode = "offline"
    try:
        return _open(config, folder, about, mode)
    except (wandb.errors.CommError, wandb.errors.UsageError, wandb.errors.AuthenticationError) as error:
        reason = str(error).splitlines()[0]
        console.print(f"[yellow]warning:[/] W&B cannot be reached ({reason}): logging offline, send later.")
        wandb.teardown()  # otherwise the failed attempt keeps the run's id occupied
        return _open(config, folder, about, "offline")


def _open(config: LoggerConfig, folder: Path, about: About, mode: str) -> tuple[WandbRun, str]:
    logging.getLogger("wandb").setLevel(logging.ERROR)
    wandb.setup(wandb.Settings(silent=True))  # the settings of the run come too late for the login
    is_cell = bool(os.environ.get(SWEEP) and os.environ.get(SWEEP_RUN))  # the agent has named the run
    kept = last_step(folder)
    run = wandb.init(
        project=config.project,
        entity=config.entity,
        group=config.group,
        job_type=config.job_type or "train",
        tags=list(about.tags),
        notes=about.notes,
        name=about.name,
        id=None if is_cell else about.signature,
        resume="allow",
        dir=str(folder),
        config=dict(about.config),
        mode=cast(Literal["online", "offline"], mode),
        settings=_settings(config),
    )
    run.define_metric("*", step_metric=STEP)
    # of the history that the server has: its summary may already tell of a row that a kill left unsent
    last = kept if mode == "offline" else run.starting_step - 1
    opened = WandbRun(run, folder / FOLDER, last, about.has_media, config.artifacts)
    for step, values in about.rows:
        opened.log(step, values)
    opened._last = max([last, *(step for step, _ in about.rows)])
    sending = "send: wandb sync" if about.may_upload else "not to be sent: the consent record lacks cloud_logging"
    where = run.url if mode == "online" else f"offline files in {folder / FOLDER} ({sending})"
    return opened, str(where)


def _settings(config: LoggerConfig) -> Any:
    """Nothing of the machine: no host, user, program, folder, command, or code."""
    return wandb.Settings(
        silent=True,
        console="off",
        program="duetto",
        disable_code=True,
        disable_git=True,
        x_disable_machine_info=not config.system_metrics,  # it holds back the metrics too
        x_disable_stats=not config.system_metrics,
        x_disable_meta=True,
        init_timeout=INIT_TIMEOUT_S,
        login_timeout=INIT_TIMEOUT_S,
    )
