"""Weights & Biases, without prompting or hanging: online with an API key, else offline files.

CSV files and the page are always written; W&B gets the same numbers. Nothing that identifies the machine or the user is
sent, and a private corpus is logged online only if its consent record has the scope `cloud_logging`.
"""

import logging
import os
from collections.abc import Callable, Mapping
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import wandb
from rich.console import Console

from duetto.settings.config import LoggerConfig

INIT_TIMEOUT_S = 15.0
DEFAULT_HOST = "https://api.wandb.ai"


class Tracker:
    """A W&B run, or nothing when logging is off."""

    def __init__(self, run: Any | None, where: str) -> None:
        self.run = run
        self.where = where  # one phrase for the closing table
        self._sent_songs: set[str] = set()  # of the user's own, whose source has been sent
        self._has_sent_source = False  # whether source and reference of the held-out song have been sent

    def log(self, step: int, values: dict[str, Any]) -> None:
        if self.run is not None:
            self.run.log({**values, "step": step})

    def show_validation(self, step: int, place: Path, draw: Callable[[Path, Path, Path | None], bytes] | None) -> None:
        """Send picture and sound of a held-out conversion; source and reference, which never change, are sent once.

        Args:
            step: Of the training.
            place: Folder with source.wav, output.wav and reference.wav.
            draw: Draws the three recordings as a PNG; None sends sound only.
        """
        if self.run is None:
            return
        names = ("output",) if self._has_sent_source else ("output", "source", "reference")
        media: dict[str, Any] = {f"heldout/{name}": wandb.Audio(str(place / f"{name}.wav")) for name in names}
        if draw is not None:
            picture = place / "spectrograms.png"
            picture.write_bytes(draw(*(place / f"{name}.wav" for name in ("source", "output", "reference"))))
            media["heldout/spectrograms"] = wandb.Image(str(picture))
        self.log(step, media)
        self._has_sent_source = True

    def show_own_songs(self, step: int, written: Mapping[str, Path], source: Callable[[str], Path]) -> None:
        """Send the user's own songs as the weights of a step sing them; what was sung is sent once.

        Args:
            step: Of the training.
            written: The conversion of each song, by its name.
            source: The recording of a song.
        """
        if self.run is None or not written:
            return
        media = {f"own_songs/{name}": wandb.Audio(str(path), caption=f"step {step}") for name, path in written.items()}
        for name in written:
            if name not in self._sent_songs:
                media[f"own_songs/{name}/source"] = wandb.Audio(str(source(name)))
                self._sent_songs.add(name)
        self.log(step, media)

    def summarise(self, values: dict[str, Any]) -> None:
        """Set summary values."""
        if self.run is not None:
            self.run.summary.update(values)

    def close(self) -> None:
        """Flush and end."""
        if self.run is not None:
            self.run.finish()
            self.run = None


def has_api_key() -> bool:
    """Whether W&B can log in without prompting."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlsplit(os.environ.get("WANDB_BASE_URL", DEFAULT_HOST)).hostname or ""
    try:
        return netrc().authenticators(host) is not None
    except (OSError, NetrcParseError):
        return False


def start_tracking(
    config: LoggerConfig, folder: Path, name: str, settings: dict[str, Any], may_upload: bool, console: Console
) -> Tracker:
    """Open a W&B run as `logger` asks; fall back to offline files with a warning that gives the reason."""
    if config.name == "none":
        return Tracker(None, "off (logger=none)")
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
) -> Tracker:
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
    return Tracker(run, str(where))
