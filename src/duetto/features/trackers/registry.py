"""The pitch trackers that `features.f0.method` may name.

A new tracker is one file beside this one and one line in `TRACKERS`.
"""

from duetto.errors import ConfigError
from duetto.features.trackers import dio, harvest, swift
from duetto.features.trackers.tracker import PitchTracker

TRACKERS: tuple[PitchTracker, ...] = (
    swift.TRACKER,
    harvest.TRACKER,
    dio.TRACKER,
)


def find_tracker(name: str) -> PitchTracker:
    """The tracker of that name.

    Raises:
        ConfigError: If there is none; names the existing ones.
    """
    for tracker in TRACKERS:
        if tracker.name == name:
            return tracker
    names = [tracker.name for tracker in TRACKERS]
    raise ConfigError(f"features.f0.method={name}: expected {', '.join(names[:-1])} or {names[-1]}.")
