"""A faiss index that is searched on the card as long as that works, and then on the CPU, with the same rows."""

import logging
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from duetto.device.choose import compute_device

FIRST_CARD = 0

logger = logging.getLogger(__name__)


class CardIndex:
    """Searches on the card; from the first failure on, on the CPU."""

    def __init__(self, on_card: Any, on_cpu: Any) -> None:
        self.searcher, self.on_cpu = on_card, on_cpu

    def search(self, queries: NDArray[np.float32], neighbours: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """As faiss: squared distances and numbers, (Q, k) each; number -1 = none found."""
        try:
            found: tuple[NDArray[np.float32], NDArray[np.int64]] = self.searcher.search(queries, neighbours)
        except RuntimeError as error:  # faiss has one class for all of its errors
            if self.searcher is self.on_cpu:
                raise
            _tell(error)
            self.searcher = self.on_cpu
            found = self.searcher.search(queries, neighbours)
        return found


def on_fastest_device(index: Any) -> Any:
    """The index on the card, where faiss was built for one and there is one that takes it; else the index itself."""
    if not hasattr(faiss, "StandardGpuResources") or compute_device().type == "cpu":
        return index
    try:
        on_card = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), FIRST_CARD, index)
    except RuntimeError as error:
        _tell(error)
        return index
    return CardIndex(on_card, index)


def _tell(error: RuntimeError) -> None:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    logger.warning("The index is searched on the CPU: the card refused it (%s).", reason[:200])
