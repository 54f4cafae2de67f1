"""What was read once stays in memory, up to a number of bytes, for whoever asks next in this process."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class BoundedMemory(Generic[Key, Value]):
    """Values by key; those that were not asked for longest go first. They are shared: nobody may write to them."""

    def __init__(self, load: Callable[[Key], Value], num_bytes: Callable[[Value], int]) -> None:
        """Begin empty.

        Args:
            load: Reads the value of a key that is not kept; what it raises is passed on, and nothing is kept.
            num_bytes: Size of a value.
        """
        self._load = load
        self._num_bytes = num_bytes
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self.num_bytes = 0  # of all that is kept

    def recall(self, key: Key, most_bytes: int) -> Value:
        """The value of a key, after which no more than `most_bytes` are kept, it included."""
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
