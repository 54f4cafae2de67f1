"""Cache of decoded recordings, so that a song is decoded once for scoring, drawing and its page."""

from pathlib import Path

from duetto.storage.audio import Waveform, read_audio, resample
from duetto.storage.memory import BoundedMemory

MOST_BYTES = 2**28  # ten songs of two minutes at 48 kHz
State = tuple[Path, int, int]  # file, size, modification time in ns: a changed file is read again
_MEMORY = BoundedMemory[State, tuple[Waveform, int]](lambda state: read_audio(state[0]), lambda value: value[0].nbytes)


def recall_audio(path: Path, sample_rate: int | None = None) -> tuple[Waveform, int]:
    """As `read_audio`, but decoded only once per process; do not modify the result.

    Raises:
        AudioError: As `read_audio`.
    """
    if not path.is_file():
        return read_audio(path, sample_rate)  # which raises the error
    status = path.stat()
    waveform, rate = _MEMORY.recall((path, status.st_size, status.st_mtime_ns), MOST_BYTES)
    return (waveform, rate) if sample_rate is None else (resample(waveform, rate, sample_rate), sample_rate)
