"""Stress-tests a trained voice: converts and scores each case, and writes the scores after each.

stress_tests.json in the run's folder holds the finished cases; the same command continues with the others. Cases are
scored again if the weights, the evaluation settings or the code have changed.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from duetto.architectures.registry import architecture_of
from duetto.conversion.converter import Conversion, Converter
from duetto.conversion.peak import limit_peak
from duetto.errors import CheckpointError, ConfigError
from duetto.evaluation.inputs import Instruments, SongFiles
from duetto.evaluation.metric import DIAGNOSTIC
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.reference import ReferenceStore
from duetto.evaluation.song import score_song
from duetto.progress import ReportProgress
from duetto.renamed import current_record, find_file
from duetto.runs.evaluate import scores_from
from duetto.runs.stress_cases import STRESS_TESTS, Cases, StressCase, StressedRun
from duetto.runs.test import REFERENCES_FOLDER, annotations_of, make_request
from duetto.runs.train import locked
from duetto.settings.config import DataConfig, EvalConfig, from_dict
from duetto.storage.audio import Waveform, read_audio, write_audio
from duetto.storage.files import read_object, write_json
from duetto.storage.fingerprint import fingerprint
from duetto.storage.run_folder import RUN_FILE, RunFolder
from duetto.units import seconds_to_samples
from duetto.voices.load import load_converter
from duetto.voices.permission import require_use
from duetto.voices.run_record import read_record

STRESSING = ("duetto.runs.stress", "duetto.runs.stress_cases")  # modules that run the stress tests

Score = Callable[[SongFiles], dict[str, float]]


def stress_run(folder: Path, names: Sequence[str], report: ReportProgress, max_songs: int = 0) -> dict[str, Any]:
    """Stress-test a run; write stress_tests.json after each case.

    Args:
        folder: The run's folder.
        names: Names in STRESS_TESTS.
        report: Called with (current work, number of cases done, total).
        max_songs: Number of songs of each test; 0 = all.

    Returns:
        The content of stress_tests.json: signature, and by test the cases with their metrics and label.

    Raises:
        ConfigError: If there is no such stress test, or the run is of a vocoder.
        CheckpointError: If the folder holds no trained voice.
        CorpusError: If the run may not be used, or the songs of a test cannot be sung.
    """
    check_names(names)
    place = RunFolder(folder)
    if not place.is_run:
        raise CheckpointError(
            f"{folder} is not a run: {RUN_FILE} is missing. Give the folder of a run, such as logs/NAME."
        )
    run, evaluation = read_settings(place)
    converter, voice = load_converter(place.voice.path, evaluation.retrieval.index_rate)
    architecture = architecture_of(voice.model)
    if not architecture.can_convert:
        raise ConfigError(f"{folder.name} is a {architecture.title}, which does not convert; stress-test a voice.")
    require_use(voice.card, place.voice.path)
    speakers = list(voice.card.get("speakers") or [])
    instruments = Instruments(SpeakerEncoder())
    references = ReferenceStore(Path(run.data.root) / REFERENCES_FOLDER)
    scores = scores_from(evaluation, place, voice.model.name, voice.features)
    asked = fingerprint(None, {"scores": scores.digest}, STRESSING, beyond=("duetto.corpus", "duetto.runs.train"))
    signature = asked.digest[:10]
    with locked(folder):
        state = load_state(folder, signature)
        for name in names:
            report(f"Preparing {name}", 0, 1)
            cases = first_songs(STRESS_TESTS[name](run), max_songs)
            worker = CaseWorker(converter, evaluation, speakers, place.stress_songs / name)
            work_off(
                state, name, cases, worker, lambda files: score_song(files, instruments, references), folder, report
            )
    return state


def read_settings(place: RunFolder) -> tuple[StressedRun, EvalConfig]:
    """The data that a run was trained on, and its evaluation settings.

    Raises:
        StorageError: If the run's records cannot be read.
        ConfigError: If its settings do not fit the current schema.
    """
    facts, treated = read_record(place), read_object(place.preprocessing)
    try:
        data: DataConfig = from_dict(DataConfig, facts["config"]["data"])
        evaluation: EvalConfig = from_dict(EvalConfig, facts["config"]["eval"])
        return StressedRun(data, Path(str(treated["corpus"]))), evaluation
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{place.path} holds no settings that can be read ({error}). Train the run again.") from error


def check_names(names: Sequence[str]) -> None:
    """Refuse a stress test that does not exist."""
    for name in names:
        if name not in STRESS_TESTS:
            raise ConfigError(f"There is no stress test {name!r}; expected some of {', '.join(STRESS_TESTS)}.")


def load_state(folder: Path, signature: str) -> dict[str, Any]:
    """The finished cases of the same signature; empty if there are none."""
    path = find_file(folder, RunFolder(folder).stress_tests.name)
    state = current_record(read_object(path)) if path.is_file() else {}
    return state if state.get("signature") == signature else {"signature": signature, "stress_tests": {}}


def first_songs(cases: Cases, max_songs: int) -> Cases:
    """The cases of the first songs in order of name."""
    songs = sorted({case.song for case in cases})[: max_songs or None]
    return [case for case in cases if case.song in songs]


class CaseWorker:
    """Converts a case and writes its files."""

    def __init__(self, converter: Converter, evaluation: EvalConfig, speakers: list[str], folder: Path) -> None:
        self.converter = converter
        self.evaluation = evaluation
        self.speakers = speakers
        self.folder = folder

    def __call__(self, case: StressCase) -> SongFiles:
        """Write source, output and, if there is a reference, reference and copy synthesis, cut to the scored spans."""
        rate = self.converter.sample_rate
        source, _ = read_audio(case.source, rate)
        speaker = self.speakers.index(case.reference_singer) if case.reference_singer in self.speakers else 0
        request = make_request(case.transpose_semitones, self.evaluation, speaker)
        done = [self.converter.convert(piece, request) for piece in pieces(source, case.fragment_ms, rate)]
        waveforms = {"source": source, "output": np.concatenate([each.waveform for each in done])}
        if case.reference is not None:
            reference, _ = read_audio(case.reference, rate)
            waveforms |= {
                "reference": reference,
                "copy_synthesis": self.converter.copy_synthesise(reference, request).waveform,
            }
        place = self.folder / case.name
        for name, waveform in waveforms.items():
            write_audio(place / f"{name}.wav", limit_peak(cut(waveform, case.spans_s, rate))[0], rate)
        return replace(files_of(case, place, done), frame_rate_hz=self.converter.frame_rate_hz)


def pieces(waveform: Waveform, fragment_ms: float, sample_rate: int) -> list[Waveform]:
    """The whole waveform, or its fragments; a last fragment shorter than half is joined to the one before."""
    if fragment_ms == 0:
        return [waveform]
    length = seconds_to_samples(fragment_ms / 1000, sample_rate)
    starts = list(range(0, max(1, len(waveform) - length // 2), length))
    return [waveform[first:last] for first, last in zip(starts, [*starts[1:], len(waveform)], strict=True)]


def cut(waveform: Waveform, spans_s: Sequence[tuple[float, float]], sample_rate: int) -> Waveform:
    """The spans joined end to end; the whole waveform if there are none."""
    if not spans_s:
        return waveform
    parts = [waveform[seconds_to_samples(a, sample_rate) : seconds_to_samples(b, sample_rate)] for a, b in spans_s]
    return np.concatenate(parts)


def files_of(case: StressCase, place: Path, done: Sequence[Conversion]) -> SongFiles:
    """The files of a case, as evaluation reads them; only whole songs have a speed and phone labels."""
    has_reference, is_whole = case.reference is not None, not case.spans_s
    is_labelled = has_reference and is_whole and case.labels is not None
    return SongFiles(
        song=case.song,
        source_name=case.source_name,
        source=place / "source.wav",
        output=place / "output.wav",
        reference=place / "reference.wav" if has_reference else None,
        copy_synthesis=place / "copy_synthesis.wav" if has_reference else None,
        transpose_semitones=case.transpose_semitones,
        conversion_seconds=sum(each.seconds for each in done) if is_whole else None,
        annotations=annotations_of(*case.labels) if is_labelled and case.labels is not None else None,
    )


def work_off(
    state: dict[str, Any],
    name: str,
    cases: Cases,
    convert: Callable[[StressCase], SongFiles],
    score: Score,
    folder: Path,
    report: ReportProgress,
) -> None:
    """Convert and score the unfinished cases of a test; stress_tests.json is complete after each case."""
    test = state["stress_tests"].setdefault(name, {"cases": []})
    done = {row["name"] for row in test["cases"]}
    for number, case in enumerate(cases):
        report(f"{name}: {case.name}", number, len(cases))
        if case.name in done:
            continue
        test["cases"].append(
            {
                "name": case.name,
                "song": case.song,
                "source_name": case.source_name,
                "condition": case.condition,
                "transpose_semitones": case.transpose_semitones,
                "has_reference": case.reference is not None,
                "label": "" if case.reference is not None else DIAGNOSTIC,
                "metrics": score(convert(case)),
            }
        )
        write_json(RunFolder(folder).stress_tests, state)
