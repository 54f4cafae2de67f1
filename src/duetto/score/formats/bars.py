"""Where bars begin: from metre changes by bar to ticks, and back."""

from collections.abc import Iterable, Iterator, Sequence

from duetto.score.score import TICKS_PER_QUARTER, TimeSignature

TICKS_PER_WHOLE = 4 * TICKS_PER_QUARTER


def bar_ticks(signature: TimeSignature) -> int:
    """Length of a bar of a metre."""
    return max(signature.numerator * TICKS_PER_WHOLE // signature.denominator, 1)


def change_ticks(signatures: Sequence[TimeSignature]) -> Iterator[tuple[int, TimeSignature]]:
    """Start tick of each metre change."""
    tick = 0
    for index, signature in enumerate(signatures):
        if index:
            tick += (signature.measure - signatures[index - 1].measure) * bar_ticks(signatures[index - 1])
        yield tick, signature


def changes_by_bar(changes: Iterable[tuple[int, int, int]]) -> Iterator[TimeSignature]:
    """Metre changes by bar, from (tick, numerator, denominator) in time order; within a bar they wait for the next."""
    tick, held = 0, TimeSignature(0, 4, 4)
    for at, numerator, denominator in changes:
        bars = -((tick - at) // bar_ticks(held)) if at > tick else 0
        tick += bars * bar_ticks(held)
        held = TimeSignature(held.measure + bars, numerator, denominator)
        yield held
