"""The part of a song's evaluation that does not depend on the conversion: computed once and cached for all voices.

A study scores the same songs in dozens of runs. The source at the target's pitch, the reference, their phones and their
scores are bit-identical in all of them, so they are computed once; the file's name is the hash of the recordings, the
interval, the labels and the code that analyses them (`duetto.storage.fingerprint`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.evaluation.analysis.audio import AnalysedAudio, analyse, analyse_alone
from duetto.evaluation.analysis.held import held_notes
from duetto.evaluation.analysis.pitch import settle_octaves, track_f0
from duetto.evaluation.analysis.spectra import SAMPLE_RATE, analyse_spectra
from duetto.evaluation.analysis.world import transpose
from duetto.evaluation.families import compare, describe
from duetto.evaluation.inputs import FRAME_RATE_HZ, Instruments, ReferenceAnnotations
from duetto.evaluation.measure import ReferenceAnalysis, Scores
from duetto.evaluation.metric import place_name
from duetto.evaluation.metrics.phones import error_rate
from duetto.evaluation.registry import all_metrics
from duetto.storage.arrays import load_arrays, save_arrays
from duetto.storage.audio import Waveform
from duetto.storage.decoded import recall_audio
from duetto.storage.files import sha256_file
from duetto.storage.fingerprint import fingerprint
from duetto.storage.leftovers import tidy
from duetto.units import semitones_to_ratio


def analyse_reference(
    source: Path,
    reference: Path | None,
    transpose_semitones: float,
    annotations: ReferenceAnnotations | None,
    instruments: Instruments,
    frame_rate_hz: float = FRAME_RATE_HZ,
) -> ReferenceAnalysis:
    """Analyse and score what does not depend on the conversion.

    Args:
        source: The recording to be converted.
        reference: The target singing the same score, if there is one.
        transpose_semitones: From the source's pitch to the target's.
        annotations: Of the reference, if there are any. Their pitch corrects the tracker's octave, not its voicing.
        instruments: The models that score.
        frame_rate_hz: Of the conversions that are compared with it.

    Raises:
        AudioError: If a file is missing or unreadable.
    """
    sung = read(source)
    sung_f0_hz = track_f0(sung, SAMPLE_RATE)
    moved = transpose(sung, sung_f0_hz, transpose_semitones, SAMPLE_RATE)
    moved_f0_hz = sung_f0_hz * semitones_to_ratio(transpose_semitones)
    waveform = moved if reference is None else read(reference)
    f0_hz = moved_f0_hz if reference is None else track_f0(waveform, SAMPLE_RATE)
    if annotations is not None:
        f0_hz = settle_octaves(f0_hz, annotations.f0_hz)
    encoder = None if reference is None else instruments.encoder
    transposed = analyse(moved, moved_f0_hz, waveform.size, f0_hz, encoder)
    against = transposed if reference is None else analyse(waveform, f0_hz, waveform.size, f0_hz, encoder)
    boundaries_s = None if annotations is None else annotations.boundaries_s
    scores = at_place(compare(against, transposed, reference is not None, boundaries_s), "source")
    alone = analyse_alone(sung, sung_f0_hz)
    scores |= at_place(describe(alone, held_notes(sung_f0_hz), sung_f0_hz, frame_rate_hz), "source")
    phones = None
    if reference is not None:
        scores |= at_place(describe(against, held_notes(f0_hz), f0_hz, frame_rate_hz), "reference")
        if instruments.predictor is not None:
            scores |= at_place({"predicted_quality": instruments.predictor.predict(waveform, SAMPLE_RATE)}, "reference")
        if instruments.recogniser is not None:
            phones = instruments.recogniser.recognise(against.waveform, SAMPLE_RATE)
            heard = instruments.recogniser.recognise(transposed.waveform, SAMPLE_RATE)
            scores |= at_place({"phone_error": error_rate(phones, heard)}, "source")
    return ReferenceAnalysis(transposed, against, reference is not None, phones, scores)


def read(path: Path) -> Waveform:
    """A file at the scoring rate, (S,)."""
    return recall_audio(path, SAMPLE_RATE)[0]


def at_place(values: Mapping[str, float], place: str) -> Scores:
    """Convert scores by family into scores by metric name."""
    return {place_name(family, place): value for family, value in values.items()}


class ReferenceStore:
    """Analysed references in a folder, shared by all runs; a damaged one is computed again."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which is created when something is stored."""
        self.folder = folder
        tidy(folder)

    def get(
        self,
        source: Path,
        reference: Path | None,
        transpose_semitones: float,
        annotations: ReferenceAnnotations | None,
        instruments: Instruments,
        frame_rate_hz: float = FRAME_RATE_HZ,
    ) -> ReferenceAnalysis:
        """The result of `analyse_reference`, from the folder if it is there.

        Raises:
            AudioError: If a file is missing or unreadable.
            StorageError: If the folder cannot be written.
        """
        inputs = {"source": sha256_file(source)} | ({} if reference is None else {"reference": sha256_file(reference)})
        inputs |= {} if annotations is None else {"annotations": annotations.digest()}
        asked: list[Any] = [transpose_semitones, instruments.predictor is not None, instruments.recogniser is not None]
        asked += [frame_rate_hz, *(metric.name for metric in all_metrics())]
        path = self.folder / f"{fingerprint(asked, inputs, [__name__]).digest[:32]}.npz"
        try:
            return unpacked(load_arrays(path))
        except (FileNotFoundError, ValueError, KeyError):
            analysis = analyse_reference(
                source, reference, transpose_semitones, annotations, instruments, frame_rate_hz
            )
            save_arrays(packed(analysis), path)
            return analysis


def packed(analysis: ReferenceAnalysis) -> dict[str, NDArray[Any]]:
    """An analysis as named arrays; spectra are left out, because computing them is faster than reading them."""
    arrays: dict[str, NDArray[Any]] = {
        "score_names": np.array(list(analysis.scores), dtype=np.str_),
        "score_values": np.array(list(analysis.scores.values()), dtype=np.float64),
    }
    if analysis.phones is not None:
        arrays["phones"] = np.array(analysis.phones, dtype=np.str_)
    analysed = {"source": analysis.source} | ({"reference": analysis.against} if analysis.has_reference else {})
    for name, audio in analysed.items():
        arrays |= {f"{name}_waveform": audio.waveform, f"{name}_f0_hz": audio.f0_hz}
        arrays[f"{name}_cepstrum"] = audio.cepstrum
        if audio.embedding is not None:
            arrays[f"{name}_embedding"] = audio.embedding
    return arrays


def unpacked(arrays: Mapping[str, NDArray[Any]]) -> ReferenceAnalysis:
    """The inverse of `packed`.

    Raises:
        KeyError: If one is missing.
    """

    def audio_of(name: str) -> AnalysedAudio:
        waveform = arrays[f"{name}_waveform"]
        contour, cepstrum = arrays[f"{name}_f0_hz"], arrays[f"{name}_cepstrum"]
        return AnalysedAudio(waveform, contour, analyse_spectra(waveform), cepstrum, arrays.get(f"{name}_embedding"))

    source, has_reference = audio_of("source"), "reference_waveform" in arrays
    names, values = arrays["score_names"], arrays["score_values"]
    phones = tuple(str(phone) for phone in arrays["phones"]) if "phones" in arrays else None
    scores = {str(name): float(value) for name, value in zip(names, values, strict=True)}
    return ReferenceAnalysis(source, audio_of("reference") if has_reference else source, has_reference, phones, scores)
