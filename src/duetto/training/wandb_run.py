"""Weights & Biases, without prompting or hanging: online with an API key, else offline files.

Nothing that identifies the machine or the user is sent, and a private corpus is logged online only if its consent
record has the scope `cloud_logging`.
"""

import logging
import os
from collections.abc import Mapping
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import wandb
from rich.console import Console

from duetto.settings.logger_config import LoggerConfig

INIT_TIMEOUT_S = 15.0
DEFAULT_HOST = "https://api.wandb.ai"


class WandbRun:
    """A W&B run as a destination of the tracker."""

    def __init__(self, run: Any) -> None:
        self._run = run

    def log(self, step: int, values: Mapping[str, float | Path | None]) -> None:
        """Numbers, WAV files and PNG files of a step."""
        self._run.log({**{name: _sent(value) for name, value in values.items()}, "step": step})

    def summarise(self, values: Mapping[str, float | None]) -> None:
        """Numbers of the whole run; None is undefined."""
        self._run.summary.update(values)

    def close(self) -> None:
        """Flush and end."""
        self._run.finish()


def _sent(value: float | Path | None) -> Any:
    if not isinstance(value, Path):
        return value
    return wandb.Audio(str(value)) if value.suffix == ".wav" else wandb.Image(str(value))


def has_api_key() -> bool:
    """Whether W&B can log in without prompting."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlsplit(os.environ.get("WANDB_BASE_URL", DEFAULT_HOST)).hostname or ""
    try:
        return netrc().authenticators(host) is not None
    except (OSError, NetrcParseError):
        return False


def open_wandb(
    config: LoggerConfig, folder: Path, name: str, settings: dict[str, Any], may_upload: bool, console: Console
) -> tuple[WandbRun, str]:
    """Open a W&B run as `logger` asks; fall back to offline files with a warning that gives the reason.

    Returns:
        The run, and one phrase on where it is.
    """
    mode = config.mode
    if mode == "auto":
        mode = "online" if has_api_key() else "offline"
    if mode == "online" and not may_upload:
        console.print("[yellow]warning:[/] the consent record lacks the scope cloud_logging: W&B stays offline.")
        mode = "offline"
    try:
        return _open(config, folder, name, settings, mode, may_upload)
    except (wandb.errors.CommError, wandb.errors.UsageError, wandb.errors.AuthenticationError) as error:
        reason = str(error).splitlines()[0]
        console.print(f"[yellow]warning:[/] W&B cannot be reached ({reason}): logging offline, send later.")
        wandb.teardown()  # otherwise the failed attempt keeps the run's id occupied
        return _open(config, folder, name, settings, "offline", may_upload)


def _open(
    config: LoggerConfig, folder: Path, name: str, settings: dict[str, Any], mode: str, may_upload: bool
) -> tuple[WandbRun, str]:
    logging.getLogger("wandb").setLevel(logging.ERROR)
    run = wandb.init(
        project=config.project,
        entity=config.entity,
        group=config.group,
        name=name,
        id=name.rsplit("-", 1)[-1],
        resume="allow" if mode == "online" else None,
        dir=str(folder),
        config=settings,
        mode=cast(Literal["online", "offline"], mode),
        settings=wandb.Settings(
            silent=True,
            console="off",
            disable_code=True,
            disable_git=True,
            x_disable_machine_info=True,
            x_disable_stats=True,
            x_disable_meta=True,
            init_timeout=INIT_TIMEOUT_S,
            login_timeout=INIT_TIMEOUT_S,
        ),
    )
    run.define_metric("*", step_metric="step")
    sending = "send: wandb sync" if may_upload else "not to be sent: the consent record lacks cloud_logging"
    where = run.url if mode == "online" else f"offline files in {folder / 'wandb'} ({sending})"
    return WandbRun(run), str(where)
