"""Opens public files as a voice, for `infer.py checkpoint=…` and `python -m duetto import`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.architectures.rvc.weights import load_weights
from duetto.conversion.retrieval import RetrievalIndex, build_index
from duetto.errors import CheckpointError
from duetto.features.hubert_variants import CONTENTVEC
from duetto.ownership.heritage import described, heritage_of
from duetto.storage.files import sha256_file
from duetto.storage.torch_file import read_torch_file
from duetto.voices.interchange import public_model
from duetto.voices.interchange.diffsvc_file import is_diffsvc_checkpoint
from duetto.voices.interchange.diffsvc_voice import open_diffsvc
from duetto.voices.interchange.index_file import read_index_file
from duetto.voices.interchange.public_model import PublicModel, is_public_model, notes, problems
from duetto.voices.interchange.settings import features_config, model_config
from duetto.voices.interchange.training_checkpoint import (
    GENERATOR,
    TrainingCheckpoint,
    find_shape,
    is_training_checkpoint,
    parse_training_checkpoint,
)
from duetto.voices.owners import parent_of
from duetto.voices.voice import IMPORTED, TrainedVoice, build_network

NEIGHBOURS = 8  # k of the search whose recall is measured


def open_checkpoint(
    checkpoint: Path, index: Path | None = None, content_path: str | None = None, vocoder: str | None = None
) -> tuple[TrainedVoice, RetrievalIndex | None]:
    """Open a public model and its index, ready to convert; nothing is written.

    Args:
        checkpoint: Inference model (.pth), or a training checkpoint of the generator (G_*.pth).
        index: The model's .index; None = no retrieval.
        content_path: Weights of the content encoder that the model was trained with.
        vocoder: Vocoder of a Diff-SVC model; RVC needs none.

    Raises:
        CheckpointError: If a file is missing, truncated, hostile, of an unknown version or a wrong width; says which.
    """
    voice = open_voice(checkpoint, content_path, vocoder)
    if index is None:
        return voice, None
    found = open_index(index, voice)
    parents = (*heritage_of(voice.card, str(checkpoint)).parents, parent_of("index", index))
    return replace(voice, card={**voice.card, **described(parents)}), found


def open_voice(checkpoint: Path, content_path: str | None, vocoder: str | None = None) -> TrainedVoice:
    """Open an inference model or a training checkpoint of RVC or Diff-SVC as a voice.

    Raises:
        CheckpointError: As for `open_checkpoint`.
    """
    content = read_torch_file(checkpoint, public_model.REMEDY)
    if is_training_checkpoint(content):
        return _voice_of_training(parse_training_checkpoint(content, checkpoint), checkpoint, content_path)
    if is_public_model(content):
        return _voice_of_model(public_model.parse_public_model(content, checkpoint), checkpoint, content_path)
    if is_diffsvc_checkpoint(content):
        return open_diffsvc(content, checkpoint, content_path, vocoder)
    raise CheckpointError(
        f"{checkpoint} is neither an inference model nor a training checkpoint. {public_model.REMEDY}"
    )


def open_index(path: Path, voice: TrainedVoice) -> RetrievalIndex:
    """The rows of a foreign index with our own search, whose recall is higher than that of one probe.

    Raises:
        CheckpointError: If it cannot be read, or its rows are not as wide as the voice's content.
    """
    _, rows, layout = read_index_file(path)
    content = voice.features.content
    if layout.dimension != content.dimension:
        raise CheckpointError(
            f"The index {path} holds rows of width {layout.dimension}, but this voice reads content of width "
            f"{content.dimension}. Give the index that was made with the model."
        )
    return build_index(rows, content.encoder, content.layer, NEIGHBOURS, seed=0)


def _voice_of_model(model: PublicModel, path: Path, content_path: str | None) -> TrainedVoice:
    found = problems(model)
    if found:
        raise CheckpointError(f"{path} cannot be used. {' '.join(found)}")
    name = model.shape_name
    assert name is not None  # otherwise there were problems
    origin = {
        "kind": "inference model",
        "flavour": model.flavour,
        "embedder": model.embedder,
        "details": model.details,
        "notes": notes(model),
    }
    return _build(name, model, path, content_path, origin)


def _voice_of_training(checkpoint: TrainingCheckpoint, path: Path, content_path: str | None) -> TrainedVoice:
    if checkpoint.role != GENERATOR:
        raise CheckpointError(f"{path} holds a discriminator, which cannot convert. Give its generator, G_*.pth.")
    origin: dict[str, Any] = {"kind": "training checkpoint", "epoch": checkpoint.epoch, "notes": []}
    return _build(find_shape(checkpoint, path), checkpoint, path, content_path, origin)


def _build(
    shape: str, source: PublicModel | TrainingCheckpoint, path: Path, content_path: str | None, origin: dict[str, Any]
) -> TrainedVoice:
    has_posterior = isinstance(source, TrainingCheckpoint) or source.has_posterior
    model = model_config(shape, source.num_speakers, has_posterior)
    told = (source.timing, source.encoder or CONTENTVEC) if isinstance(source, PublicModel) else ()
    features = features_config(shape, content_path, *told)
    try:
        with torch.device("meta"):
            network = build_network(model, features)
        assert isinstance(network, Synthesizer)
        load_weights(network, source.weights)  # every name, shape and value is checked before memory is allocated
        network.to_empty(device="cpu")
        load_weights(network, source.weights)
    except CheckpointError as error:
        raise CheckpointError(f"{path} cannot be used as {shape}: {error}") from error
    digest = sha256_file(path)
    card = {
        "name": path.stem,
        "signature": digest[:10],
        "case": IMPORTED,
        **described([parent_of("file", path)]),
        "origin": {"file": path.name, "sha256": digest, "shape": shape, **origin},
    }
    return TrainedVoice(network.eval(), model, features, card)
