"""The scores of a voice under one set of evaluation settings: made, found, or made by earlier code.

Each evaluation signature has a folder of its own in the run, so that scores of other settings stand beside, not above.
"""

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

SCORING = ("duetto.evaluation.suite", "duetto.runs.test", "duetto.voices.load")  # what scores and what converts
OTHER_STAGES = ("duetto.corpus", "duetto.data", "duetto.runs.prepare", "duetto.training")
BEFORE_FINGERPRINTS = ["the code (scored by version 0.1.0, which did not record it)"]
SIGNATURE_DIGITS = 9  # hexadecimal, after a letter, as a run's


def scores_from(config: EvalConfig, run: RunFolder, model: str, features: FeaturesConfig) -> Fingerprint:
    """What the scores of a run are made of: evaluation settings, the weights, and the code that converts and scores.

    Args:
        config: The settings.
        run: Trained.
        model: Name of its architecture.
        features: What the voice hears; encoders and trackers that it does not use do not count.

    Raises:
        ConfigError: If the content encoder or the tracker does not exist.
    """
    extraction = extraction_code(features)
    modules = {*SCORING, *get_architecture(model).rendering_modules, *extraction.modules}
    beyond = {*OTHER_STAGES, *schema_modules(), *extraction.beyond}
    return fingerprint(config, {"weights": sha256_file(run.voice.weights)}, modules, beyond, extraction.packages)


def evaluation_of(run: RunFolder, made_of: Fingerprint) -> EvaluationFolder:
    """Where the scores lie that are made of this."""
    return run.evaluation(f"e{made_of.digest[:SIGNATURE_DIGITS]}")


def evaluate_run(run: RunFolder, prepared: PreparedData, config: TrainConfig, console: Console) -> EvaluationFolder:
    """Put the voice to the test, unless these very scores exist.

    Raises:
        ConfigError: If earlier code made the scores and `stale=stop`.
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
    with progress_bar(console) as report:
        run_test(converter, prepared, config.eval, place, report, architecture_of(config.model).can_convert, references)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(place.record, {"signature": place.path.name, "created": created, **made_of.as_dict()})
    return place


def find_earlier_scores(run: RunFolder, made_of: Fingerprint) -> tuple[EvaluationFolder, list[str]] | None:
    """The newest scores of the same settings and weights that other code made, and what has changed; None = none."""
    wanted = made_of.as_dict()
    for place in reversed(run.evaluations()):
        try:
            then = read_object(place.record) if place.record.is_file() else {}
        except StorageError as error:
            pass_over(f"{place.path} is passed over: {error}")
            continue
        if then and "modules" not in then:
            if read_object(run.record).get("config", {}).get("eval") == without_classes(wanted["settings"]):
                return place, BEFORE_FINGERPRINTS
        elif all(then.get(part) == wanted[part] for part in ("settings", "inputs")):
            return place, changes(then, made_of)
    return None


def without_classes(settings: Any) -> Any:
    """Settings as `dataclasses.asdict` gives them, of those that `as_built` gave."""
    if not isinstance(settings, dict):
        return settings
    return {name: without_classes(value) for name, value in settings.items() if name != "class"}


def read_metrics(place: EvaluationFolder) -> dict[str, Any]:
    """The scores under their present names."""
    metrics: dict[str, Any] = current_record(read_object(place.metrics))
    return metrics
