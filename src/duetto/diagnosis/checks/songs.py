"""The pitches that the songs to convert need: seconds at every semitone, transposed to the voice."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from duetto.conversion.register import NUM_SEMITONES
from duetto.corpus.embedded_cases.songs import load_song, song_names
from duetto.corpus.manifest import Clip, Manifest
from duetto.corpus.recordings.intake import display_name
from duetto.diagnosis.diagnosis import Problem
from duetto.diagnosis.gather import DoctorInput, recording_sounds
from duetto.diagnosis.sound import FRAME_S, Heard
from duetto.errors import AudioError, CorpusError
from duetto.features.f0 import build_f0_extractor
from duetto.score.formats.registry import SCORE_SUFFIXES, read_score
from duetto.score.score import Score
from duetto.score.tempo import TempoMap
from duetto.score.tracks import SOUNDING, choose_tracks
from duetto.settings.config import F0Config
from duetto.singer.sing import load_annotations
from duetto.units import hz_to_midi

Seconds = NDArray[np.float64]  # at each MIDI semitone, (128,)


def song_seconds(name: str, transpose_semitones: float = 0.0) -> Seconds:
    """Measure the seconds per semitone of a song.

    Args:
        name: An embedded song, a score file, or a recording.
        transpose_semitones: Transposition to the voice.

    Raises:
        CorpusError: If there is no song of that name.
        ScoreError: If a score cannot be read.
        AudioError: If a recording cannot be read.
    """
    path = Path(name)
    if name in song_names():
        return score_seconds(load_song(name), transpose_semitones)
    if not path.is_file():
        raise CorpusError(f"songs={name}: there is no such file or embedded song.")
    if path.suffix.lower() in SCORE_SUFFIXES:
        scores = read_score(path)
        first, *_ = choose_tracks(scores, SOUNDING, path)
        return score_seconds(scores[first - 1], transpose_semitones)
    return recording_seconds(path, transpose_semitones)


def wanted_songs(names: Sequence[str], transpose_semitones: float, recordings: DoctorInput) -> Mapping[str, Seconds]:
    """Seconds per semitone of the songs to convert: the named ones, else those of the corpus.

    Raises:
        DuettoError: If a song cannot be read.
    """
    if names:
        return {Path(name).name: song_seconds(name, transpose_semitones) for name in names}
    return {} if recordings.manifest is None else corpus_songs(recordings.path, recordings.manifest)


def corpus_songs(folder: Path, manifest: Manifest) -> Mapping[str, Seconds]:
    """Seconds per semitone of a corpus's test sources, transposed as for the conversion."""
    sources = manifest.select("source", "test")
    return {clip.id.removeprefix("source/"): _clip_seconds(folder, clip) for clip in sources}


def score_seconds(score: Score, transpose_semitones: float) -> Seconds:
    """Seconds of a score's notes at each semitone."""
    tempo = TempoMap(score.tempos)
    lengths = [tempo.seconds(note.tick + note.duration) - tempo.seconds(note.tick) for note in score.notes]
    return histogram(np.array([note.midi for note in score.notes]) + transpose_semitones, np.array(lengths))


def recording_seconds(path: Path, transpose_semitones: float) -> Seconds:
    """Seconds of a recording's singing at each semitone."""
    tracker = build_f0_extractor(F0Config())
    total = np.zeros(NUM_SEMITONES)
    for sound in recording_sounds(path, display_name(Path(path.name))):
        if isinstance(sound, Problem):
            raise AudioError(f"songs: {sound.reason}")
        total += contour_seconds(Heard(sound, tracker).midi, FRAME_S, transpose_semitones)
    return total


def contour_seconds(midi: NDArray[np.float64], hop_s: float, transpose_semitones: float) -> Seconds:
    """Seconds of a contour (T,) at each semitone; the contour is in MIDI, NaN = unvoiced."""
    voiced = midi[np.isfinite(midi)] + transpose_semitones
    return histogram(voiced, np.full(len(voiced), hop_s))


def histogram(midi: NDArray[np.float64], seconds: NDArray[np.float64]) -> Seconds:
    """Sum the seconds by nearest semitone."""
    nearest = np.clip(np.rint(midi), 0, NUM_SEMITONES - 1).astype(np.int64)
    return np.asarray(np.bincount(nearest, weights=seconds, minlength=NUM_SEMITONES), dtype=np.float64)


def _clip_seconds(folder: Path, clip: Clip) -> Seconds:
    if clip.annotations is None:
        return recording_seconds(folder / clip.path, clip.transpose_semitones)
    annotations = load_annotations(folder / clip.annotations)
    with np.errstate(divide="ignore"):
        midi = np.where(annotations.f0_hz > 0, hz_to_midi(annotations.f0_hz), np.nan)
    return contour_seconds(midi, annotations.f0_hop_s, clip.transpose_semitones)
