"""Words that somebody may have meant who typed another one."""

from collections.abc import Iterable
from difflib import SequenceMatcher

LIKE = 0.6  # from here on two words are alike
CLOSE = 0.08  # how far behind the best another one may be to be named as well
TAIL = 0.8  # weight of a likeness in the last part of a dotted name alone
SAME_TAIL = 0.97  # of the same last part


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Known words that are like a word, the likest first; of dotted names the last part may be enough.

    Args:
        word: As typed.
        known: What there is.
        count: How many at most.
    """
    scored = sorted(((_likeness(word, each), each) for each in set(known)), key=lambda pair: (-pair[0], pair[1]))
    return [each for score, each in scored[:count] if score >= max(LIKE, scored[0][0] - CLOSE)]


def did_you_mean(word: str, known: Iterable[str], rest: str = "") -> str:
    """A question with the words that are like it, each with `rest` behind; empty where none is."""
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
