"""Feature files that were read once stay in memory for the data doctor, training and the index."""

from pathlib import Path

from duetto.features.cache import ClipFeatures, load_features
from duetto.storage.memory import BoundedMemory

MOST_BYTES = 2**30  # an hour and a quarter of singing at 24 kHz with 288 content values a frame
_MEMORY = BoundedMemory[Path, ClipFeatures](lambda path: load_features(path), lambda features: features.num_bytes)


def recall_features(path: Path, most_bytes: int = MOST_BYTES) -> ClipFeatures:
    """What `load_features` gives, from this process's memory where it is there; not to be written to.

    Args:
        path: A feature file. It is named by what it was made of, so that what was read stays true.
        most_bytes: What may be kept in all.

    Raises:
        StorageError: If the file is missing or damaged.
    """
    return _MEMORY.recall(path, most_bytes)
