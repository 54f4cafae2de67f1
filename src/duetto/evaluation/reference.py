"""What is known of a song before anything is converted: analysed once, and kept for every voice that sings it.

A study scores the same songs in dozens of runs. The source at the target's pitch, the truth, their phones and their
scores are the same in each, to the bit, so they are made once; the file's name is the hash of the sounds,
the interval, the labels and the code that analyses them (`duetto.storage.fingerprint`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.evaluation.analysis.held import held_notes
from duetto.evaluation.analysis.performance import Performance, analyse, analyse_alone
from duetto.evaluation.analysis.pitch import settle_octaves, track_f0
from duetto.evaluation.analysis.spectra import SAMPLE_RATE, analyse_spectra
from duetto.evaluation.analysis.world import FloatArray, transpose
from duetto.evaluation.families import melody_scores, properties, scores_against_truth
from duetto.evaluation.models.intelligibility import PhoneRecogniser, Phones, error_rate
from duetto.evaluation.models.predictor import QualityPredictor
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.registry import place_name
from duetto.storage.arrays import load_arrays, save_arrays
from duetto.storage.audio import Waveform, read_audio
from duetto.storage.files import sha256_file, sha256_json
from duetto.storage.fingerprint import fingerprint
from duetto.units import semitones_to_ratio

Scores = dict[str, float]


@dataclass(frozen=True)
class Known:
    """What the singer of a truth knows of it, because it sang from a score."""

    boundaries_s: tuple[float, ...]  # between the phones that are sung
    f0_hz: FloatArray  # (T,), every 5 ms, 0.0 where unvoiced

    def digest(self) -> str:
        """Of all of it."""
        return sha256_json([self.boundaries_s, self.f0_hz.round(3).tolist()])


@dataclass(frozen=True)
class Reference:
    """The two performances that a conversion lies between, and what is already known of them."""

    source: Performance  # at the target's pitch
    against: Performance  # the truth; without one the source
    has_truth: bool
    phones: Phones | None  # heard in the truth; None = nobody listened for phones
    scores: Scores  # of source and truth, by metric name


@dataclass(frozen=True)
class Instruments:
    """What listens; load it once and pass it around."""

    encoder: SpeakerEncoder
    predictor: QualityPredictor | None = None  # None leaves the predicted quality undefined
    recogniser: PhoneRecogniser | None = None  # None leaves the phone error undefined


def analyse_reference(
    source: Path,
    truth: Path | None,
    transpose_semitones: float,
    known: Known | None,
    instruments: Instruments,
) -> Reference:
    """Analyse and score what does not depend on the conversion.

    Args:
        source: What is to be converted.
        truth: The target singing the same score; None = there is none.
        transpose_semitones: Between the source and the target's pitch.
        known: Of the truth; None = it has no labels. Its pitch corrects the tracker's octave, not its voicing.
        instruments: What listens.

    Raises:
        AudioError: If a file is missing or unreadable.
    """
    sung = read(source)
    sung_f0_hz = track_f0(sung, SAMPLE_RATE)
    moved = transpose(sung, sung_f0_hz, transpose_semitones, SAMPLE_RATE)
    moved_f0_hz = sung_f0_hz * semitones_to_ratio(transpose_semitones)
    waveform = moved if truth is None else read(truth)
    f0_hz = moved_f0_hz if truth is None else track_f0(waveform, SAMPLE_RATE)
    if known is not None:
        f0_hz = settle_octaves(f0_hz, known.f0_hz)
    encoder = None if truth is None else instruments.encoder
    performance = analyse(moved, moved_f0_hz, waveform.size, f0_hz, encoder)
    against = performance if truth is None else analyse(waveform, f0_hz, waveform.size, f0_hz, encoder)
    families = melody_scores(against, performance)
    if truth is not None:
        families |= scores_against_truth(against, performance, None if known is None else known.boundaries_s)
    scores = at_place(families, "source")
    alone = analyse_alone(sung, sung_f0_hz)
    scores |= at_place(properties(alone, held_notes(sung_f0_hz), sung_f0_hz), "source")
    phones = None
    if truth is not None:
        scores |= at_place(properties(against, held_notes(f0_hz), f0_hz), "truth")
        if instruments.predictor is not None:
            scores |= at_place({"predicted_quality": instruments.predictor.predict(waveform, SAMPLE_RATE)}, "truth")
        if instruments.recogniser is not None:
            phones = instruments.recogniser.recognise(against.waveform, SAMPLE_RATE)
            heard = instruments.recogniser.recognise(performance.waveform, SAMPLE_RATE)
            scores |= at_place({"phone_error": error_rate(phones, heard)}, "source")
    return Reference(performance, against, truth is not None, phones, scores)


def read(path: Path) -> Waveform:
    """A file at the scoring rate, (S,)."""
    return read_audio(path, SAMPLE_RATE)[0]


def at_place(values: Mapping[str, float], place: str) -> Scores:
    """Scores by family as scores by metric name."""
    return {place_name(family, place): value for family, value in values.items()}


class ReferenceStore:
    """References in a folder, shared by all runs; one that is damaged is made again."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which is made when something is kept."""
        self.folder = folder

    def get(
        self,
        source: Path,
        truth: Path | None,
        transpose_semitones: float,
        known: Known | None,
        instruments: Instruments,
    ) -> Reference:
        """What `analyse_reference` gives, from the folder where it holds it.

        Raises:
            AudioError: If a file is missing or unreadable.
            StorageError: If the folder cannot be written.
        """
        inputs = {"source": sha256_file(source)} | ({} if truth is None else {"truth": sha256_file(truth)})
        inputs |= {} if known is None else {"annotations": known.digest()}
        asked = [transpose_semitones, instruments.predictor is not None, instruments.recogniser is not None]
        path = self.folder / f"{fingerprint(asked, inputs, [__name__]).digest[:32]}.npz"
        try:
            return unpacked(load_arrays(path))
        except (FileNotFoundError, ValueError, KeyError):
            reference = analyse_reference(source, truth, transpose_semitones, known, instruments)
            save_arrays(packed(reference), path)
            return reference


def packed(reference: Reference) -> dict[str, NDArray[Any]]:
    """A reference as named arrays; spectra are left out, for they are faster made than read."""
    arrays: dict[str, NDArray[Any]] = {
        "score_names": np.array(list(reference.scores), dtype=np.str_),
        "score_values": np.array(list(reference.scores.values()), dtype=np.float64),
    }
    if reference.phones is not None:
        arrays["phones"] = np.array(reference.phones, dtype=np.str_)
    performances = {"source": reference.source} | ({"truth": reference.against} if reference.has_truth else {})
    for name, performance in performances.items():
        arrays |= {f"{name}_waveform": performance.waveform, f"{name}_f0_hz": performance.f0_hz}
        arrays[f"{name}_cepstrum"] = performance.cepstrum
        if performance.embedding is not None:
            arrays[f"{name}_embedding"] = performance.embedding
    return arrays


def unpacked(arrays: Mapping[str, NDArray[Any]]) -> Reference:
    """The reference of such arrays.

    Raises:
        KeyError: If one is missing.
    """

    def performance(name: str) -> Performance:
        waveform = arrays[f"{name}_waveform"]
        contour, cepstrum = arrays[f"{name}_f0_hz"], arrays[f"{name}_cepstrum"]
        return Performance(waveform, contour, analyse_spectra(waveform), cepstrum, arrays.get(f"{name}_embedding"))

    source, has_truth = performance("source"), "truth_waveform" in arrays
    names, values = arrays["score_names"], arrays["score_values"]
    phones = tuple(str(phone) for phone in arrays["phones"]) if "phones" in arrays else None
    scores = {str(name): float(value) for name, value in zip(names, values, strict=True)}
    return Reference(source, performance("truth") if has_truth else source, has_truth, phones, scores)
