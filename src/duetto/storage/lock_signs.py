"""What tells whether the owner of a lock still lives.

No clock of another machine and no time of a file is believed: a record is watched by this process's monotonic clock.
"""

import time
from dataclasses import dataclass
from enum import Enum

from duetto.storage.lock_owner import Owner

QUIET_S = 20.0  # without a count, where the system's lock is free: killed
SILENT_S = 60.0  # without a count, where the system's lock tells nothing: probably killed


class Verdict(Enum):
    """What a look at a lock tells."""

    OURS = "we have it"
    HELD = "its owner lives"
    UNSURE = "look again"
    DEAD = "its owner was killed"
    SILENT = "its owner was probably killed"


@dataclass
class Watch:
    """How long a record has not changed while the system's lock did not say that its owner lives."""

    record: bytes | None = None
    since_s: float = 0.0
    has_moved: bool = False

    def still_s(self, is_free: bool | None, record: bytes) -> float:
        """Seconds for which this record has been seen."""
        now_s = time.monotonic()
        if is_free is False:
            self.record, self.has_moved = None, False
        elif record != self.record:
            self.has_moved = self.record is not None
            self.record, self.since_s = record, now_s
        return now_s - self.since_s


def verdict_on(is_free: bool | None, owner: Owner | None, silent_s: float, has_moved: bool) -> Verdict:
    """What to think of the owner of a lock.

    Args:
        is_free: Whether this process just got the system's lock of the file; None = the file system has none.
        owner: In the file; None = none is named.
        silent_s: For how long the file has not changed, from `Watch`.
        has_moved: Whether it changed since; then a system's lock that is free is one that machines do not share.
    """
    if is_free is False:
        return Verdict.HELD
    if owner is not None and owner.is_here:
        return Verdict.DEAD if is_free or not owner.is_alive else Verdict.HELD
    if owner is None and is_free:  # earlier versions left their files in place
        return Verdict.DEAD
    is_telling = bool(is_free) and not has_moved
    if silent_s >= (QUIET_S if is_telling else SILENT_S):
        return Verdict.DEAD if is_telling else Verdict.SILENT
    return Verdict.HELD if has_moved else Verdict.UNSURE
