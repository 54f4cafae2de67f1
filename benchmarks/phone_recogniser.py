"""Train the phone recogniser that ships with duetto.evaluation, and measure it on voices that it has never met.

It learns from the choir (`data=choir`, built by any base training, or by `python train.py experiment=base_rvc`): every
second song gets noise at 15 to 40 dB, voices 3, 9 and 14 and the held-out songs are kept to choose the cost of a change
of phone, and case B's voices and songs are the examination. Errors are against the phones that were really sung.

Run: `python benchmarks/phone_recogniser.py data/corpora/choir-… --exam data/corpora/case_b-…`, some three CPU-minutes;
it writes src/duetto/evaluation/models/phone_recogniser.{safetensors,json} and prints the table of docs/metrics.md.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from duetto.corpus.manifest import Clip, Manifest, load_manifest
from duetto.evaluation.metrics.phones import edit_distance
from duetto.evaluation.models.intelligibility import (
    CARD_NAME,
    HOP_S,
    LAYERS,
    TAPS,
    WEIGHTS_NAME,
    PhoneClassifier,
    collapse,
    encoder_rows,
    most_likely_path,
)
from duetto.features.moonshine import DIMENSION, MoonshineEncoder
from duetto.storage.audio import read_audio
from duetto.storage.files import atomic_path, write_json

SAMPLE_RATE = 16_000  # Hz
KEPT_BACK = ("choir_03", "choir_09", "choir_14")  # voices: a soprano of one family, a tenor and an alto of the other
NOISE_DB = (15.0, 40.0)  # below the voice
CHANGE_COSTS = (2.0, 3.0, 4.0, 6.0, 8.0, 11.0)  # nats
STEPS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 700, 1024, 1e-3, 1e-2
FOLDER = Path("src/duetto/evaluation/models")


@dataclass(frozen=True)
class Song:
    """A performance as the classifier sees it."""

    rows: NDArray[np.float16]  # (T, D)
    labels: list[str]  # T phones
    phones: tuple[str, ...]  # as sung, collapsed
    voice: str


def load_song(folder: Path, clip: Clip, encoder: MoonshineEncoder, noise_db: float | None, seed: int) -> Song:
    """Encode a clip, with noise so far below its level or without, and label its frames."""
    waveform, _ = read_audio(folder / clip.path, SAMPLE_RATE)
    if noise_db is not None:
        noise = np.random.default_rng(seed).standard_normal(len(waveform))
        level = np.sqrt(np.mean(np.square(waveform))) * 10 ** (-noise_db / 20)
        waveform = (waveform + level * noise).astype(np.float32)
    rows = encoder_rows(encoder, waveform, SAMPLE_RATE)
    with np.load(folder / str(clip.annotations), allow_pickle=False) as annotations:
        names, start_s, end_s = (annotations[name] for name in ("phones", "phone_start_s", "phone_end_s"))
    at_s = HOP_S * np.arange(len(rows))
    index = np.minimum(np.searchsorted(end_s, at_s, side="right"), len(names) - 1)
    is_sung = (at_s >= start_s[index]) & (at_s <= end_s[-1])
    labels = np.where(is_sung, names[index], "pau")
    return Song(rows.astype(np.float16), labels.tolist(), collapse(names.tolist()), clip.singer)


def load_songs(folder: Path, clips: list[Clip], encoder: MoonshineEncoder, with_noise: bool = False) -> list[Song]:
    """Encode clips; every second one is noisy if so wanted."""
    songs = []
    for number, clip in enumerate(clips):
        random = np.random.default_rng(number)
        noise_db = float(random.uniform(*NOISE_DB)) if with_noise and number % 2 else None
        songs.append(load_song(folder, clip, encoder, noise_db, number))
        print(f"\r{number + 1} of {len(clips)} songs encoded", end="", flush=True)
    print()
    return songs


def fit(songs: list[Song]) -> PhoneClassifier:
    """Multinomial logistic regression by AdamW."""
    phones = tuple(sorted({label for song in songs for label in song.labels}))
    rows = np.concatenate([song.rows for song in songs])
    labels = torch.tensor([phones.index(label) for song in songs for label in song.labels])
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = torch.nn.Linear(len(TAPS) * len(LAYERS) * DIMENSION, len(phones))
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, STEPS)
    random = np.random.default_rng(0)
    for _ in range(STEPS):
        chosen = random.integers(0, len(rows), BATCH)
        near = [rows[np.clip(chosen + tap, 0, len(rows) - 1)] for tap in TAPS]
        batch = torch.from_numpy(np.concatenate(near, axis=1).astype(np.float32))
        loss = torch.nn.functional.cross_entropy(network(batch), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    weight, bias = (tensor.detach().numpy().astype(np.float16).astype(np.float32) for tensor in network.parameters())
    return PhoneClassifier(phones, weight, bias, change_cost=0.0)


def examine(classifier: PhoneClassifier, songs: list[Song], change_cost: float) -> tuple[float, float]:
    """Share of frames heard right, and phone error rate against what was sung, over all songs."""
    right = frames = edits = sung = 0
    for song in songs:
        log_probabilities = classifier.log_probabilities(song.rows.astype(np.float32))
        heard = [classifier.phones[index] for index in log_probabilities.argmax(axis=1)]
        right += sum(a == b for a, b in zip(heard, song.labels, strict=True))
        frames += len(heard)
        path = most_likely_path(log_probabilities, change_cost)
        edits += edit_distance(song.phones, collapse([classifier.phones[index] for index in path]))
        sung += len(song.phones)
    return right / frames, edits / sung


def write(classifier: PhoneClassifier, manifest: Manifest, songs: list[Song], scores: dict[str, object]) -> None:
    """Weights at half precision, and their card."""
    tensors = {"weight": classifier.weight.astype(np.float16), "bias": classifier.bias.astype(np.float16)}
    with atomic_path(FOLDER / WEIGHTS_NAME) as temporary:
        save_file(tensors, temporary)
    minutes = sum(len(song.labels) for song in songs) * HOP_S / 60
    card = {
        "what": "Linear map from Moonshine-tiny's layers 3 and 5 to Open JTalk phones, for duetto.evaluation.",
        "phones": list(classifier.phones),
        "change_cost": classifier.change_cost,
        "data": {"case": manifest.case, "hash": manifest.content_hash(), "minutes": round(minutes, 1)},
        "subject": "embedded synthetic voices only: nobody's biometric data",
        "licence": "MIT",
        "examination": scores,
        "limits": "High voices are heard badly; other phone inventories than Japanese are heard as Japanese.",
        "made_by": "benchmarks/phone_recogniser.py",
    }
    write_json(FOLDER / CARD_NAME, card)


def main() -> None:
    """Train, choose the cost of a change, examine, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("choir", type=Path, help="folder of a choir corpus")
    parser.add_argument("--exam", type=Path, help="folder of a corpus of case B")
    parser.add_argument("--songs", type=int, default=0, help="of the choir, for a quick look; 0 = all")
    arguments = parser.parse_args()
    manifest = load_manifest(arguments.choir)
    encoder = MoonshineEncoder(LAYERS)
    clips = list(manifest.select("target"))
    clips = clips[:: max(1, len(clips) // arguments.songs)] if arguments.songs else clips
    is_kept_back = [clip.singer in KEPT_BACK or clip.split != "train" for clip in clips]
    kept_back = [clip for clip, is_back in zip(clips, is_kept_back, strict=True) if is_back][::2]
    songs = load_songs(
        arguments.choir, [c for c, back in zip(clips, is_kept_back, strict=True) if not back], encoder, True
    )
    fitted = fit(songs)
    held_out = load_songs(arguments.choir, kept_back, encoder)
    errors = {cost: examine(fitted, held_out, cost) for cost in CHANGE_COSTS}
    best = min(errors, key=lambda cost: errors[cost][1])
    classifier = PhoneClassifier(fitted.phones, fitted.weight, fitted.bias, best)
    scores: dict[str, object] = {"choir voices kept back": errors[best]}
    print(
        "cost of a change, phone error: " + ", ".join(f"{cost:g}: {error:.3f}" for cost, (_, error) in errors.items())
    )
    if arguments.exam:
        corpus = load_manifest(arguments.exam)
        for role in ("reference", "source"):
            for song in load_songs(arguments.exam, list(corpus.select(role)), encoder):
                scores[f"{song.voice}, song of {len(song.phones)} phones"] = examine(classifier, [song], best)
    for name, (share, error) in scores.items():
        print(f"| {name} | {100 * share:.0f} % | {100 * error:.0f} % |")
    write(classifier, manifest, songs, scores)


if __name__ == "__main__":
    main()
