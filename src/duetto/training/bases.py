"""From a run to a base that ships with the package: half-precision weights and a card that says what they are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from duetto.config import FeaturesConfig
from duetto.conversion.find import RUN_FILE
from duetto.conversion.vocoder import BASES
from duetto.conversion.voice import from_dict, model_schema
from duetto.errors import CheckpointError
from duetto.files import atomic_path, read_json, write_json
from duetto.model_config import ModelConfig, VocoderConfig
from duetto.training.checkpoint import find_checkpoint
from duetto.training.fit import CHECKPOINT_FOLDER
from duetto.training.modules import make_module
from duetto.training.trial import METRICS_NAME

LICENCE = "MIT"
SUBJECT = "embedded synthetic voices only: nobody's biometric data"


def export_base(run: Path, folder: Path = BASES) -> Path:
    """Write the weights of a run's newest checkpoint, finished or not, as a base.

    Args:
        run: The run's folder.
        folder: Where bases lie.

    Returns:
        The .safetensors file; its card is the .json beside it.

    Raises:
        CheckpointError: If the folder holds no run, no checkpoint, or a voice that is somebody's.
    """
    if not (run / RUN_FILE).is_file():
        raise CheckpointError(f"{run} is no run: {RUN_FILE} is missing.")
    record = read_json(run / RUN_FILE)
    if record["consent"].get("subject") != "none":
        raise CheckpointError(f"{run} was trained on somebody's voice; a base may only hold embedded ones.")
    found = find_checkpoint(run / CHECKPOINT_FOLDER, lambda _: None)
    if found is None:
        raise CheckpointError(f"{run} has no checkpoint yet.")
    path, progress = found
    values = record["config"]
    model = from_dict(model_schema(values["model"]["name"]), values["model"])
    features = from_dict(FeaturesConfig, values["features"])
    model = replace(model, base=None, base_discriminator=None)  # the checkpoint holds what came of them
    module = make_module(model, features, values["seed"])
    module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["state_dict"])
    state = {name: tensor.half().contiguous() for name, tensor in module.voice_network().state_dict().items()}
    target = folder / f"{base_name(model, features)}.safetensors"
    with atomic_path(target) as temporary:
        save_file(state, temporary)
    write_json(target.with_suffix(".json"), _card(run, record, {"steps": progress.step, "seconds": progress.seconds}))
    return target


def base_name(model: ModelConfig, features: FeaturesConfig) -> str:
    """File name of a base: a vocoder's says which mel it hears, for any voice with that mel may sing through it."""
    if isinstance(model, VocoderConfig):
        return f"vocoder_{features.sample_rate}_{features.hop_length}_{features.n_mels}"
    return f"{model.name}_{model.size}"


def _card(run: Path, record: dict[str, Any], progress: dict[str, Any]) -> dict[str, Any]:
    metrics = run / METRICS_NAME
    ledger = record["ledger"]
    return {
        "run": record["name"],
        "signature": record["signature"],
        "subject": SUBJECT,
        "licence": LICENCE,
        "data": {"case": record["case"], "hash": record["data_hash"], "hours": ledger["seconds_used"] / 3600},
        "seed": record["seed"],
        "steps": progress["steps"],
        "hours_of_training": progress["seconds"] / 3600,
        "device": record["device"],
        "code": record["code"],
        "scores": read_json(metrics)["mean"] if metrics.is_file() else "not scored yet",
        "limits": "Learned from voices that a statistical model and WORLD made: smoother than people's.",
        "model": record["config"]["model"],
        "features": record["config"]["features"],
    }
