"""Exports an RVC voice or a vocoder as ONNX, of any length, for real-time tools and other platforms.

The graph's inputs are in `duetto.architectures.rvc.graph` and `duetto.architectures.vocoder.graph`; sample rate, hop,
encoder and the rest of what makes them are in the file's metadata (`duetto.voice`, JSON), and so is the consent record
(`duetto`, as in a `.pth`).
"""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pkgutil import resolve_name
from typing import Any

import torch

from duetto.architectures.registry import architecture_of
from duetto.errors import CheckpointError, ConfigError
from duetto.layers.graph import Graph
from duetto.layers.weight_norm import fold_weight_norm
from duetto.storage.files import atomic_path, make_folder
from duetto.voices.interchange.exporting import Export, Exported
from duetto.voices.owners import RECORD_KEY
from duetto.voices.permission import lineage_text
from duetto.voices.voice import TrainedVoice

OPSET = 18
PACKAGES = ("onnx", "onnxscript")
VOICE_KEY = "duetto.voice"


def export_onnx(voice: TrainedVoice, export: Export) -> Exported:
    """Write `NAME.onnx`; a voice's index is no part of it.

    Raises:
        CheckpointError: If the architecture has no graph.
        ConfigError: If the packages that write ONNX are missing.
        StorageError: If the folder cannot be written.
    """
    architecture = architecture_of(voice.model)
    if architecture.graph is None:
        raise CheckpointError(
            f"{export.name} is a {architecture.title} voice; as ONNX, duetto exports RVC voices and vocoders. "
            "Leave format=onnx out for the files of other programs."
        )
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(f"format=onnx needs the packages {' and '.join(missing)}: pip install '.[onnx]'.")
    graph: Graph = resolve_name(architecture.graph)(fold_weight_norm(voice.network), voice.model, voice.features)
    program = _translate(graph)
    program.model.metadata_props.update(
        {VOICE_KEY: json.dumps({"name": export.name, **graph.settings}), RECORD_KEY: lineage_text(voice.card)}
    )
    make_folder(export.folder)
    path = export.folder / f"{export.name}.onnx"
    with atomic_path(path) as temporary:
        program.save(temporary, external_data=False)
    hint = f"{path}: inputs {', '.join(graph.inputs)}, of any number of frames; its metadata say what they are"
    return Exported(path, None, (hint,))


def _translate(graph: Graph) -> Any:
    frames = torch.export.Dim("frames", min=2)
    shapes = [
        {axis: frames * factor if factor > 1 else frames for axis, factor in graph.moving[name].items()}
        for name in graph.inputs
    ]
    with _quietly(), torch.enable_grad():  # with gradients the generator runs whole, not in pieces for the cache
        return torch.onnx.export(
            graph.module,
            tuple(graph.inputs.values()),
            dynamo=True,
            optimize=False,  # the runtime does that; here it takes minutes
            verbose=False,
            opset_version=OPSET,
            input_names=list(graph.inputs),
            output_names=["waveform"],
            dynamic_shapes=tuple(shapes),
        )


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the exporter's notes on packages and names that do not concern a user."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
