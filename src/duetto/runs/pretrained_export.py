"""Exports a run's weights as pretrained weights of the package: half precision, with a card that describes them."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from duetto.architectures.registry import get_architecture
from duetto.bases import BASES, DISCRIMINATOR_SUFFIX
from duetto.corpus.natural_voices.bench_voices import bench_voices_among
from duetto.errors import CheckpointError
from duetto.ownership.heritage import described, heritage_of
from duetto.settings.config import FeaturesConfig, from_dict
from duetto.settings.model_config import path_fields, shape_of
from duetto.singer.choir import choir_names, choir_voice
from duetto.storage.digests import CARD_FIELD, digests_of
from duetto.storage.files import atomic_path, read_json, read_object, write_json
from duetto.storage.run_folder import RUN_FILE, RunFolder
from duetto.training.checkpoint import TrainingProgress, find_checkpoint
from duetto.voices.owners import parents_of_run
from duetto.voices.pretrained import make_module

LICENCE = "MIT"
SUBJECT = "synthetic voices only: nobody's biometric data"
OF_CHOIR = (
    "Learned from voices that statistical models, a small network of speech and WORLD made: smoother than people's. It "
    "was trained on no person and no creak: from recordings of people it keeps the melody (gross pitch errors 0.5 to "
    "4 % with Diff-SVC, 5 to 9 % with RVC) and loses the words (82 to 100 % word error), and speech transposed an "
    "octave or two up may burst (docs/results/bases)."
)
OF_ENSEMBLE = (
    "Learned from natural synthetic voices, all said by one network of speech (Kokoro-82M) in nine languages, spoken "
    "or put on held notes by WORLD. It was trained on no person, no creak and no whisper. What it keeps of people's "
    "words is measured in docs/results/voices."
)


def export_base(run: Path, folder: Path = BASES) -> Path:
    """Write the weights of a run's newest checkpoint, finished or not, as pretrained weights.

    Args:
        run: The run's folder.
        folder: Folder of the pretrained weights.

    Returns:
        The .safetensors file; its card is the .json beside it.

    Raises:
        CheckpointError: If the folder holds no run, no checkpoint, the voice of a person, or one that is kept for
            the bench.
    """
    folder_of_run = RunFolder(run)
    if not folder_of_run.is_run:
        raise CheckpointError(
            f"{run} is not a run: {RUN_FILE} is missing. Give the folder of a run, such as logs/NAME."
        )
    record = read_object(folder_of_run.record)
    consent, values = record.get("consent"), record.get("config")
    if not isinstance(consent, dict) or not isinstance(values, dict):
        raise CheckpointError(f"{run} holds no record of its settings and consent. Train the run again.")
    parents = parents_of_run(record, str(folder_of_run.record))
    require_nobodys({**record, **described(parents)}, run)
    heard = bench_voices_among(record.get("speakers") or ())
    if heard:
        raise CheckpointError(
            f"{run} was trained on {', '.join(heard)}, which are kept for benchmarks/words.py; pretrained weights may "
            "not know them. Choose another."
        )
    found = find_checkpoint(folder_of_run.checkpoints, lambda _: None)
    if found is None:
        raise CheckpointError(f"{run} has no checkpoint yet. Train it first.")
    path, progress = found
    architecture = get_architecture(values["model"]["name"])
    model = from_dict(architecture.config, values["model"])
    features = from_dict(FeaturesConfig, values["features"])
    model = replace(model, base=None, base_discriminator=None)  # the checkpoint replaces them
    module = make_module(model, features, values["seed"])
    module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["state_dict"])
    target = folder / f"{architecture.pretrained_name(model, features)}.safetensors"
    _save_half(module.acquired(module.voice_network()), target)
    discriminator, written = getattr(module, "discriminator", None), [target]
    if discriminator is not None:
        written.append(target.with_name(f"{target.stem}{DISCRIMINATOR_SUFFIX}.safetensors"))
        _save_half(discriminator, written[-1])
    card = {**_card(run, record, progress), "shape": shape_of(model), CARD_FIELD: digests_of(written)}
    card |= described(parents)
    write_json(target.with_suffix(".json"), card)
    return target


def require_nobodys(record: Mapping[str, Any], run: Path) -> None:
    """Refuse a run unless everything in its lineage is known and belongs to no person.

    Raises:
        CheckpointError: If so; says what is in it.
    """
    heritage = heritage_of(record, str(run))
    if heritage.is_nobodys:
        return
    if heritage.persons:
        raise CheckpointError(
            f"{run} holds a person's voice, by its recordings or by weights that it started from; pretrained weights "
            "may only hold embedded voices. Choose another."
        )
    raise CheckpointError(
        f"{run} holds {'; '.join(heritage.unknown)}: nobody knows whose voices these are, and pretrained weights "
        "may only hold embedded voices. Train from base=none or base=auto."
    )


def _save_half(network: nn.Module, path: Path) -> None:
    """Save learned weights in half precision; the few buffers (a noise schedule, the mel's range) stay exact."""
    learned = {name for name, _ in network.named_parameters()}
    state = {
        name: (tensor.half() if name in learned else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }
    with atomic_path(path) as temporary:
        save_file(state, temporary)


def _card(run: Path, record: dict[str, Any], progress: TrainingProgress) -> dict[str, Any]:
    data = record["config"]["data"]
    is_natural = record["case"] == "ensemble"
    choir = data["choir"] if record["case"] == "choir" or (is_natural and data["ensemble"]["has_choir"]) else None
    ranges = [choir_voice(name).range_midi for name in choir_names()[: choir["voices"]]] if choir else []
    ledger = record["ledger"]
    return {
        "run": record["name"],
        "signature": record["signature"],
        "subject": SUBJECT,
        "licence": LICENCE,
        "data": {
            "case": record["case"],
            "with_choir": choir is not None,
            "hash": record["data_hash"],
            "hours": ledger["seconds_used"] / 3600,
        },
        "seed": record["seed"],
        "steps": progress.step,
        "started_from": _origin(record),
        "hours_of_training": progress.seconds / 3600,
        "device": record["device"],
        "code": record["code"],
        "register_midi": [min(low for low, _ in ranges), max(high for _, high in ranges)] if ranges else "not known",
        "scores": _scores(run),
        "limits": OF_ENSEMBLE if is_natural else OF_CHOIR,
        "model": _without_folders(record["config"]["model"]),
        "features": record["config"]["features"],
    }


def _without_folders(model: dict[str, Any]) -> dict[str, Any]:
    """The settings of a model, with the names alone of files that it named: the folders are of one machine."""
    paths = path_fields(get_architecture(model["name"]).config)
    return {key: Path(value).name if key in paths and value else value for key, value in model.items()}


def _origin(record: dict[str, Any]) -> str:
    """SHA-256 of the weights that the training started from, whose steps precede those of the card."""
    if "weights" not in record:  # a run from before this was recorded
        return "not recorded"
    return str(record["weights"].get("base", "random weights"))


def _scores(run: Path) -> dict[str, Any] | str:
    """Mean scores over the test songs of a finished run; the last validation of an unfinished one."""
    evaluation = RunFolder(run).newest_evaluation()
    if evaluation is not None:
        return dict(read_json(evaluation.metrics)["mean"])
    curve = RunFolder(run).curve
    if not curve.is_file():
        return "not scored yet"
    with curve.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return {"held_out_song": {name: float(value) for name, value in rows[-1].items()}} if rows else "not scored yet"
