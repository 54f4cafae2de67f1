"""Writing scores as a project that Synthesizer V Studio opens (version 113) and `read_svp` reads back."""

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from duetto.score.formats.line import check_song
from duetto.score.formats.svp.deviation import write_deviation
from duetto.score.formats.svp.reader import BLICKS_PER_TICK
from duetto.score.score import Note, Score
from duetto.storage.files import atomic_path

VERSION = 113
NAMES = uuid.UUID("6f1a4b0e-3c38-5bb1-9c57-d0e1c2f9a3b4")  # of our groups, so that equal scores give equal files
COLOURS = ("ff7db235", "ff4794cb", "ffcb7747", "ffb547cb")
CURVES = ("pitchDelta", "vibratoEnv", "loudness", "tension", "breathiness", "voicing", "gender", "toneShift")
VOICE = {"name": "", "language": "", "phoneset": "", "backendType": "", "version": "-2"}


def write_svp(scores: Sequence[Score], path: Path) -> None:
    """Write each score as a track, atomically.

    Raises:
        ScoreError: If there is none, one cannot be written, or they differ in tempo or metre.
        StorageError: If the folder cannot be written.
    """
    check_song(scores)
    first = scores[0]
    project = {
        "version": VERSION,
        "time": {
            "meter": [
                {"index": change.measure, "numerator": change.numerator, "denominator": change.denominator}
                for change in first.time_signatures
            ],
            "tempo": [{"position": change.tick * BLICKS_PER_TICK, "bpm": change.bpm} for change in first.tempos],
        },
        "library": [],
        "tracks": [_track(number, score) for number, score in enumerate(scores)],
        "renderConfig": {
            "destination": "",
            "filename": "untitled",
            "numChannels": 1,
            "aspirationFormat": "noAspiration",
            "bitDepth": 16,
            "sampleRate": 44100,
            "exportMixDown": True,
        },
    }
    with atomic_path(path) as temporary:
        temporary.write_bytes(json.dumps(project, ensure_ascii=False, separators=(",", ":")).encode())


def _track(number: int, score: Score) -> dict[str, Any]:
    identity = str(uuid.uuid5(NAMES, f"track {number}"))
    points = write_deviation(score.pitch_bend_semitones.points, BLICKS_PER_TICK)
    parameters = {name: {"mode": "linear", "points": points if name == "pitchDelta" else []} for name in CURVES}
    return {
        "name": score.name,
        "dispColor": COLOURS[number % len(COLOURS)],
        "dispOrder": number,
        "renderEnabled": True,
        "mixer": {"gainDecibel": 0.0, "pan": 0.0, "mute": score.is_muted, "solo": False, "display": True},
        "mainGroup": {
            "name": "main",
            "uuid": identity,
            "parameters": parameters,
            "vocalModes": {},
            "notes": [_note(note) for note in score.notes],
        },
        "mainRef": {
            "groupID": identity,
            "blickOffset": 0,
            "pitchOffset": 0,
            "isInstrumental": False,
            "systemPitchDelta": {"mode": "cubic", "points": []},
            "database": VOICE,
            "dictionary": "",
            "voice": {"vocalModeInherited": True, "vocalModePreset": "", "vocalModeParams": {}},
        },
        "groups": [],
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "onset": note.tick * BLICKS_PER_TICK,
        "duration": note.duration * BLICKS_PER_TICK,
        "lyrics": note.lyric,
        "phonemes": "",
        "accent": "",
        "pitch": note.midi,
        "detune": 0,
        "attributes": {},
    }
