"""`python -m duetto inspect`: describes a file or folder without using it.

An unusable file is described together with its problems; only an unreadable file is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from torch import Tensor

from duetto.conversion.retrieval import CARD_NAME, Frames, recall_at_k
from duetto.errors import CheckpointError
from duetto.storage.files import read_object
from duetto.storage.run_folder import VOICE_CARD_NAME, VOICE_FOLDER, WEIGHTS_NAME, RunFolder
from duetto.storage.torch_file import read_torch_file
from duetto.voices.facts import facts_of
from duetto.voices.interchange.index_file import FLAT, INVERTED, measure_index, read_index_file
from duetto.voices.interchange.public_model import (
    SPEAKER_KEY,
    PublicModel,
    is_public_model,
    notes,
    parse_public_model,
    problems,
)
from duetto.voices.interchange.training_checkpoint import (
    GENERATOR,
    TrainingCheckpoint,
    different_tensors,
    expected_tensors,
    find_shape,
    is_training_checkpoint,
    parse_training_checkpoint,
)

REMEDY = "Give a .pth model or checkpoint, an .index, a .safetensors or the folder of a run."
NEIGHBOURS, RECALL_QUERIES = 8, 200
QUERY_NOISE = 0.1  # share of the rows' spread: a source's frames are near the target's, not equal to them
SAFETENSORS_SUFFIX = ".safetensors"


@dataclass
class Description:
    """The kind of a file, its facts (JSON-ready, in display order) and its problems."""

    kind: str
    facts: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"kind": self.kind, **self.facts, "problems": self.problems}


def describe(path: Path) -> Description:
    """Describe a file or a run's folder.

    Raises:
        CheckpointError: If it is missing, truncated, hostile, or of an unknown kind.
    """
    if path.is_dir():
        return describe_folder(path)
    if not path.is_file():
        raise CheckpointError(f"There is no file or folder {path}. {REMEDY}")
    with path.open("rb") as file:
        code = file.read(4)
    if path.suffix == SAFETENSORS_SUFFIX:
        found = describe_safetensors(path)
    elif code in (FLAT, INVERTED) or path.suffix in (".index", ".faiss"):
        found = describe_index(path)
    else:
        found = describe_torch(read_torch_file(path, REMEDY), path)
    found.facts = {**found.facts, "megabytes": round(path.stat().st_size / 1e6, 1)}
    return found


def describe_torch(content: Any, path: Path) -> Description:
    """Describe the content of a `torch.save` file.

    Raises:
        CheckpointError: If it is of an unknown kind.
    """
    if is_public_model(content):
        return describe_model(parse_public_model(content, path))
    if is_training_checkpoint(content):
        return describe_training(parse_training_checkpoint(content, path), path)
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path} holds a {type(content).__name__}. {REMEDY}")
    if "progress" in content and isinstance(content.get("state_dict"), Mapping):
        facts = {key: content["progress"].get(key) for key in ("step", "seconds")}
        return Description("duetto training checkpoint", {**facts, **count(content["state_dict"])})
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise CheckpointError(f"{path} holds no tensors, but {', '.join(map(str, list(content)[:8]))}. {REMEDY}")
    return Description("table of tensors", {**count(tensors), "first names": list(tensors)[:3]})


def describe_model(model: PublicModel) -> Description:
    """Describe a public inference model."""
    facts: dict[str, Any] = {
        "flavour": model.flavour,
        "version": model.version,
        "shape": model.shape_name,
        "sample rate": model.sample_rate,
        "f0": model.uses_f0,
        "speakers": model.num_speakers,
        "content width": model.content_dimension,
        "embedder": model.embedder,
        "vocoder": model.vocoder,
        **{key: value for key, value in model.details.items() if key not in ("version", "f0", "vocoder")},
        "notes": notes(model),
        **count(model.weights),
    }
    found = Description("inference model", facts, problems(model))
    if model.shape_name is not None and model.num_speakers > 0:
        differences = compare_names(model.weights, model.shape_name, model.num_speakers, model.has_posterior)
        found.facts |= differences
        if any(differences.values()):
            found.problems.append(f"Its tensors are not those of {model.shape_name}.")
    return found


def describe_training(checkpoint: TrainingCheckpoint, path: Path) -> Description:
    """Describe the generator or discriminator of a training pair."""
    facts: dict[str, Any] = {"network": checkpoint.role, "epoch": checkpoint.epoch, **count(checkpoint.weights)}
    found = Description("training checkpoint", facts)
    if checkpoint.role == GENERATOR:
        try:
            shape = find_shape(checkpoint, path)
        except CheckpointError as error:
            found.problems.append(str(error))
        else:
            found.facts = {"shape": shape, "speakers": checkpoint.weights[SPEAKER_KEY].shape[0], **facts}
    else:
        judges = {name.split(".")[1] for name in checkpoint.weights if name.count(".") > 1}
        versions = {7: "v1", 9: "v2"}
        found.facts = {"discriminators": len(judges), "version": versions.get(len(judges), "unknown"), **facts}
    return found


def describe_index(path: Path) -> Description:
    """Describe a faiss index, with its recall at its own number of probes."""
    layout = measure_index(path)
    facts: dict[str, Any] = {
        "index": layout.kind,
        "content width": layout.dimension,
        "rows": layout.num_rows,
        "lists": layout.num_lists,
        "probes": layout.num_probes,
    }
    found = Description("retrieval index", facts)
    if layout.num_rows <= NEIGHBOURS:
        found.problems.append(f"It holds {layout.num_rows} rows; a search asks for {NEIGHBOURS}.")
        return found
    index, rows, _ = read_index_file(path)
    facts[f"recall at {NEIGHBOURS}"] = round(measured_recall(index, rows), 3)
    return found


def measured_recall(index: Any, rows: Frames) -> float:
    """Recall@8 against exact search, for rows with seeded noise as queries."""
    generator = np.random.default_rng(0)
    sample = rows[generator.choice(len(rows), min(RECALL_QUERIES, len(rows)), replace=False)]
    noise = generator.standard_normal(sample.shape) * QUERY_NOISE * rows.std(axis=0)
    return recall_at_k(index, rows, np.asarray(sample + noise, np.float32), NEIGHBOURS)


def describe_safetensors(path: Path) -> Description:
    """Describe a safetensors file by its header.

    Raises:
        CheckpointError: If it is truncated or damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 - no mapping
            types = {str(file.get_slice(name).get_dtype()) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged or truncated ({error}). {REMEDY}") from error
    parameters = sum(int(np.prod(shape)) for shape in shapes.values())
    facts = {"tensors": len(shapes), "parameters": parameters, "types": sorted(types), **metadata}
    return Description("safetensors", facts)


def describe_folder(path: Path) -> Description:
    """Describe a run's folder or its voice.

    Raises:
        CheckpointError: If it holds no voice.
    """
    folder = path if (path / VOICE_CARD_NAME).is_file() else path / VOICE_FOLDER
    if not (folder / VOICE_CARD_NAME).is_file():
        raise CheckpointError(f"{path} holds no voice: {folder / VOICE_CARD_NAME} is missing. {REMEDY}")
    card = read_object(folder / VOICE_CARD_NAME)
    try:
        facts = describe_card(card)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{folder / VOICE_CARD_NAME} is damaged, or of a later version: {error}.") from error
    if (folder / WEIGHTS_NAME).is_file():
        weights = describe_safetensors(folder / WEIGHTS_NAME)
        facts |= {key: weights.facts[key] for key in ("tensors", "parameters")}
    if (folder / CARD_NAME).is_file():
        index = read_object(folder / CARD_NAME)
        facts |= {"index": index.get("kind"), "rows": index.get("num_rows"), "recall at k": index.get("recall_at_k")}
    if RunFolder(folder.parent).is_run:
        facts |= facts_of(folder.parent).rows()
    missing = [] if (folder / WEIGHTS_NAME).is_file() else [f"{WEIGHTS_NAME} is missing."]
    return Description("voice", facts, missing)


def describe_card(card: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a voice's card that matter to a user.

    Raises:
        KeyError: If a field is missing; TypeError or AttributeError if one has the wrong type.
    """
    model, features = card["model"], card["features"]
    content = features["content"]
    return {
        "name": card.get("name"),
        "case": card.get("case"),
        "model": f"{model['name']} {model['size']}",
        "sample rate": features["sample_rate"],
        "f0": model.get("uses_f0", True),
        "speakers": model["num_speakers"],
        "content width": content["dimension"],
        "embedder": f"{content['encoder']} layer {content['layer']}",
        "steps": card.get("steps"),
        "consent": (card.get("consent") or {}).get("subject", "no record"),
        "origin": card.get("origin", {}).get("file"),
    }


def compare_names(weights: Mapping[str, Tensor], shape: str, num_speakers: int, has_posterior: bool) -> dict[str, Any]:
    """Tensors that the file lacks, that the shape does not have, and whose sizes differ."""
    expected = expected_tensors(shape, num_speakers, has_posterior)
    different = different_tensors(weights, expected)
    return {
        "missing": sorted(expected.keys() - weights.keys()),
        "unknown": sorted(weights.keys() - expected.keys()),
        "misshapen": [name for name in different if name in expected and name in weights],
    }


def count(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Number of tensors, number of parameters, and their types."""
    tensors = [value for value in weights.values() if isinstance(value, Tensor)]
    types = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in tensors})
    return {"tensors": len(tensors), "parameters": sum(tensor.numel() for tensor in tensors), "types": types}
