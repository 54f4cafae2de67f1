import pytest

from duetto.score.score import Curve, Note, Score, Tempo, Vibrato
from duetto.singer.sing import sing
from duetto.singer.voices import VOICES


@pytest.fixture(scope="session")
def melody() -> Score:
    """Nine seconds at 120 BPM: all classes of phones, a tie, a rest, a vibrato and a bend."""
    words = ["さ", "い", "た", "-", "しゃん", "らっ", "きゅ", "ぶ", "ま", "え", "の", "が"]
    pitches = [60, 62, 64, 62, 67, 65, 64, 62, 60, 64, 67, 62]
    lengths = [480, 480, 960, 480, 960, 480, 240, 240, 1440, 480, 480, 960]
    notes, tick = [], 240
    for index, (word, midi, length) in enumerate(zip(words, pitches, lengths, strict=True)):
        vibrato = Vibrato(0.5, ((0.0, 40.0),), ((0.0, 6.0),)) if index == 8 else None
        notes.append(Note(tick, length, midi, word, vibrato=vibrato))
        tick += length + (720 if index == 4 else 0)
    bend = Curve(((0, 0.0), (5000, 0.5), (5200, 0.0)))
    return Score("melody", tuple(notes), (Tempo(0, 120.0),), pitch_bend_semitones=bend)


@pytest.fixture(scope="session")
def renditions(melody):
    """The melody by every voice."""
    return {name: sing(melody, voice, seed=3) for name, voice in VOICES.items()}
