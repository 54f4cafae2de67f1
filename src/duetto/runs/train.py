"""One run from configuration to trained voice; `train` shows the whole sequence on one screen.

A run is a folder named by its signature. The same command on an unfinished run resumes from its last checkpoint; on a
finished one it only shows the result; on one by earlier code it says what has changed (`stale`).
"""

import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from duetto.architectures.registry import architecture_of
from duetto.conversion.compact_index import IndexOrigin, write_index
from duetto.conversion.register import CARD_FIELD, as_json
from duetto.corpus.manifest import Manifest
from duetto.features.extract import FeatureSet
from duetto.ownership.heritage import MADE_FROM, described
from duetto.preprocess.ledger import read_ledger, summarise
from duetto.runs.fit import Draw, FitResult, fit
from duetto.runs.heritage import corpus_parent, require_weights, weights_of
from duetto.runs.identity import find_earlier_run, find_run_made_of, run_from, run_name, signature_of
from duetto.runs.inputs import check_encoder_weights, check_processes, check_steps
from duetto.runs.named import check_named
from duetto.runs.own_songs import check_own_songs
from duetto.runs.plan import announce
from duetto.runs.preliminary import after_preliminary_training
from duetto.runs.prepare import (
    PreparedData,
    TrainingContent,
    doctor_record,
    make_crop_plan,
    prepare_data,
    register_of_training,
)
from duetto.runs.registration import register_data, register_run
from duetto.runs.solve import train_in_closed_form
from duetto.runs.stale import keeps_earlier_run
from duetto.runs.team import Team
from duetto.runs.tracked import track
from duetto.settings.logger_config import LOGGERS
from duetto.settings.provenance import code_version, package_versions
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import read_object, write_json
from duetto.storage.fingerprint import Fingerprint
from duetto.storage.leftovers import sweep_leftovers
from duetto.storage.locks import alone
from duetto.storage.run_folder import RunFolder
from duetto.training.hardware import Hardware, detect_hardware
from duetto.training.place import ALONE
from duetto.training.tensorboard import require_tensorboard
from duetto.training.tracking import Tracker
from duetto.voices.names import claim_name
from duetto.voices.pretrained import choose_base
from duetto.voices.run_record import write_record
from duetto.voices.start import check_start
from duetto.voices.voice import TrainedVoice, save_voice


@dataclass(frozen=True)
class Run:
    """A trained run with everything that its test needs."""

    folder: Path
    signature: str
    prepared: PreparedData
    hardware: Hardware
    tracker: Tracker
    started_s: float  # `time.perf_counter` before the plan
    is_new: bool = True  # False = it was trained before

    @property
    def voice_folder(self) -> Path:
        """Folder of the trained voice."""
        return RunFolder(self.folder).voice.path


def train(config: TrainConfig, console: Console, draw: Draw | None = None, team: Team | None = None) -> Run:
    """Prepare the case, train, and write a voice to the run's folder; `draw` makes the tracker's pictures.

    `team` is the processes that train together, of which this is the first; None = this one alone.

    Raises:
        DuettoError: If data, settings, hardware or storage do not allow it; says what to do.
    """
    check_inputs(config)
    started_s = time.perf_counter()
    hardware = detect_hardware(config.trainer, team.place if team else ALONE)
    torch.set_num_threads(hardware.num_threads)
    check_writable(Path(config.logs))
    announce(config, hardware, console)
    prepared = prepare_data(config, console)
    corpus_parent(prepared.manifest, prepared.folder)
    made_of = identify(config, prepared)
    run = place_of(config, made_of, console)
    folder = run.path
    with locked(folder):
        sweep_leftovers(folder)
        given = claim_name(config.name, run, Path(config.logs), made_of, console)
        if run.voice.is_trained:
            if not run.is_run:  # deleted, as advised for a damaged one
                write_record(run, describe_run(config, made_of, prepared, hardware) | what_came_of_it(run))
            update_run(folder, given)
            console.print(f"Run {run.name} is already trained; nothing is repeated.")
            if config.validate_on is not None:
                console.print("validate_on: nothing is converted after the training; use infer.py source=FILE.")
            signature, tracker = trained_before(config, run, made_of, console)
            return Run(folder, signature, prepared, hardware, tracker, started_s, is_new=False)
        record = describe_run(config, made_of, prepared, hardware) | given | origin_of(run, made_of)
        signature = str(record["signature"])
        write_record(run, {**record, "status": "training"})
        register_data(config, prepared)
        damage = summarise(read_ledger(prepared.folder))
        write_json(run.preprocessing, {"corpus": str(prepared.folder), **damage})
        tracker = track(config.logger, run, record, console)
        own, earlier_s = after_preliminary_training(config, prepared, hardware, record, folder, console, team)
        if architecture_of(config.model).is_closed_form:
            result = train_in_closed_form(own, prepared, folder, console)
        else:
            result = fit(own, prepared, hardware, folder, tracker, console, draw, team)
        result = replace(result, seconds=result.seconds + earlier_s)
        export(config, prepared, result, folder, record)
        write_record(run, {**record, "status": "trained", **result.summary()})
        register_run(run)
    return Run(folder, signature, prepared, hardware, tracker, started_s)


def trained_before(config: TrainConfig, run: RunFolder, made_of: Fingerprint, console: Console) -> tuple[str, Tracker]:
    """Signature and tracker of a run that needs no training; one that was stopped before its test is still tracked."""
    record = read_object(run.record)
    is_finished = record.get("status") != "trained"
    unchanged = Tracker([], "unchanged: this run was finished before")
    tracker = unchanged if is_finished else track(config.logger, run, record, console)
    return str(record.get("signature", signature_of(made_of))), tracker


def check_inputs(config: TrainConfig) -> None:
    """Refuse a run that cannot succeed before anything is built.

    Raises:
        DuettoError: If recordings, consent, weights or label tracks are missing, or a step cannot be built.
    """
    check_named(config)
    check_steps(config.preprocess)
    check_encoder_weights(config.features.content)
    check_own_songs(config)
    check_processes(config)
    if "tensorboard" in LOGGERS[config.logger.name]:
        require_tensorboard()
    require_weights(config, input_digests(config))
    check_start(config.model, config.features)


def identify(config: TrainConfig, prepared: PreparedData) -> Fingerprint:
    """The fingerprint of a run; fits its settings to the recordings: speakers, and epochs as steps."""
    make_room_for_speakers(config, prepared)
    count_epochs(config, prepared)
    return run_from(config, prepared.manifest.content_hash(), input_digests(config))


def place_of(config: TrainConfig, made_of: Fingerprint, console: Console) -> RunFolder:
    """The run's folder: its own, or that of an earlier code's run of the same settings if `stale` keeps it.

    Raises:
        ConfigError: If there is such a run and `stale=stop`.
    """
    logs = Path(config.logs)
    found = find_run_made_of(logs, made_of)
    if found is not None:
        return found
    new = RunFolder(logs / run_name(config, signature_of(made_of)))
    earlier = find_earlier_run(logs, made_of)
    if earlier is not None and keeps_earlier_run(config.stale, earlier, new.name, console):
        return earlier.folder
    return new


def origin_of(run: RunFolder, made_of: Fingerprint) -> dict[str, Any]:
    """Fields of a run begun by earlier code that stay although today's code resumes it: name, signature and code."""
    before = read_object(run.record) if run.is_run else {}
    if before.get("signature") in (None, signature_of(made_of)):
        return {}
    kept = {name: before.get(name) for name in ("name", "signature", "made_of")}
    return {**kept, "resumed_by": made_of.as_dict()}


def what_came_of_it(run: RunFolder) -> dict[str, Any]:
    """The fields of a run's record that are known only after training, from the voice's card."""
    card = read_object(run.voice.card)
    return {"status": "trained", **{name: card[name] for name in FitResult.SUMMARY if name in card}}


def make_room_for_speakers(config: TrainConfig, prepared: PreparedData) -> None:
    """Enlarge the speaker table to one row for each singer of the training clips."""
    config.model.num_speakers = max(config.model.num_speakers, len(prepared.speakers))


def count_epochs(config: TrainConfig, prepared: PreparedData) -> None:
    """Turn epochs into steps: the limit, and the decay of the learning rate; applying it twice changes nothing."""
    trainer = config.trainer
    if trainer.max_epochs == 0 and trainer.decay_per_epoch == 1:
        return
    steps = make_crop_plan(config, prepared).steps_per_epoch
    if trainer.max_epochs > 0:
        trainer.max_steps = min(trainer.max_steps, max(1, ceil(trainer.max_epochs * steps)))
    if trainer.decay_per_epoch < 1:
        config.model.optimizer.decay_per_1000_steps = trainer.decay_per_epoch ** (1000 / steps)


def input_digests(config: TrainConfig) -> dict[str, str]:
    """SHA-256 of every weights file that the run needs, by its purpose: other weights make another run."""
    model = config.model
    base = choose_base(model, config.features)
    digests = {} if base is None else base.digests()
    return digests | architecture_of(model).input_digests(model, config.features)


def export(
    config: TrainConfig, prepared: PreparedData, result: FitResult, folder: Path, record: dict[str, Any]
) -> None:
    """Write the index, the weights, and last the card, which marks the run as trained."""
    if architecture_of(config.model).can_convert:
        content = config.features.content
        origin = IndexOrigin(content.encoder, content.layer, config.eval.retrieval.neighbours, config.seed)
        write_index(TrainingContent(prepared, config.features), origin, RunFolder(folder).voice.path)
    named = ("name", "signature", "case", "data_hash", "consent", MADE_FROM, "speakers", "code", "packages", "seed")
    card = {name: record[name] for name in named}
    card[CARD_FIELD] = as_json(register_of_training(prepared, config.features))
    voice = TrainedVoice(result.network, config.model, config.features, {**card, **result.summary()})
    save_voice(voice, RunFolder(folder).voice.path)


def describe_run(
    config: TrainConfig, made_of: Fingerprint, prepared: PreparedData, hardware: Hardware
) -> dict[str, Any]:
    """The values that run.json and the tracker record before training."""
    manifest: Manifest = prepared.manifest
    features: FeatureSet = prepared.features
    weights = input_digests(config)
    parents = (corpus_parent(manifest, prepared.folder), *weights_of(config, weights))
    return {
        "name": run_name(config, signature_of(made_of)),
        "signature": signature_of(made_of),
        "case": manifest.case,
        "model": config.model.name,
        "size": config.model.size,
        "preprocess": config.preprocess.name,
        "seed": config.seed,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data_hash": manifest.content_hash(),
        "weights": weights,
        **described(parents),
        "speakers": list(prepared.speakers),
        "ledger": asdict(manifest.ledger),
        "doctor": doctor_record(prepared),
        "feature_seconds": {"extracted": features.seconds_extracted, "from_cache": features.seconds_from_cache},
        "code": code_version(),
        "made_of": made_of.as_dict(),
        "packages": package_versions(),
        "device": hardware.description,
        "precision": hardware.precision,
        "processes": {"world": hardware.num_processes, "nodes": config.trainer.nodes, "backend": hardware.backend},
        "config": asdict(config),
    }


def update_run(folder: Path, values: dict[str, Any]) -> None:
    """Merge values into run.json."""
    record = RunFolder(folder).record
    write_json(record, {**read_object(record), **values})


def check_writable(logs: Path) -> None:
    """Check that `logs` can be written before the work starts.

    Raises:
        StorageError: If it cannot.
    """
    marker = logs / ".writable"
    write_json(marker, {})
    marker.unlink(missing_ok=True)


def locked(folder: Path) -> AbstractContextManager[None]:
    """Lock a run's folder, so that a second process on the same run is refused.

    Raises:
        StorageError: If there is one, or there was and it was probably killed.
    """
    return alone(RunFolder(folder).lock, f"Another process is working on {folder}")
