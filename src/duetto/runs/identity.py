"""The fingerprint of a run, its signature, and runs of the same settings and inputs by other code.

The signature covers all that affects the result (data content, preprocessing, features, model, numbers of the trainer,
seed, weights to start from, code and packages that train) and nothing that does not (paths, logger, device, workers,
evaluation).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from duetto.architectures.registry import get_architecture, schema_modules, training_modules
from duetto.errors import ConfigError
from duetto.features.cache import extraction_code
from duetto.features.content import encoder_digest
from duetto.features.trackers.registry import tracker_digest
from duetto.hub.get import NAME as HUB
from duetto.renamed import current_settings
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import path_fields
from duetto.settings.run_config import TrainConfig
from duetto.storage.fingerprint import Fingerprint, changes, fingerprint
from duetto.storage.run_folder import RunFolder
from duetto.voices.find import recorded_runs

TRAINER_NUMBERS = ("max_minutes", "max_steps", "batch_size")  # of TrainerConfig: the others do not affect the result
SELECTION = ("select", "evaluate_every_steps")  # of TrainerConfig: they decide which step becomes the voice
TRAINING = ("duetto.runs.fit", "duetto.data.dataset")  # modules that architectures train with in steps
SOLVING = ("duetto.runs.solve", "duetto.data.dataset")  # and in closed form
OTHER_STAGES = (  # that training reads as files, or that only monitor it
    "duetto.conversion",
    "duetto.corpus",
    "duetto.device",
    "duetto.diagnosis",
    "duetto.evaluation",
    "duetto.hub",
    "duetto.preprocess",
    "duetto.report",
    "duetto.runs",
    "duetto.voices",
)
BEFORE_FINGERPRINTS = ("the code (version 0.1.0 did not record it)",)
SIGNATURE_DIGITS = 9  # hexadecimal, after a letter: YAML would read a name of digits as a number


def run_from(config: TrainConfig, data_hash: str, weights: Mapping[str, str]) -> Fingerprint:
    """Everything that determines a run's result.

    Args:
        config: The run's settings.
        data_hash: Content hash of the preprocessed corpus.
        weights: SHA-256 of each weights file that the run starts from or renders with, by its purpose.
    """
    extraction = extraction_code(config.features)
    return fingerprint(
        settings_that_count(config),
        {"data": data_hash, **weights},
        {*_trained_by(config), *training_modules(config.model), *extraction.modules},
        {*OTHER_STAGES, *schema_modules(), *extraction.beyond},
        extraction.packages,
    )


def _trained_by(config: TrainConfig) -> tuple[str, ...]:
    return SOLVING if get_architecture(config.model.name).is_closed_form else TRAINING


def signature_of(made_of: Fingerprint) -> str:
    """A letter and nine hexadecimal digits that name a run."""
    return f"r{made_of.digest[:SIGNATURE_DIGITS]}"


def run_name(config: TrainConfig, signature: str) -> str:
    """Folder name of a run: readable parts followed by the signature."""
    return f"{config.model.name}-{config.data.case}-{config.preprocess.name}-{config.model.size}-{signature}"


def settings_that_count(config: TrainConfig) -> dict[str, Any]:
    """The settings of a run that affect its result, as JSON values."""
    values = asdict(config)
    return _counted(values, described_features(config.features))


def _counted(values: dict[str, Any], features: dict[str, Any]) -> dict[str, Any]:
    trainer, model = values["trainer"], values["model"]
    architecture = get_architecture(model["name"])
    paths = path_fields(architecture.config)  # the digests cover the content of the files
    has_steps = not architecture.is_closed_form  # without any, none of the trainer's numbers counts
    selects = has_steps and trainer["select"] == "best" and trainer["evaluate_every_steps"]
    counted: dict[str, Any] = {
        "preprocess": {name: values["preprocess"][name] for name in ("name", "steps")},
        "features": features,
        "model": {name: value for name, value in model.items() if name not in paths},
        "trainer": {name: trainer[name] for name in TRAINER_NUMBERS if has_steps},
        "selected_by_validation_every": trainer["evaluate_every_steps"] if selects else None,
        "seed": values["seed"],
    }
    plain: dict[str, Any] = json.loads(json.dumps(counted))
    return plain


def described_features(features: FeaturesConfig) -> dict[str, Any]:
    """The group as values, with the digests of the weights files of encoder and tracker in place of their paths."""
    values = asdict(features)
    digests = {"content": lambda: encoder_digest(features.content), "f0": lambda: tracker_digest(features.f0)}
    for part, digest_of in digests.items():
        path = values[part].pop("path")
        if path == HUB or (path is not None and Path(path).expanduser().is_file()):
            values[part]["weights"] = digest_of()
    return values


@dataclass(frozen=True)
class EarlierRun:
    """A run of the same settings and inputs by other code."""

    folder: RunFolder
    is_trained: bool
    changed: tuple[str, ...]  # modules and packages


def find_run_made_of(logs: Path, made_of: Fingerprint) -> RunFolder | None:
    """The run of this signature, whatever its folder is called now."""
    signature = signature_of(made_of)
    return next((folder for folder, record in recorded_runs(logs) if record.get("signature") == signature), None)


def find_earlier_run(logs: Path, made_of: Fingerprint) -> EarlierRun | None:
    """The run of the same settings and inputs whose code differs least, the newest of several; None if none exists."""
    wanted = made_of.as_dict()
    found: list[tuple[str, EarlierRun]] = []
    for folder, record in recorded_runs(logs):
        then = record.get("made_of")
        if isinstance(then, dict):
            is_same = all(then.get(part) == wanted[part] for part in ("settings", "inputs"))
            changed = tuple(changes(then, made_of)) if is_same else ()
        else:
            is_same, changed = _was_asked_for(record, wanted), BEFORE_FINGERPRINTS
        if is_same:
            found.append((str(record.get("created")), EarlierRun(folder, folder.voice.is_trained, changed)))
    return max(found, key=lambda each: (-len(each[1].changed), each[0]))[1] if found else None


def _was_asked_for(record: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a run of version 0.1, which recorded settings but no code, had these settings and inputs."""
    try:
        values = current_settings(record["config"])
        features = {**values["features"], "content": {**values["features"]["content"]}}
        features["content"].pop("path")
        settings = _counted(values, features)
        inputs = {"data": record["data_hash"], **record["weights"]}
    except (KeyError, TypeError, AttributeError, ConfigError):
        return False  # from a version that recorded less, or damaged
    return inputs == wanted["inputs"] and _agrees(settings, wanted["settings"])


def _agrees(then: Any, now: Any) -> bool:
    """Whether the settings are equal in all fields that both have; fields added later do not count."""
    if isinstance(then, dict) and isinstance(now, dict):
        return all(_agrees(then[name], now[name]) for name in then.keys() & now.keys())
    return bool(then == now)
