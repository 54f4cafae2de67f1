"""Opens W&B and TensorBoard for a run, as far as everyone in it allows; nothing leads to the machine."""

import math
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.ownership.gate import is_allowed
from duetto.ownership.heritage import MADE_FROM
from duetto.ownership.privacy import NOT_SHOWN, is_private, told_elsewhere
from duetto.report.collect import read_columns
from duetto.runs.artefacts import TENSORBOARD_FOLDER
from duetto.settings.logger_config import LOGGERS, LoggerConfig
from duetto.storage.run_folder import RunFolder
from duetto.training.tensorboard import EventFile
from duetto.training.tracking import Destination, Item, Tracker
from duetto.training.wandb_run import About, open_wandb

SCOPE, AUDIO_SCOPE = "cloud_logging", "publish_audio"
HOST = "WANDB_HOST"  # otherwise W&B writes the machine's name into each run
NOT_VALUES = ("step", "minutes")  # columns of the CSV files that the tracker does not get
TAGGED = ("model", "size", "case", "preprocess")  # fields of a record


def track(config: LoggerConfig, run: RunFolder, record: Mapping[str, Any], console: Console) -> Tracker:
    """The tracker of a run.

    Without the scope `cloud_logging` of everyone in it nothing is written for W&B, not even files that could be sent
    later; without `publish_audio` W&B and TensorBoard get numbers alone, because both show them to others.

    Raises:
        ConfigError: If TensorBoard is asked for and not installed.
    """
    trackers, places = LOGGERS[config.name], []
    destinations: list[Destination] = []
    may_be_heard = not is_private(record) or is_allowed(record, AUDIO_SCOPE, run.record)
    if "wandb" in trackers and is_private(record) and not is_allowed(record, SCOPE, run.record):
        console.print(f"[yellow]warning:[/] the consent record lacks the scope {SCOPE}: W&B is off.")
        places.append(f"W&B off: the consent record lacks {SCOPE}")
    elif "wandb" in trackers:
        with _without_host():
            opened, where = open_wandb(config, run.path, about(config, run, record, may_be_heard), console)
        for item in inputs_of(record):
            opened.link(item)
        destinations.append(opened)
        places.append(where)
    if "tensorboard" in trackers:
        destinations.append(EventFile(run.path / TENSORBOARD_FOLDER, may_be_heard))
        places.append(f"tensorboard --logdir {shlex.quote(str(run.path / TENSORBOARD_FOLDER))}")
    return Tracker(destinations, "; ".join(places) or "off (logger=none)")


def about(config: LoggerConfig, run: RunFolder, record: Mapping[str, Any], may_be_heard: bool) -> About:
    """What W&B is told of a run: its settings, and texts of the user's or made of what is known."""
    model, size, case, preprocess = (str(record.get(name) or "") for name in TAGGED)
    return About(
        name=run.name,
        signature=run.name.rsplit("-", 1)[-1],
        config=told_elsewhere(record),
        tags=tuple(dict.fromkeys([*filter(None, (model, size, case, preprocess)), *config.tags])),
        notes=config.notes or f"{model} {size} on {case}, preprocess={preprocess}, seed {record.get('seed')}",
        rows=logged_rows(run),
        has_media=may_be_heard,
    )


def logged_rows(run: RunFolder) -> list[tuple[int, dict[str, float]]]:
    """What a run that was killed had logged: the values of each step in its CSV files, by ascending step."""
    rows: dict[int, dict[str, float]] = {}
    for columns in (read_columns(run.losses), read_columns(run.curve)):
        for number, step in enumerate(columns.get("step", ())):
            if math.isfinite(step):
                values = {name: float(column[number]) for name, column in columns.items() if name not in NOT_VALUES}
                rows.setdefault(int(step), {}).update({n: v for n, v in values.items() if math.isfinite(v)})
    return sorted(rows.items())


def inputs_of(record: Mapping[str, Any]) -> list[Item]:
    """What a run is made from: its corpus, and weights that it starts from or renders with."""
    told = told_elsewhere(record)
    corpus = {name: told.get(name) for name in ("case", "preprocess", "num_singers", "is_private", "scopes", "ledger")}
    items = [Item("dataset", str(record["data_hash"]), corpus, is_input=True)] if record.get("data_hash") else []
    for parent in record.get(MADE_FROM) or []:
        digest, role = str(parent.get("sha256") or ""), str(parent.get("role") or "")
        if digest and role != "corpus":
            name = {} if told["is_private"] else {"name": Path(str(parent.get("name") or "")).name}
            items.append(Item("weights", digest, {"role": role, **name}, is_input=True))
    return items


@contextmanager
def _without_host() -> Iterator[None]:
    before = os.environ.get(HOST)
    os.environ[HOST] = before or NOT_SHOWN
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOST]
