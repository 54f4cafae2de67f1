"""The pitch trackers that `features.f0.method` may name.

A new tracker is one file beside this one and one line in `TRACKERS`.
"""

from duetto.features.lookup import find_named
from duetto.features.trackers import dio, harvest, swift
from duetto.features.trackers.tracker import PitchTracker

TRACKERS: tuple[PitchTracker, ...] = (
    swift.TRACKER,
    harvest.TRACKER,
    dio.TRACKER,
)


def find_tracker(name: str, setting: str = "features.f0.method") -> PitchTracker:
    """The tracker of that name; `setting` named it.

    Raises:
        ConfigError: If there is none; names the existing ones.
    """
    return find_named(TRACKERS, name, setting)
