"""Recordings that were decoded once stay in memory: a song is scored, drawn and played on its page from one reading."""

from pathlib import Path

from duetto.storage.audio import Waveform, read_audio, resample
from duetto.storage.memory import BoundedMemory

MOST_BYTES = 2**28  # ten songs of two minutes at 48 kHz
State = tuple[Path, int, int]  # file, its bytes, its time of change in ns: a file that is written anew is read anew
_MEMORY = BoundedMemory[State, tuple[Waveform, int]](lambda state: read_audio(state[0]), lambda value: value[0].nbytes)


def recall_audio(path: Path, sample_rate: int | None = None) -> tuple[Waveform, int]:
    """What `read_audio` gives, decoded once in this process; not to be written to.

    Raises:
        AudioError: As `read_audio`.
    """
    if not path.is_file():
        return read_audio(path, sample_rate)  # which says what is missing
    status = path.stat()
    waveform, rate = _MEMORY.recall((path, status.st_size, status.st_mtime_ns), MOST_BYTES)
    return (waveform, rate) if sample_rate is None else (resample(waveform, rate, sample_rate), sample_rate)
