"""Opens W&B and TensorBoard for a run, as far as everyone in it allows; nothing leads to the machine."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from duetto.ownership.gate import is_allowed
from duetto.ownership.privacy import NOT_SHOWN, is_private, shareable
from duetto.runs.artefacts import TENSORBOARD_FOLDER
from duetto.settings.logger_config import LOGGERS, LoggerConfig
from duetto.storage.run_folder import RunFolder
from duetto.training.tensorboard import EventFile
from duetto.training.tracking import Destination, Tracker
from duetto.training.wandb_run import open_wandb

SCOPE, AUDIO_SCOPE = "cloud_logging", "publish_audio"
HOST = "WANDB_HOST"  # otherwise W&B writes the machine's name into each run


def track(config: LoggerConfig, run: RunFolder, record: Mapping[str, Any], console: Console) -> Tracker:
    """The tracker of a run.

    Without the scope `cloud_logging` of everyone in it nothing is written for W&B, not even files that could be sent
    later. TensorBoard's files stay in the run's folder; without `publish_audio` they hold numbers alone, because
    TensorBoard shows them to whoever reaches its port.

    Raises:
        ConfigError: If TensorBoard is asked for and not installed.
    """
    trackers, places = LOGGERS[config.name], []
    destinations: list[Destination] = []
    if "wandb" in trackers and is_private(record) and not is_allowed(record, SCOPE, run.record):
        console.print(f"[yellow]warning:[/] the consent record lacks the scope {SCOPE}: W&B is off.")
        places.append(f"W&B off: the consent record lacks {SCOPE}")
    elif "wandb" in trackers:
        with _without_host():
            opened, where = open_wandb(config, run.path, run.name, shareable(record), True, console)
        destinations.append(opened)
        places.append(where)
    if "tensorboard" in trackers:
        may_be_heard = not is_private(record) or is_allowed(record, AUDIO_SCOPE, run.record)
        destinations.append(EventFile(run.path / TENSORBOARD_FOLDER, may_be_heard))
        places.append(f"tensorboard --logdir {shlex.quote(str(run.path / TENSORBOARD_FOLDER))}")
    return Tracker(destinations, "; ".join(places) or "off (logger=none)")


@contextmanager
def _without_host() -> Iterator[None]:
    before = os.environ.get(HOST)
    os.environ[HOST] = before or NOT_SHOWN
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOST]
