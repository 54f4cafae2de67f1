"""`python -m duetto import`: converts public files to a folder in our format, which `infer.py run=…` uses.

The folder has the layout of a run: `run.json`, `voice/` with weights (safetensors), card and index. A training pair
adds the discriminator's weights, so that a training can start from both.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.conversion.retrieval import RetrievalIndex, save_index
from duetto.errors import ConfigError
from duetto.ownership.heritage import CONSENT_FIELD, MADE_FROM
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
    """Files that form one voice."""

    checkpoint: Path  # inference model or G_*.pth
    index: Path | None = None
    discriminator: Path | None = None  # D_*.pth
    content_path: str | None = None  # recorded in the card
    vocoder: str | None = None  # of a Diff-SVC model; its weights are imported, too


def import_files(files: ImportFiles, folder: Path) -> TrainedVoice:
    """Read all files, then write the voice; if a file is invalid, nothing is written.

    Args:
        files: Files to read.
        folder: Folder for the voice; must not hold another one.

    Raises:
        CheckpointError: If a file cannot be used.
        ConfigError: If the folder already holds a voice.
        StorageError: If it cannot be written.
    """
    if (folder / VOICE_FOLDER / VOICE_CARD_NAME).exists():
        raise ConfigError(f"{folder} already holds a voice. Delete it, or choose another one with output=FOLDER.")
    voice, index = open_checkpoint(files.checkpoint, files.index, files.content_path, files.vocoder)
    discriminator = open_discriminator(files.discriminator, voice)
    write_voice(voice, index, discriminator, folder)
    return voice


def open_discriminator(path: Path | None, voice: TrainedVoice) -> MultiPeriodDiscriminator | None:
    """The discriminator of a training pair; None without a path.

    Raises:
        CheckpointError: If the file holds no discriminator, or one of another version than the generator.
        ConfigError: If the voice comes from an inference model, which cannot be trained further.
    """
    if path is None:
        return None
    origin = voice.card["origin"]
    if origin["kind"] != "training checkpoint":
        raise ConfigError(f"{origin['file']} is an inference model; give a discriminator only with a G_*.pth.")
    checkpoint = read_training_checkpoint(path, DISCRIMINATOR)
    return build_discriminator(checkpoint, origin["shape"].split("_")[0])


def write_voice(
    voice: TrainedVoice, index: RetrievalIndex | None, discriminator: MultiPeriodDiscriminator | None, folder: Path
) -> None:
    """Write a run's folder; the card is written last and marks it as complete."""
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
        CONSENT_FIELD: voice.card[CONSENT_FIELD],
        MADE_FROM: voice.card[MADE_FROM],
    }
    write_json(folder / RUN_FILE, record)
    if index is not None:
        save_index(index, folder / VOICE_FOLDER)
    if discriminator is not None:
        state = {name: tensor.contiguous() for name, tensor in discriminator.state_dict().items()}
        with atomic_path(folder / VOICE_FOLDER / DISCRIMINATOR_NAME) as temporary:
            save_file(state, temporary)
    save_voice(voice, folder / VOICE_FOLDER)
