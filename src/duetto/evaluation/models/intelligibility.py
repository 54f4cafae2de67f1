"""Phone recogniser for intelligibility: phones recognised in an output against those in the reference.

Our own linear classifier takes the middle and the last layer of Moonshine's encoder; it was trained on the choir's true
phones (Open JTalk names; `phone_recogniser.json` describes the training data and the error on unseen voices). A Viterbi
path with a cost for every change of phone turns frames into a sequence; pauses are left out, and a phone sung twice in
a row counts once. English words, for speech, have their own recogniser: `duetto.evaluation.models.words`.

The output is compared with the phones recognised in the reference, not with the lyric, because the recogniser mishears
high voices, and makes the same errors in the reference. Read the score with its bound, the copy synthesis. Stress and
length of phones are not measured.

Conventions: log probabilities are (T, K), frames 12 ms apart, the first centred at 0 s.

Reference: Levenshtein distance over phones, the usual "phone error rate".
"""

import importlib.resources
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from duetto.errors import CheckpointError
from duetto.features.frames import interpolate_rows
from duetto.features.moonshine import MoonshineEncoder
from duetto.storage.audio import Waveform

LAYERS = (3, 5)  # of Moonshine, counted from 0: best for phones, least speaker-dependent
TAPS = (-2, 0, 2)  # frames used around each: one encoder frame before and after
HOP_S = 0.012  # half an encoder frame: fast songs have phones of 30 ms
SILENT_PHONES = ("pau", "cl", "br", "sil")  # pause, closure, breath: nothing is pronounced
MIN_S = 0.1  # shorter recordings hold no phone
SILENCE_PEAK = 1e-5  # -100 dB: nothing is sung
WEIGHTS_NAME = "phone_recogniser.safetensors"
CARD_NAME = "phone_recogniser.json"

Frames = NDArray[np.float32]
Phones = tuple[str, ...]


@dataclass(frozen=True)
class PhoneClassifier:
    """A linear map from encoder rows to phones."""

    phones: Phones  # K names
    weight: Frames  # (K, len(TAPS) * D)
    bias: Frames  # (K,)
    change_cost: float  # nats for every change of phone

    def log_probabilities(self, rows: Frames) -> Frames:
        """Log probability of each phone in each frame.

        Args:
            rows: Encoder rows, (T, D).

        Returns:
            (T, K).
        """
        logits = with_neighbours(rows) @ self.weight.T + self.bias
        logits -= logits.max(axis=1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), dtype=np.float32)


class PhoneRecogniser:
    """Encoder and classifier on one CPU thread; load them once and pass them around."""

    def __init__(self) -> None:
        """Load both.

        Raises:
            ConfigError: If the package that holds the encoder is missing or another version.
            CheckpointError: If the classifier's files are damaged.
        """
        self.encoder = MoonshineEncoder(LAYERS)
        self.classifier = load_classifier()

    def recognise(self, waveform: Waveform, sample_rate: int) -> Phones:
        """The phones recognised in a performance, in order.

        Args:
            waveform: (S,), +-1.0.
            sample_rate: Hz.

        Returns:
            Names; empty if nothing is sung.

        Raises:
            AudioError: If the waveform holds NaN or infinite samples.
        """
        if len(waveform) < MIN_S * sample_rate or float(np.max(np.abs(waveform))) < SILENCE_PEAK:
            return ()
        rows = encoder_rows(self.encoder, waveform, sample_rate)
        path = most_likely_path(self.classifier.log_probabilities(rows), self.classifier.change_cost)
        return collapse(tuple(self.classifier.phones[index] for index in path))


def encoder_rows(encoder: MoonshineEncoder, waveform: Waveform, sample_rate: int) -> Frames:
    """Input of the classifier: the layers concatenated, 12 ms apart, (T, D)."""
    layers, times_s = encoder.encode_layers(waveform, sample_rate)
    at_s = np.arange(max(1, int(len(waveform) / sample_rate / HOP_S)), dtype=np.float64) * HOP_S
    return interpolate_rows(np.concatenate([layers[layer] for layer in LAYERS], axis=1), times_s, at_s)


def with_neighbours(rows: Frames) -> Frames:
    """Concatenate each row with its neighbours `TAPS` frames away, (T, D) to (T, len(TAPS) * D); the ends repeat."""
    frame = np.arange(len(rows))
    return np.concatenate([rows[np.clip(frame + tap, 0, len(rows) - 1)] for tap in TAPS], axis=1)


def load_classifier() -> PhoneClassifier:
    """The classifier that ships with the package.

    Raises:
        CheckpointError: If a file is missing or damaged, or the two do not match.
    """
    folder = importlib.resources.files("duetto.evaluation.models")
    try:
        tensors = load(folder.joinpath(WEIGHTS_NAME).read_bytes())
        card = json.loads(folder.joinpath(CARD_NAME).read_text("utf-8"))
        weight, bias = (tensors[name].astype(np.float32) for name in ("weight", "bias"))
        classifier = PhoneClassifier(tuple(card["phones"]), weight, bias, float(card["change_cost"]))
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"The phone recogniser is missing or damaged ({error}). Install duetto again.") from error
    if weight.shape[0] != len(classifier.phones) or bias.shape != weight.shape[:1]:
        raise CheckpointError(f"{WEIGHTS_NAME} and {CARD_NAME} do not belong together. Install duetto again.")
    return classifier


def most_likely_path(log_probabilities: Frames, change_cost: float) -> list[int]:
    """Viterbi path through frames (T, K) when every change of state costs `change_cost` nats; T indices."""
    num_frames, num_states = log_probabilities.shape
    came_from = np.zeros((num_frames, num_states), dtype=np.int64)
    stay = np.arange(num_states)
    score = log_probabilities[0].astype(np.float64)
    for frame in range(1, num_frames):
        best = int(np.argmax(score))
        changed = score[best] - change_cost
        came_from[frame] = np.where(score >= changed, stay, best)
        score = np.maximum(score, changed) + log_probabilities[frame]
    path = [int(np.argmax(score))]
    for frame in range(num_frames - 1, 0, -1):
        path.append(int(came_from[frame, path[-1]]))
    return path[::-1]


def collapse(names: Sequence[str]) -> Phones:
    """Merge runs of one name; pauses are left out, but separate their neighbours."""
    starts = [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]
    return tuple(name for name in starts if name not in SILENT_PHONES)
