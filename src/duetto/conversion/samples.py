"""Buffer for a converted recording between two passes: in memory if it is short, on disk if it is long."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

from duetto.storage.audio import Waveform
from duetto.storage.files import storage_error

IN_MEMORY_BYTES = 64 * 2**20  # 11 minutes at 24 kHz
SAMPLE_BYTES = 4  # float32


class SampleStore:
    """Samples that are appended once and read in any order; a context manager, which removes the file at the end."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open an empty store.

        Args:
            folder: Where long recordings are buffered; None = the system's temporary folder.
        """
        self._folder = folder
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, dir=str(folder) if folder else None)  # noqa: SIM115 - see __exit__
        self.num_samples = 0

    def __enter__(self) -> "SampleStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, block: Waveform) -> None:
        """Add samples at the end.

        Raises:
            StorageError: If the disk is full.
        """
        try:
            self._file.seek(self.num_samples * SAMPLE_BYTES)
            self._file.write(np.ascontiguousarray(block, np.float32).tobytes())
        except OSError as error:
            raise storage_error(self._folder or Path(tempfile.gettempdir()), error) from error
        self.num_samples += len(block)

    def read(self, start: int, stop: int) -> Waveform:
        """Samples from `start` up to `stop`, as far as there are any."""
        start, stop = max(start, 0), min(stop, self.num_samples)
        self._file.seek(start * SAMPLE_BYTES)
        return np.frombuffer(self._file.read((stop - start) * SAMPLE_BYTES), np.float32)

    def blocks(self, size: int) -> Iterator[tuple[int, int]]:
        """Start and stop (one past the end) of consecutive blocks that cover the store."""
        for start in range(0, self.num_samples, size):
            yield start, min(start + size, self.num_samples)
