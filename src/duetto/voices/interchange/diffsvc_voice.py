"""Imports public Diff-SVC files as a voice, and exports a voice as public files, in both cases with the vocoder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
import yaml
from torch import Tensor

from duetto.architectures.diffsvc.config import DiffSVCConfig
from duetto.architectures.diffsvc.renderer import SingingDiffSVC, build_diffsvc
from duetto.architectures.diffsvc.weights import export_weights, is_unread, load_weights
from duetto.architectures.vocoder.find import find_vocoder
from duetto.architectures.vocoder.foreign import save_foreign_vocoder
from duetto.architectures.vocoder.load import foreign_generator, load_vocoder_into
from duetto.errors import CheckpointError, ConfigError
from duetto.ownership.heritage import described
from duetto.settings.config import FeaturesConfig
from duetto.storage.files import atomic_path, make_folder, sha256_file, write_text
from duetto.voices.interchange.diffsvc_file import (
    CONFIG_NAME,
    as_upstream,
    model_of,
    parse_diffsvc,
    public_config,
    public_container,
)
from duetto.voices.interchange.exporting import Export, Exported
from duetto.voices.owners import RECORD_KEY, parent_of
from duetto.voices.permission import lineage_text
from duetto.voices.voice import IMPORTED, TrainedVoice

VOCODER_FOLDER = "nsf_hifigan"


def open_diffsvc(content: Mapping[str, Any], path: Path, content_path: str | None, vocoder: str | None) -> TrainedVoice:
    """The voice of a checkpoint that was loaded from `path`, with its vocoder.

    Raises:
        CheckpointError: If a file cannot be used; says which and why.
        ConfigError: If no vocoder is named.
    """
    if vocoder is None:
        raise ConfigError(
            f"{path.name} is a Diff-SVC model, which needs a vocoder. Add vocoder=FILE, the NSF-HiFiGAN `model` "
            "with its config.json beside it."
        )
    found = parse_diffsvc(content, path, content_path)
    generator = foreign_generator(vocoder, found.features)
    model = model_of(found.shape, found.features, vocoder, generator)
    try:
        with torch.device("meta"):
            load_weights(build_diffsvc(model, found.features).acoustic, found.weights)  # checked before memory is taken
        network = build_diffsvc(model, found.features)
        load_weights(network.acoustic, found.weights)
    except CheckpointError as error:
        raise CheckpointError(f"{path} cannot be used: {error}") from error
    load_vocoder_into(network.vocoder, vocoder, found.features)
    digest = sha256_file(path)
    unread = sorted(name for name in found.weights if is_unread(name))
    card = {
        "name": path.stem,
        "signature": digest[:10],
        "case": IMPORTED,
        **described([parent_of("file", path), parent_of("vocoder", find_vocoder(vocoder, found.features))]),
        "origin": {
            "file": path.name,
            "sha256": digest,
            "kind": "Diff-SVC checkpoint",
            "shape": f"diffsvc {model.size}",
            "steps": found.step,
            "notes": [f"{len(unread)} tensors that no forward pass reads were left out"] if unread else [],
        },
    }
    return TrainedVoice(network.eval(), model, found.features, card)


def export_diffsvc(voice: TrainedVoice, export: Export) -> Exported:
    """Write `model_ckpt_steps_N.ckpt`, `config.yaml` and the vocoder of a voice in upstream's layout.

    Raises:
        CheckpointError: If upstream does not support a part of the model.
        StorageError: If the folder cannot be written.
    """
    folder = export.folder
    network, model = cast(SingingDiffSVC, voice.network), cast(DiffSVCConfig, voice.model)
    _require_public(model, voice.features)
    weights = as_upstream(export_weights(network.acoustic))
    step = int(voice.card.get("steps") or voice.card.get("origin", {}).get("steps") or 0)
    make_folder(folder)
    path = folder / f"model_ckpt_steps_{step}.ckpt"
    spec_range: tuple[Tensor, Tensor] = (network.acoustic.mel_min, network.acoustic.mel_max)
    settings = public_config(model, voice.features, spec_range)
    write_text(folder / CONFIG_NAME, yaml.safe_dump(settings, sort_keys=True))
    vocoder = save_foreign_vocoder(network.vocoder, voice.features, folder / VOCODER_FOLDER)
    with atomic_path(path) as temporary:
        torch.save({**public_container(weights, step), RECORD_KEY: lineage_text(voice.card)}, temporary)
    hint = f"{path}: Diff-SVC's checkpoints/{export.name}/, {CONFIG_NAME} beside it"
    return Exported(path, None, (hint,), vocoder)


def _require_public(model: DiffSVCConfig, features: FeaturesConfig) -> None:
    if not model.has_log10_mel:
        raise CheckpointError(
            f"This voice's mel is natural-log (size {model.size}); Diff-SVC reads log10. Train with model/size=44k or "
            "24k to share a voice with Diff-SVC."
        )
    if features.content.dimension != model.condition_channels or model.has_continuous_pitch:
        raise CheckpointError(
            f"This voice reads content of width {features.content.dimension}; Diff-SVC has content of width "
            f"{model.condition_channels} (features.content.encoder=hubert_soft) and a pitch table."
        )
