"""Feature files that were read once stay in memory, up to a number of bytes."""

from collections import OrderedDict
from pathlib import Path

from duetto.features.cache import ClipFeatures, load_features

MOST_BYTES = 2**30  # an hour and a quarter of singing at 24 kHz with 288 content values a frame


class FeatureMemory:
    """The most recently used files, within a number of bytes."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[Path, ClipFeatures] = OrderedDict()
        self.num_bytes = 0  # of the arrays that are kept

    def load(self, path: Path, most_bytes: int = MOST_BYTES) -> ClipFeatures:
        """What `load_features` gives, from memory where it is there.

        Args:
            path: A feature file. It is named by its content, so it never becomes stale.
            most_bytes: What may be kept, this clip included; those that were not asked for longest are dropped.

        Raises:
            StorageError: If the file is missing or damaged.
        """
        features = self._kept.pop(path, None)
        if features is None:
            features = load_features(path)
            self.num_bytes += features.num_bytes
        self._kept[path] = features
        while self.num_bytes > most_bytes:
            _, dropped = self._kept.popitem(last=False)
            self.num_bytes -= dropped.num_bytes
        return features


_MEMORY = FeatureMemory()  # one a process, as the interpreter's own caches are


def recall_features(path: Path, most_bytes: int = MOST_BYTES) -> ClipFeatures:
    """`FeatureMemory.load` of this process; the arrays are shared, so they are not to be written to."""
    return _MEMORY.load(path, most_bytes)
