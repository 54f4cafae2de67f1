"""Peak memory: the largest resident size of the process, and the most that was allocated on the GPU.

Convention: MiB. The resident size includes the interpreter and libraries (about 500 MiB with torch), so compare runs on
one machine. It is sampled every 10 ms; a shorter peak can be missed. Lower is better; NaN where the system does not
report it, or without a GPU.
"""

import math
import threading
from pathlib import Path
from types import TracebackType

from duetto.evaluation.inputs import PeakMemory
from duetto.evaluation.measure import Measure, ScoredSong, Scores
from duetto.evaluation.metric import plain

MIB = 1024.0 * 1024.0
EVERY_S = 0.01
STATUS = Path("/proc/self/status")


class MemoryWatch:
    """A context that measures what runs inside it: `with MemoryWatch() as watch: ...; watch.peak`."""

    def __init__(self) -> None:
        """Nothing is measured yet: both peaks are NaN."""
        self.peak = PeakMemory()
        self.highest = math.nan  # MiB so far
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        import torch  # here, because the table of metrics does not need it

        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        self.highest = resident_mib()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import torch

        self._done.set()
        self._thread.join()
        self._note()
        gpu = torch.cuda.max_memory_allocated() / MIB if torch.cuda.is_available() else math.nan
        self.peak = PeakMemory(self.highest, gpu)

    def _watch(self) -> None:
        while not self._done.wait(EVERY_S):
            self._note()

    def _note(self) -> None:
        self.highest = max(self.highest, resident_mib())


def resident_mib() -> float:
    """Resident size of this process, MiB; NaN without /proc (on systems other than Linux)."""
    try:
        for line in STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmRSS:"):
                return float(line.split()[1]) / 1024.0
    except OSError:
        return math.nan
    return math.nan


def _conclude(song: ScoredSong) -> Scores:
    peak = song.files.peak_memory
    return {"peak_memory": peak.process, "peak_gpu_memory": peak.gpu}


MEASURE = Measure(
    metrics=(
        plain(
            "peak_memory",
            "Peak memory",
            "MiB",
            "down",
            "Largest resident size while converting.",
            group="cost",
            digits=0,
        ),
        plain(
            "peak_gpu_memory",
            "Peak GPU memory",
            "MiB",
            "down",
            "Most memory allocated at once.",
            group="cost",
            digits=0,
        ),
    ),
    conclude=_conclude,
)
