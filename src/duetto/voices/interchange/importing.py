"""`python -m duetto import`: public files become a folder that `infer.py run=…` uses, in our own format.

The folder is laid out as a run's: `run.json`, `voice/` with weights (safetensors), card and index. A training pair also
leaves the discriminator's weights there, so that a training can start from both.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.conversion.retrieval import RetrievalIndex, save_index
from duetto.errors import ConfigError
from duetto.settings.provenance import code_version
from duetto.storage.files import atomic_path, write_json
from duetto.storage.run_folder import RUN_FILE, VOICE_CARD_NAME, VOICE_FOLDER
from duetto.voices.interchange.opening import open_checkpoint
from duetto.voices.interchange.training_checkpoint import (
    DISCRIMINATOR,
    build_discriminator,
    read_training_checkpoint,
)
from duetto.voices.voice import IMPORTED, TrainedVoice, save_voice

DISCRIMINATOR_NAME = "discriminator.safetensors"


@dataclass(frozen=True)
class ImportFiles:
    """What is imported together."""

    checkpoint: Path  # inference model or G_*.pth
    index: Path | None = None
    discriminator: Path | None = None  # D_*.pth
    content_path: str | None = None  # remembered in the card
    vocoder: str | None = None  # of a Diff-SVC model; its weights are taken along


def import_files(files: ImportFiles, folder: Path) -> TrainedVoice:
    """Read everything, then write; nothing is left behind when a file is bad.

    Args:
        files: What to read.
        folder: Where the voice goes; must not hold another one.

    Raises:
        CheckpointError: If a file cannot be used.
        ConfigError: If the folder holds a voice already.
        StorageError: If it cannot be written.
    """
    if (folder / VOICE_FOLDER / VOICE_CARD_NAME).exists():
        raise ConfigError(f"{folder} holds a voice already. Delete it, or choose another one with output=FOLDER.")
    voice, index = open_checkpoint(files.checkpoint, files.index, files.content_path, files.vocoder)
    discriminator = open_discriminator(files.discriminator, voice)
    write_voice(voice, index, discriminator, folder)
    return voice


def open_discriminator(path: Path | None, voice: TrainedVoice) -> MultiPeriodDiscriminator | None:
    """The other half of a training pair.

    Raises:
        CheckpointError: If it is none, or not of the generator's version.
        ConfigError: If the voice comes from an inference model, which nothing can be trained on.
    """
    if path is None:
        return None
    origin = voice.card["origin"]
    if origin["kind"] != "training checkpoint":
        raise ConfigError(f"{origin['file']} is an inference model; a discriminator goes with a G_*.pth.")
    checkpoint = read_training_checkpoint(path, DISCRIMINATOR)
    return build_discriminator(checkpoint, origin["shape"].split("_")[0])


def write_voice(
    voice: TrainedVoice, index: RetrievalIndex | None, discriminator: MultiPeriodDiscriminator | None, folder: Path
) -> None:
    """Write a run's folder; the card comes last and marks it as complete."""
    created = datetime.now(UTC).isoformat(timespec="seconds")
    record: dict[str, Any] = {
        "name": voice.card["name"],
        "signature": voice.card["signature"],
        "case": IMPORTED,
        "model": voice.model.name,
        "size": voice.model.size,
        "created": created,
        "status": IMPORTED,
        "code": code_version(),
    }
    write_json(folder / RUN_FILE, record)
    if index is not None:
        save_index(index, folder / VOICE_FOLDER)
    if discriminator is not None:
        state = {name: tensor.contiguous() for name, tensor in discriminator.state_dict().items()}
        with atomic_path(folder / VOICE_FOLDER / DISCRIMINATOR_NAME) as temporary:
            save_file(state, temporary)
    save_voice(voice, folder / VOICE_FOLDER)
