"""Whether a speaker embedding tells the embedded voices apart at matched pitch, and how fast they sing.

Every voice sings excerpts of two songs with the median note at one pitch. A pair is told apart when the highest
similarity between any rendering of one and any of the other lies at least `MARGIN` below the similarity of the two
renderings of one voice (the lower of the pair's; they are of different songs, which is harder than two of one song).

Run: `python benchmarks/voices.py`, or with `--midi 57 64` for the pitches and `--voices mei alto` for some voices.
The exit status is 1 if a pair at the first pitch is closer than the margin.
"""

import argparse
import sys
import time
from dataclasses import replace
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray

from duetto.corpus.embedded_cases.songs import load_song
from duetto.evaluation.metrics.speaker import embedding_similarity
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.score.score import Curve, Score
from duetto.singer.sing import sing
from duetto.singer.voices import VOICES, EmbeddedVoice

MARGIN = 0.05
MATCHED_MIDI = 57  # A3, the one note in the range of every voice
EXCERPTS = (("slow_01", 0), ("slow_02", 4))  # song, first note
NUM_NOTES = 34  # about 20 s
LEAD_TICKS = 240
Embeddings = list[NDArray[np.float32] | None]


def excerpt(name: str, first: int) -> Score:
    """Some notes of a song without its bends and dynamics, so that only the voice differs."""
    song = load_song(name)
    notes = song.notes[first : first + NUM_NOTES]
    start = notes[0].tick - LEAD_TICKS
    moved = tuple(replace(note, tick=note.tick - start) for note in notes)
    return replace(song, name=f"{name}-{first}", notes=moved, pitch_bend_semitones=Curve(), dynamics=Curve())


def embed(voice: EmbeddedVoice, midi: int, encoder: SpeakerEncoder) -> tuple[Embeddings, float, float]:
    """Embeddings of the voice's renderings, the seconds they last, and the CPU seconds they took."""
    embeddings: Embeddings = []
    audio_s = cpu_s = 0.0
    for name, first in EXCERPTS:
        score = excerpt(name, first)
        shift = midi - round(float(np.median([note.midi for note in score.notes]))) - voice.transposition
        begin = time.process_time()
        rendition = sing(score, voice, seed=1, transpose_semitones=shift)
        cpu_s += time.process_time() - begin
        audio_s += rendition.waveform.size / rendition.sample_rate
        embeddings.append(encoder.embed(rendition.waveform, rendition.sample_rate))
    return embeddings, audio_s, cpu_s


def compare(voices: list[EmbeddedVoice], midi: int, encoder: SpeakerEncoder) -> float:
    """Print the similarities at a pitch; returns the smallest margin of a pair."""
    embeddings, audio_s, cpu_s = {}, 0.0, 0.0
    for voice in voices:
        embeddings[voice.name], audio, cpu = embed(voice, midi, encoder)
        audio_s, cpu_s = audio_s + audio, cpu_s + cpu
    within = {name: embedding_similarity(*both) for name, both in embeddings.items()}
    across = {
        frozenset((a, b)): max(embedding_similarity(x, y) for x in embeddings[a] for y in embeddings[b])
        for a, b in combinations(embeddings, 2)
    }
    print(f"\nMIDI {midi}; in brackets: two songs by one voice\n")
    print(f"| {'':8} | " + " | ".join(f"{name:>7}" for name in within) + " |")
    print(f"|---{'|---' * len(within)}|")
    for a in within:
        cells = [f"({within[a]:.3f})" if a == b else f"{across[frozenset((a, b))]:.3f}" for b in within]
        print(f"| {a:8} | " + " | ".join(f"{cell:>7}" for cell in cells) + " |")
    margins = {pair: min(within[name] for name in pair) - value for pair, value in across.items()}
    closest = sorted(margins, key=lambda pair: margins[pair])[:5]
    print("\nsmallest margins: " + ", ".join(f"{'-'.join(sorted(pair))} {margins[pair]:.3f}" for pair in closest))
    print(f"sung: {audio_s:.0f} s of audio in {cpu_s:.0f} CPU seconds, {audio_s / cpu_s:.1f} s a CPU second")
    return min(margins.values())


def main() -> None:
    """Compare, and say whether all are told apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--midi", type=int, nargs="+", default=[MATCHED_MIDI])
    parser.add_argument("--voices", nargs="+", default=list(VOICES), choices=list(VOICES))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    encoder = SpeakerEncoder()
    margins = [compare([VOICES[name] for name in arguments.voices], midi, encoder) for midi in arguments.midi]
    apart = margins[0] >= MARGIN
    print(f"told apart at MIDI {arguments.midi[0]}: {'every pair' if apart else 'not every pair'} by {MARGIN:g}")
    sys.exit(int(not apart))


if __name__ == "__main__":
    main()
