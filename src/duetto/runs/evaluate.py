"""The scores of a voice under one set of evaluation settings: computed, found, or computed by earlier code.

Each evaluation signature has its own folder in the run, so that scores of other settings are not overwritten.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.architectures.registry import architecture_of, get_architecture, schema_modules
from duetto.errors import StorageError
from duetto.evaluation.reference import ReferenceStore
from duetto.features.cache import extraction_code
from duetto.renamed import current_record
from duetto.runs.prepare import PreparedData
from duetto.runs.stale import keeps_earlier_scores
from duetto.runs.test import REFERENCES_FOLDER, run_test
from duetto.settings.config import EvalConfig, FeaturesConfig
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import read_object, sha256_file, write_json
from duetto.storage.fingerprint import Fingerprint, changes, fingerprint
from duetto.storage.run_folder import EvaluationFolder, RunFolder
from duetto.terminal import progress_bar
from duetto.voices.find import pass_over
from duetto.voices.load import load_converter

SCORING = ("duetto.evaluation.suite", "duetto.runs.test", "duetto.voices.load")  # modules that score and convert
OTHER_STAGES = ("duetto.corpus", "duetto.data", "duetto.device", "duetto.hub", "duetto.runs.prepare", "duetto.training")
BEFORE_FINGERPRINTS = ["the code (scored by version 0.1.0, which did not record it)"]
SIGNATURE_DIGITS = 9  # hexadecimal, after a letter, as a run's


def scores_from(config: EvalConfig, run: RunFolder, model: str, features: FeaturesConfig) -> Fingerprint:
    """Everything that determines the scores of a run: evaluation settings, weights, code that converts and scores.

    Args:
        config: Evaluation settings.
        run: Folder of the trained run.
        model: Name of its architecture.
        features: The voice's feature settings; encoders and trackers that it does not use do not count.

    Raises:
        ConfigError: If the content encoder or the tracker does not exist.
    """
    extraction = extraction_code(features)
    modules = {*SCORING, *get_architecture(model).rendering_modules, *extraction.modules}
    beyond = {*OTHER_STAGES, *schema_modules(), *extraction.beyond}
    return fingerprint(config, {"weights": sha256_file(run.voice.weights)}, modules, beyond, extraction.packages)


def evaluation_of(run: RunFolder, made_of: Fingerprint) -> EvaluationFolder:
    """The folder of the scores with this fingerprint."""
    return run.evaluation(f"e{made_of.digest[:SIGNATURE_DIGITS]}")


def evaluate_run(run: RunFolder, prepared: PreparedData, config: TrainConfig, console: Console) -> EvaluationFolder:
    """Test the voice unless the same scores exist.

    Raises:
        ConfigError: If earlier code computed the scores and `stale=stop`.
        DuettoError: If the voice or a song cannot be read, or the folder cannot be written.
    """
    made_of = scores_from(config.eval, run, config.model.name, config.features)
    place = evaluation_of(run, made_of)
    references = ReferenceStore(Path(config.data.root) / REFERENCES_FOLDER)
    if place.is_complete:
        return place
    earlier = find_earlier_scores(run, made_of)
    if earlier is not None and keeps_earlier_scores(config.stale, earlier[1], console):
        return earlier[0]
    converter, _ = load_converter(run.voice.path, config.eval.retrieval.index_rate)
    start = time.perf_counter()
    with progress_bar(console) as report:
        run_test(converter, prepared, config.eval, place, report, architecture_of(config.model).can_convert, references)
    prepared.timing.add("test", time.perf_counter() - start, len(read_metrics(place).get("songs", [])))
    created = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(place.record, {"signature": place.path.name, "created": created, **made_of.as_dict()})
    return place


def find_earlier_scores(run: RunFolder, made_of: Fingerprint) -> tuple[EvaluationFolder, list[str]] | None:
    """The newest scores of the same settings and weights by other code, and what has changed; None if none exist."""
    wanted = made_of.as_dict()
    for place in reversed(run.evaluations()):
        try:
            then = read_object(place.record) if place.record.is_file() else {}
        except StorageError as error:
            pass_over(f"{place.path} is ignored: {error}")
            continue
        if then and "modules" not in then:
            if read_object(run.record).get("config", {}).get("eval") == without_classes(wanted["settings"]):
                return place, BEFORE_FINGERPRINTS
        elif all(then.get(part) == wanted[part] for part in ("settings", "inputs")):
            return place, changes(then, made_of)
    return None


def without_classes(settings: Any) -> Any:
    """Convert settings from the form of `as_built` to that of `dataclasses.asdict`."""
    if not isinstance(settings, dict):
        return settings
    return {name: without_classes(value) for name, value in settings.items() if name != "class"}


def read_metrics(place: EvaluationFolder) -> dict[str, Any]:
    """The scores under their current names."""
    metrics: dict[str, Any] = current_record(read_object(place.metrics))
    return metrics
