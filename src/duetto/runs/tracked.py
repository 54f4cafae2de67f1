"""Opens W&B for a run, as far as everyone in it allows; nothing that leads to the machine is written."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from duetto.ownership.gate import is_allowed
from duetto.ownership.privacy import NOT_SHOWN, is_private, shareable
from duetto.settings.config import LoggerConfig
from duetto.storage.run_folder import RunFolder
from duetto.training.tracking import Tracker, start_tracking

SCOPE = "cloud_logging"
HOST = "WANDB_HOST"  # otherwise W&B writes the machine's name into each run


def track(config: LoggerConfig, run: RunFolder, record: Mapping[str, Any], console: Console) -> Tracker:
    """The tracker of a run; without the scope `cloud_logging` not even files that could be sent later are written."""
    if config.name != "none" and is_private(record) and not is_allowed(record, SCOPE, run.record):
        console.print(f"[yellow]warning:[/] the consent record lacks the scope {SCOPE}: W&B is off.")
        return Tracker(None, f"off: the consent record lacks {SCOPE}")
    with _without_host():
        return start_tracking(config, run.path, run.name, shareable(record), True, console)


@contextmanager
def _without_host() -> Iterator[None]:
    before = os.environ.get(HOST)
    os.environ[HOST] = before or NOT_SHOWN
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOST]
