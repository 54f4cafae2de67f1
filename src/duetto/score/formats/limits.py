"""What no song exceeds. A reader of a foreign file checks against these before it allocates."""

from pathlib import Path

from duetto.errors import ScoreError

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_NOTES = 100_000  # in one file
MAX_TEXT = 2000  # characters of a lyric, name or path
MAX_TICK = 480 * 4 * 10_000  # 10,000 bars: five hours at 120 BPM
MAX_BPM = 1000
MAX_MEASURES = 10_000
MAX_POINTS = 500_000  # of the curves of one file
DEFAULT_BPM = 120.0


def fault(path: Path, what: str) -> ScoreError:
    """The error to raise, in one sentence that starts with the file."""
    return ScoreError(f"{path} {what}.")


def read_bytes(path: Path, limit: int = MAX_FILE_BYTES) -> bytes:
    """Content of a file of at most `limit` bytes.

    Raises:
        ScoreError: If it cannot be opened, or is larger.
    """
    try:
        size = path.stat().st_size
        if size > limit:
            raise ScoreError(f"{path} has {size} bytes; at most {limit} are read, so split the song.")
        return path.read_bytes()
    except OSError as error:
        raise ScoreError(f"{path} cannot be opened ({error.strerror}); check the path.") from error


def tick_within(tick: int, path: Path) -> int:
    """The tick itself.

    Raises:
        ScoreError: If no song is that long.
    """
    if not -MAX_TICK <= tick <= MAX_TICK:
        raise fault(path, f"has a position of {tick} ticks, which is outside any song")
    return tick
