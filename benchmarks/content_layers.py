"""Which layer of Moonshine, or of Whisper (--encoder whisper), tells phones apart in sung voices and hides the singer.

In which normalisation is asked as well.

Three embedded singers sing songs. A ridge classifier and a nearest-neighbour search learn phones from one
singer's songs and are asked about other songs by the others; a second ridge classifier learns to name
the singer of a frame. Run: `python benchmarks/content_layers.py`, about three CPU-minutes. The table is in
docs/decisions/content-encoder.md.
"""

import argparse
import importlib.resources
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier

from duetto.features import moonshine, whisper_kind
from duetto.features.encoder import layer_statistics
from duetto.features.frames import frame_centres_s, interpolate_rows
from duetto.features.moonshine import SAMPLE_RATE, MoonshineEncoder, weights_path
from duetto.features.whisper import WhisperEncoder
from duetto.score.formats.vsqx.reader import read_vsqx
from duetto.singer.sing import sing
from duetto.singer.voices import get_voice
from duetto.storage.audio import read_audio
from duetto.storage.files import write_json

Frames = NDArray[np.float32]
TRAIN_SONGS, TEST_SONGS = ("fast_01", "fast_02", "fast_03"), ("fast_04", "fast_05")
GRID_S = 0.02
LONGEST_S = 40.0  # of a song
STATISTICS = "src/duetto/features/{}_statistics.json"
ENCODERS = {"moonshine": (MoonshineEncoder, moonshine.NUM_LAYERS), "whisper": (WhisperEncoder, whisper_kind.NUM_LAYERS)}


@dataclass(frozen=True)
class Song:
    """Frames of a song by layer, and what they are."""

    layers: dict[int, Frames]
    phones: NDArray[np.str_]
    is_test: bool
    singer: str


def sing_song(name: str, singer: str, encoder: MoonshineEncoder | WhisperEncoder) -> Song:
    """One singer's rendition, on a 20 ms grid, without pauses."""
    songs = importlib.resources.files("duetto.corpus.embedded_cases") / "songs"
    score = read_vsqx(Path(str(songs / f"{name}.vsqx")))[0]
    rendition = sing(score, get_voice(singer))
    waveform = rendition.waveform[: round(LONGEST_S * rendition.sample_rate)]
    frames, times_s = encoder.encode_layers(waveform, rendition.sample_rate)
    at_s = frame_centres_s(int(len(waveform) / rendition.sample_rate / GRID_S), 1, round(1 / GRID_S))
    index = np.searchsorted(rendition.annotations.phone_end_s, at_s, side="right")
    phones = np.array(rendition.annotations.phones)[np.minimum(index, len(rendition.annotations.phones) - 1)]
    is_sung = ~np.isin(phones, ("pau", "cl", "br"))
    layers = {layer: interpolate_rows(rows, times_s, at_s)[is_sung] for layer, rows in frames.items()}
    return Song(layers, phones[is_sung], name in TEST_SONGS, singer)


def layer_normed(rows: Frames) -> Frames:
    """Each frame with mean 0 and standard deviation 1 over its dimensions."""
    return (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)


def normalisations(encoder: str, layer: int) -> dict[str, Callable[[Frames], Frames]]:
    """The ways that are compared."""
    mean, std = layer_statistics(encoder, layer)
    return {
        "raw": lambda rows: rows,
        "layer norm": layer_normed,
        "standardised": lambda rows: (rows - mean) / std,
        "standardised, song mean removed": lambda rows: (rows - rows.mean(axis=0)) / std,
    }


def score(songs: list[Song], layer: int, normalise: Callable[[Frames], Frames]) -> list[float]:
    """Phone accuracy within the singer and across (ridge), across (kNN), and accuracy of naming the singer."""
    singers = sorted({song.singer for song in songs})

    def gather(is_test: bool, chosen: list[str]) -> tuple[Frames, NDArray[np.str_], NDArray[np.str_]]:
        picked = [song for song in songs if song.is_test == is_test and song.singer in chosen]
        rows = np.concatenate([normalise(song.layers[layer]) for song in picked])
        names = np.concatenate([np.full(len(song.phones), song.singer) for song in picked])
        return rows, np.concatenate([song.phones for song in picked]), names

    within, across, neighbours = [], [], []
    for singer in singers:
        rows, phones, _ = gather(False, [singer])
        ridge = RidgeClassifier(alpha=1e-2 * len(rows) * float(rows.var(axis=0).mean())).fit(rows, phones)
        nearest = KNeighborsClassifier(8, weights="distance").fit(rows, phones)
        own, own_phones, _ = gather(True, [singer])
        other, other_phones, _ = gather(True, [name for name in singers if name != singer])
        within.append(ridge.score(own, own_phones))
        across.append(ridge.score(other, other_phones))
        neighbours.append(nearest.score(other, other_phones))
    rows, _, names = gather(False, singers)
    namer = RidgeClassifier(alpha=1e-2 * len(rows) * float(rows.var(axis=0).mean())).fit(rows, names)
    test_rows, _, test_names = gather(True, singers)
    return [
        float(np.mean(within)),
        float(np.mean(across)),
        float(np.mean(neighbours)),
        namer.score(test_rows, test_names),
    ]


def open_encoder(name: str) -> MoonshineEncoder | WhisperEncoder:
    """All layers as they are."""
    kind, num_layers = ENCODERS[name]
    return kind(tuple(range(num_layers)), standardise=False)


def write_statistics(name: str) -> None:
    """Mean and standard deviation of every layer over the two recordings of the moonshine package."""
    encoder = open_encoder(name)
    folder = weights_path().parent.parent
    recordings = [read_audio(folder / name, SAMPLE_RATE)[0] for name in ("beckett.wav", "two_cities.wav")]
    encoded = [encoder.encode_layers(waveform, SAMPLE_RATE)[0] for waveform in recordings]
    statistics = {}
    for layer in encoder.layers:
        rows = np.concatenate([frames[layer] for frames in encoded]).astype(np.float64)
        mean, std = rows.mean(axis=0), rows.std(axis=0)
        statistics[str(layer)] = {"mean": [float(f"{v:.5g}") for v in mean], "std": [float(f"{v:.5g}") for v in std]}
    write_json(Path(STATISTICS.format(name)), statistics)


def main() -> None:
    """Print the table, or write the statistics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", choices=ENCODERS, default="moonshine")
    parser.add_argument("--write-statistics", action="store_true")
    parser.add_argument("--singers", nargs="+", default=["miku", "low", "mei"])
    arguments = parser.parse_args()
    if arguments.write_statistics:
        write_statistics(arguments.encoder)
        return
    encoder = open_encoder(arguments.encoder)
    songs = [sing_song(name, singer, encoder) for singer in arguments.singers for name in TRAIN_SONGS + TEST_SONGS]
    count = sum(len(song.phones) for song in songs)
    print(f"{count} frames, {encoder.dimension} dimensions, singers {', '.join(arguments.singers)}")
    print("| layer | normalisation | phones, same singer | phones, other singer | kNN, other singer | singer |")
    print("|---|---|---|---|---|---|")
    for layer in encoder.layers[1:]:
        for name, normalise in normalisations(arguments.encoder, layer).items():
            cells = " | ".join(f"{value:.3f}" for value in score(songs, layer, normalise))
            print(f"| {layer} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
