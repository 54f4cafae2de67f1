"""In-memory cache, limited by size, for values that this process reads repeatedly."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class BoundedMemory(Generic[Key, Value]):
    """Values by key; the least recently used are dropped first. Values are shared: do not modify them."""

    def __init__(self, load: Callable[[Key], Value], num_bytes: Callable[[Value], int]) -> None:
        """Begin empty.

        Args:
            load: Reads the value of a missing key; its exceptions propagate, and nothing is stored.
            num_bytes: Size of a value.
        """
        self._load = load
        self._num_bytes = num_bytes
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self.num_bytes = 0  # of all that is kept

    def recall(self, key: Key, most_bytes: int) -> Value:
        """The value of a key; afterwards at most `most_bytes` are kept, including this value."""
        if key in self._kept:
            self._kept.move_to_end(key)
            value = self._kept[key]
        else:
            value = self._kept[key] = self._load(key)
            self.num_bytes += self._num_bytes(value)
        while self.num_bytes > most_bytes:
            _, dropped = self._kept.popitem(last=False)
            self.num_bytes -= self._num_bytes(dropped)
        return value
