"""Suggestions for a misspelt word."""

from collections.abc import Iterable
from difflib import SequenceMatcher

LIKE = 0.6  # least similarity of a suggestion
CLOSE = 0.08  # a further suggestion is at most this far below the best
TAIL = 0.8  # weight of a similarity in the last part of a dotted name only
SAME_TAIL = 0.97  # weight of an identical last part


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Known words similar to a word, the most similar first; dotted names may match in the last part only.

    Args:
        word: The word as typed.
        known: All valid words.
        count: Maximum number of suggestions.
    """
    scored = sorted(((_likeness(word, each), each) for each in set(known)), key=lambda pair: (-pair[0], pair[1]))
    return [each for score, each in scored[:count] if score >= max(LIKE, scored[0][0] - CLOSE)]


def did_you_mean(word: str, known: Iterable[str], rest: str = "") -> str:
    """A question that suggests similar words, each followed by `rest`; empty if there are none."""
    found = [f"{each}{rest}" for each in nearest(word, known)]
    if not found:
        return ""
    return f" Did you mean {' or '.join(filter(None, (', '.join(found[:-1]), found[-1])))}?"


def _likeness(word: str, known: str) -> float:
    whole = SequenceMatcher(None, word.lower(), known.lower()).ratio()
    tail, known_tail = (each.lower().rpartition(".")[2] for each in (word, known))
    if tail == known_tail:
        return max(whole, SAME_TAIL)
    return max(whole, TAIL * SequenceMatcher(None, tail, known_tail).ratio())
