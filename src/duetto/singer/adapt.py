"""Adapts any score to a voice's range, and lists the changes."""

from collections.abc import Sequence
from dataclasses import replace

from duetto.errors import ScoreError
from duetto.score.formats.text import counted
from duetto.score.formats.vsqx.schema import VELOCITY_DEFAULT
from duetto.score.kana import count_guessed, note_moras
from duetto.score.score import Note, Score
from duetto.singer.sing import HIGHEST_SUNG_MIDI, LOWEST_SUNG_MIDI
from duetto.singer.timing import note_edges
from duetto.singer.voices import EmbeddedVoice

OCTAVE = 12


def adapt(score: Score, voice: EmbeddedVoice, transpose_semitones: float = 0.0) -> tuple[Score, tuple[str, ...]]:
    """The score as the voice can sing it, and a list of what was changed or will differ from the written score.

    Notes shorter than a frame of 5 ms are left out, and notes outside the range of all voices are moved by octaves.

    Args:
        score: One line of notes.
        voice: The voice that will sing it.
        transpose_semitones: As for `sing`.

    Raises:
        ScoreError: If no note is left.
    """
    shift = voice.transposition + transpose_semitones
    starts, ends = note_edges(score)
    kept = [note for note, start, end in zip(score.notes, starts, ends, strict=True) if end > start]
    if not kept:
        raise ScoreError(f"The score {score.name} has no note of 5 ms or more; nothing can be sung.")
    near = [_within_reach(note, shift) for note in kept]
    adapted = replace(score, notes=tuple(near))
    moved = sum(ours.midi != theirs.midi for ours, theirs in zip(near, kept, strict=True))
    return adapted, tuple(_remarks(adapted, voice, shift, len(score.notes) - len(kept), moved))


def _within_reach(note: Note, shift: float) -> Note:
    midi = note.midi
    while midi + shift > HIGHEST_SUNG_MIDI:
        midi -= OCTAVE
    while midi + shift < LOWEST_SUNG_MIDI:
        midi += OCTAVE
    return note if midi == note.midi else replace(note, midi=midi)


def _remarks(score: Score, voice: EmbeddedVoice, shift: float, short: int, moved: int) -> Sequence[str]:
    low, high = voice.range_midi
    strained = sum(not low <= note.midi + shift <= high for note in score.notes)
    guessed = count_guessed(note_moras(score.notes))
    uneven = sum(note.velocity != VELOCITY_DEFAULT for note in score.notes)
    lines = []
    if short:
        lines.append(f"{counted(short, 'note')} under 5 ms: left out")
    if moved:
        lines.append(f"{counted(moved, 'note')} beyond any voice: moved by octaves")
    if strained:
        lines.append(
            f"{counted(strained, 'note')} outside the voice's comfortable MIDI {low} to {high}: sung as written"
        )
    if guessed:
        lines.append(f"{counted(guessed, 'lyric')} not understood: sung as ra")
    if uneven:
        lines.append(f"velocity (on {counted(uneven, 'note')}): consonants keep their length")
    return lines
