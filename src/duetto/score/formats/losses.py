"""What is lost when scores are written in a format that holds less."""

from collections.abc import Sequence
from dataclasses import dataclass

from duetto.score.formats.text import counted
from duetto.score.formats.vsqx.schema import CONTROLS, VELOCITY_DEFAULT
from duetto.score.score import Score, TimeSignature

COMMON_TIME = (TimeSignature(0, 4, 4),)


@dataclass(frozen=True)
class Holds:
    """What a format can say besides notes, lyrics and tempo."""

    tracks: bool = True
    metre: bool = True
    mute: bool = True
    phones: bool = False
    velocity: bool = False
    vibrato: bool = False
    bend: bool = False
    controllers: bool = False
    rests: frozenset[str] = frozenset()  # lyrics that mean a rest, in lower case


def losses(scores: Sequence[Score], holds: Holds) -> tuple[str, ...]:
    """What the scores have and the format does not hold, a phrase each."""
    notes = [note for score in scores for note in score.notes]
    found = {
        "phones": (
            f"phones of {counted(sum(bool(note.phones) for note in notes), 'note')}",
            any(note.phones for note in notes),
        ),
        "velocity": ("velocity", any(note.velocity != VELOCITY_DEFAULT for note in notes)),
        "vibrato": ("vibrato", any(note.vibrato for note in notes)),
        "bend": ("pitch bend", any(score.pitch_bend_semitones.points for score in scores)),
        "metre": ("metre", any(score.time_signatures != COMMON_TIME for score in scores)),
        "mute": ("mute", any(score.is_muted for score in scores)),
    }
    lines = [text for name, (text, there) in found.items() if there and not getattr(holds, name)]
    curves = sorted({control.curve for control in CONTROLS.values()})
    drawn = [name for name in curves if any(getattr(score, name).points for score in scores)]
    silent = [note for note in notes if note.lyric.lower() in holds.rests]
    words = ", ".join(sorted({note.lyric for note in silent}))
    mute = [f"{counted(len(silent), 'note')} read there as a rest ({words})"] if silent else []
    return (*lines, *([] if holds.controllers else drawn), *mute)
