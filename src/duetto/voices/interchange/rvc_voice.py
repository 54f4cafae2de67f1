"""Exports an RVC voice as an inference `.pth` and an `.index` for RVC WebUI and Applio.

Both read one file: float16 tensors with weight-norm pairs, the list of 18 numbers, and the fields of either program.
Only voices that they can run are exported: their shapes, with ContentVec's content.
"""

from typing import Any

import torch

from duetto import __version__
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.architectures.rvc.weights import export_weights
from duetto.conversion.retrieval import CARD_NAME, load_index
from duetto.errors import CheckpointError
from duetto.features.hubert_variants import APPLIO_NAMES, CONTENTVEC
from duetto.features.timing import UPSTREAM
from duetto.storage.files import atomic_path, make_folder
from duetto.voices.interchange.exporting import Export, Exported
from duetto.voices.interchange.public_index import write_public_index
from duetto.voices.interchange.public_model import CONTENTVEC_NAMES, TIMING_KEY, VOCODER
from duetto.voices.interchange.settings import CONTENT_LAYERS, public_config, shape_name
from duetto.voices.owners import RECORD_KEY
from duetto.voices.permission import lineage_text
from duetto.voices.voice import IMPORTED, TrainedVoice

REMEDY = (
    "To share a voice with RVC WebUI or Applio, train with recipe=ecosystem (v2_40k; or model/size=v2_32k, v2_48k, "
    "v1_32k, v1_40k, v1_48k)."
)
ENCODERS = {  # by version: Applio's name of each of our encoders
    "v1": {CONTENTVEC: CONTENTVEC_NAMES[0]},
    "v2": {CONTENTVEC: CONTENTVEC_NAMES[0], **{ours: theirs for theirs, ours in APPLIO_NAMES.items()}},
}


def export_rvc(voice: TrainedVoice, export: Export) -> Exported:
    """Write `NAME.pth` and, if the voice has an index, an `.index`.

    Raises:
        CheckpointError: If those programs do not have the voice's shape or encoder, or its index is missing.
        StorageError: If the folder cannot be written.
    """
    name, folder = export.name, export.folder
    content = public_content(voice, name)
    # an imported voice may have come without an index; a trained one never does
    has_index = voice.card.get("case") != IMPORTED or (export.voice_folder / CARD_NAME).is_file()
    rows = load_index(export.voice_folder).stored_rows if has_index else None
    make_folder(folder)
    model_path = folder / f"{name}.pth"
    with atomic_path(model_path) as temporary:
        torch.save(content, temporary)
    hint = f"{model_path}: RVC WebUI assets/weights/, or Applio logs/{name}/"
    grids = f"{grids_sentence(voice.features.timing)}{encoder_sentence(voice.features.content.encoder)}"
    if rows is None:
        return Exported(model_path, None, (hint, "No index: the voice was imported without one.", grids))
    seed = int(voice.card.get("seed") or 0)
    index_path = write_public_index(rows, folder, name, content["version"], seed)
    index_hint = f"{index_path}: RVC WebUI logs/{name}/, or Applio logs/{name}/"
    return Exported(model_path, index_path, (hint, index_hint, grids))


def grids_sentence(timing: str) -> str:
    """Whether the programs that load the file sing on the grids that the voice was trained on."""
    if timing == UPSTREAM:
        return f"Trained on the grids of RVC WebUI and Applio (features.timing={UPSTREAM}): it sings there as here."
    return (
        f"Trained on duetto's grids (features.timing={timing}): RVC WebUI and Applio read pitch 5 ms earlier and "
        f"content up to 7.5 ms later. For them, train with features.timing={UPSTREAM}, as recipe=ecosystem does."
    )


def encoder_sentence(encoder: str) -> str:
    """Which program reads another encoder than ContentVec; empty for that."""
    return "" if encoder == CONTENTVEC else f" Reads {encoder}: Applio plays it, RVC WebUI reads {CONTENTVEC} alone."


def public_content(voice: TrainedVoice, name: str) -> dict[str, Any]:
    """The content of the `.pth`.

    Raises:
        CheckpointError: If the format does not support the voice; says why, and names supported sizes.
    """
    shape = require_public_shape(voice, name)
    network = voice.network
    assert isinstance(network, Synthesizer)
    weights = {key: tensor.half() for key, tensor in export_weights(network, with_posterior=False).items()}
    overflown = sorted(key for key, tensor in weights.items() if not bool(tensor.isfinite().all()))
    if overflown:
        raise CheckpointError(f"{name} has values that float16 cannot hold, in {', '.join(overflown[:5])}.")
    version, rate, kind = shape.split("_")
    return {
        "weight": weights,
        "config": public_config(network.config),
        "info": _info(voice),
        "sr": rate,
        "f0": int(kind == "f0"),
        "version": version,
        "vocoder": VOCODER,
        "embedder_model": ENCODERS[version][voice.features.content.encoder],
        TIMING_KEY: voice.features.timing,
        RECORD_KEY: lineage_text(voice.card),
    }


def require_public_shape(voice: TrainedVoice, name: str) -> str:
    """Upstream's name of a voice's shape.

    Raises:
        CheckpointError: If there is none, or upstream does not have the voice's content encoder.
    """
    network = voice.network
    shape = shape_name(network.config) if isinstance(network, Synthesizer) else None
    content = voice.features.content
    if shape is None:
        what = f"is a {voice.model.name} voice of size {voice.model.size}, with content of width {content.dimension}"
        raise CheckpointError(f"{name} {what}; RVC WebUI and Applio have no such shape. {REMEDY}")
    layer = CONTENT_LAYERS[shape.split("_")[0]]
    if content.encoder not in ENCODERS[shape.split("_")[0]] or content.layer != layer:
        raise CheckpointError(
            f"{name} was trained on {content.encoder}, layer {content.layer}; {shape.split('_')[0]} models read "
            f"{CONTENTVEC}, layer {layer}. {REMEDY}"
        )
    return shape


def _info(voice: TrainedVoice) -> str:
    origin = voice.card.get("origin", {})
    kept = origin.get("details", {}).get("info")
    if kept is not None:
        return str(kept)
    steps = voice.card.get("steps")
    return f"{steps} steps, duetto {__version__}" if steps is not None else f"duetto {__version__}"
