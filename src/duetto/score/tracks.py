"""Which lines of a score file are taken: those that sound in it, all of them, or some by number."""

from collections.abc import Sequence
from pathlib import Path

from duetto.errors import ScoreError
from duetto.score.score import Score

SOUNDING, ALL = "sounding", "all"


def choose_tracks(scores: Sequence[Score], wanted: str, path: Path) -> tuple[int, ...]:
    """Numbers of the lines to take, counted from 1.

    Args:
        scores: All lines of a file.
        wanted: `sounding` for those that the file does not mute, `all`, or numbers such as `2` or `1,3`.
        path: The file, for messages.

    Raises:
        ScoreError: If there is no such line, or all are muted.
    """
    numbers = range(1, len(scores) + 1)
    if wanted == ALL:
        return tuple(numbers)
    if wanted == SOUNDING:
        sounding = tuple(number for number in numbers if not scores[number - 1].is_muted)
        if not sounding:
            raise ScoreError(
                f"{path} mutes every vocal track that has notes; unmute some, or take them with tracks={ALL}."
            )
        return sounding
    chosen = [text.strip() for text in wanted.split(",")]
    for text in chosen:
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) in numbers):
            raise ScoreError(
                f"{path} has {len(scores)} vocal tracks with notes; there is no track {text}. "
                f"Give 1 to {len(scores)}, {ALL}, or {SOUNDING}."
            )
    return tuple(dict.fromkeys(int(text) for text in chosen))


def muted_line(scores: Sequence[Score], taken: Sequence[int]) -> str:
    """A sentence about the muted tracks that were not taken; empty when there are none."""
    left = [
        f"{number} ({score.name})" if score.name else str(number)
        for number, score in enumerate(scores, 1)
        if score.is_muted and number not in taken
    ]
    if not left:
        return ""
    noun, verb, them = ("track", "is", "it") if len(left) == 1 else ("tracks", "are", "them")
    return f"{noun} {', '.join(left)} {verb} muted in the file (or not soloed) and left out; tracks={ALL} takes {them}"
