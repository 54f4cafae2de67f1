"""The pitch trackers that `features.f0.method` may name.

A new tracker is one file beside this one and one line in `TRACKERS`.
"""

import importlib.util

from duetto.errors import ConfigError
from duetto.features.hubert_variants import weights_digest
from duetto.features.lookup import find_named
from duetto.features.trackers import crepe, dio, fcpe, harvest, rmvpe, swift
from duetto.features.trackers.tracker import PitchTracker
from duetto.settings.config import F0Config

TRACKERS: tuple[PitchTracker, ...] = (
    swift.TRACKER,
    rmvpe.TRACKER,
    fcpe.TRACKER,
    crepe.TRACKER,
    crepe.TINY_TRACKER,
    harvest.TRACKER,
    dio.TRACKER,
)

# What the data doctor compares with, the best first (docs/trackers.md); full CREPE is too slow for that.
SECOND_OPINIONS = ("fcpe", "crepe_tiny", "harvest")


def find_tracker(name: str, setting: str = "features.f0.method") -> PitchTracker:
    """The tracker of that name; `setting` named it.

    Raises:
        ConfigError: If there is none; names the existing ones.
    """
    return find_named(TRACKERS, name, setting)


def is_installed(tracker: PitchTracker) -> bool:
    """Whether the packages of a tracker are there; its weights may be missing."""
    return tracker.module is None or importlib.util.find_spec(tracker.module) is not None


def second_opinion(first: str) -> str:
    """The tracker to compare `first` with: the best other one that needs no weights file and is installed."""
    return next(name for name in SECOND_OPINIONS if name != first and is_installed(find_tracker(name)))


def require_ready(config: F0Config, prefix: str = "features.f0.") -> PitchTracker:
    """The tracker that the settings name, once its packages and its weights are known to be there.

    Args:
        config: The settings.
        prefix: Of the settings' names in messages, which end in `method` and `path`.

    Raises:
        ConfigError: If there is no such tracker, or something of it is missing; says what to install or to download.
    """
    tracker = find_tracker(config.method, f"{prefix}method")
    if not is_installed(tracker):
        raise ConfigError(
            f"{prefix}method={tracker.name} needs the package {tracker.module}: pip install '.[{tracker.extra}]'."
        )
    if tracker.find_weights is not None:
        tracker.find_weights(config)
    elif config.path is not None:
        raise ConfigError(f"{prefix}path={config.path}: {tracker.name} reads no weights file. Leave it out.")
    return tracker


def tracker_digest(config: F0Config) -> str | None:
    """SHA-256 of the weights file that the tracker reads, without loading it; None if it reads none.

    Raises:
        ConfigError: As `require_ready`.
    """
    find_weights = find_tracker(config.method).find_weights
    return None if find_weights is None else weights_digest(find_weights(config))
