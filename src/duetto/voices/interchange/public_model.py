"""Reads an inference `.pth` of RVC WebUI or Applio as data, and checks it before it is used.

The file is a dict: `weight` (tensors by upstream's names), `config` (18 numbers, see `settings`), and fields such as
`version`, `sr`, `f0`, `info`; Applio adds `vocoder`, `embedder_model`, `speakers_id` and more. The loaders of those
programs load the tensors that fit and leave the others random; here each mismatch is reported in a sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short  # a hostile value must not flood the terminal
from typing import Any

import torch
from torch import Tensor

from duetto.architectures.rvc.shapes import CONTENT_DIMENSIONS, SAMPLE_RATES, ecosystem_shape
from duetto.architectures.rvc.weights import POSTERIOR_PREFIX, foreign_name
from duetto.errors import CheckpointError
from duetto.features.hubert_variants import APPLIO_NAMES, CONTENTVEC
from duetto.features.timing import UPSTREAM
from duetto.settings.ranges import TIMINGS
from duetto.voices.interchange.settings import (
    CONFIG_NAMES,
    RATE_ENTRY,
    SEGMENT_ENTRY,
    SPEAKERS_ENTRY,
    public_config,
)
from duetto.voices.owners import RECORD_KEY

REMEDY = "Give an inference model (.pth) of RVC WebUI or Applio; if this is one, download it again."
CONTENT_KEY, PITCH_KEY, SPEAKER_KEY = "enc_p.emb_phone.weight", "enc_p.emb_pitch.weight", "emb_g.weight"
VOCODER = "HiFi-GAN"
CONTENTVEC_NAMES = ("contentvec", "hubert", "hubert_base", "hubert_base.pt")  # one file under several names
APPLIO_MARKS = ("vocoder", "embedder_model", "speakers_id", "model_hash", "creation_date")
TIMING_KEY = "timing"  # of a voice of ours: the grids of its training; other programs ignore it
DETAILS_LEFT_OUT = ("weight", "config", RECORD_KEY)
MAX_SPEAKERS = 10_000
WEIGHT_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True)
class PublicModel:
    """A parsed inference file; `problems` checks it."""

    weights: dict[str, Tensor]  # weight-norm pairs as `.weight_g` and `.weight_v`
    config: list[Any]
    version: str
    sample_rate: Any  # Hz, as its config says
    uses_f0: bool
    flavour: str  # RVC | Applio
    vocoder: str
    embedder: str
    details: dict[str, Any]  # all fields of the file except weights and config

    @property
    def num_speakers(self) -> int:
        """Rows of the speaker table; 0 without one."""
        table = self.weights.get(SPEAKER_KEY)
        return table.shape[0] if table is not None and table.ndim == 2 else 0

    @property
    def encoder(self) -> str | None:
        """Our name of its content encoder; None for one that we do not have for its version."""
        if self.embedder in CONTENTVEC_NAMES:
            return CONTENTVEC
        return APPLIO_NAMES.get(self.embedder) if self.version == "v2" else None

    @property
    def timing(self) -> str:
        """Grids of content and pitch that it was trained on: upstream's, unless a voice of ours says more."""
        told = self.details.get(TIMING_KEY)
        return str(told) if told in TIMINGS else UPSTREAM

    @property
    def content_dimension(self) -> int:
        """Width of the content that the tensors read; 0 if there is no such tensor."""
        projection = self.weights.get(CONTENT_KEY)
        return projection.shape[1] if projection is not None and projection.ndim == 2 else 0

    @property
    def has_posterior(self) -> bool:
        """Whether the file has a posterior encoder, which exports of both programs remove."""
        return any(name.startswith(POSTERIOR_PREFIX) for name in self.weights)

    @property
    def shape_name(self) -> str | None:
        """Name of the shape of this version, rate and pitch, such as `v2_40k_f0`; None if there is none."""
        rates = {hz: rate for rate, hz in SAMPLE_RATES.items()}
        if self.version not in CONTENT_DIMENSIONS or not isinstance(self.sample_rate, int):
            return None
        if self.sample_rate not in rates:
            return None
        return f"{self.version}_{rates[self.sample_rate]}_{'f0' if self.uses_f0 else 'nof0'}"


def is_public_model(content: Any) -> bool:
    """Whether a file's content looks like an inference model."""
    return isinstance(content, Mapping) and isinstance(content.get("weight"), Mapping) and "config" in content


def parse_public_model(content: Any, path: Path) -> PublicModel:
    """Parse an inference file.

    Raises:
        CheckpointError: If it is not an inference model, or a field has a type that no version writes.
    """
    if not is_public_model(content):
        raise CheckpointError(f"{path} holds no `weight` and `config`. {REMEDY}")
    weights = read_weights(content["weight"], path)
    config, f0 = plain(content["config"]), plain(content.get("f0", 1))
    if not isinstance(config, list) or len(config) != len(CONFIG_NAMES):
        raise CheckpointError(f"{path}: `config` is not a list of {len(CONFIG_NAMES)} entries. {REMEDY}")
    if f0 not in (0, 1):  # equal to True and False, too
        raise CheckpointError(f"{path}: `f0` is {short(f0)}; expected 1 or 0. {REMEDY}")
    unmarked = "v1"  # the first models had no version; their width is checked like that of the others
    return PublicModel(
        weights=weights,
        config=config,
        version=str(content.get("version", unmarked)),
        sample_rate=config[RATE_ENTRY],
        uses_f0=bool(f0),
        flavour="Applio" if any(mark in content for mark in APPLIO_MARKS) and "info" not in content else "RVC",
        vocoder=str(content.get("vocoder", VOCODER)),
        embedder=str(content.get("embedder_model") or CONTENTVEC_NAMES[0]),
        details={str(key): plain(value) for key, value in content.items() if key not in DETAILS_LEFT_OUT},
    )


def read_weights(table: Any, path: Path) -> dict[str, Tensor]:
    """The tensors by the names used in files: Applio's in-memory names become weight-norm pairs.

    Raises:
        CheckpointError: If a value is not a plain tensor of real numbers.
    """
    strangers = [str(name) for name, value in table.items() if not is_plain_tensor(value)]
    if strangers or not table:
        what = f"something else under {', '.join(strangers[:5])}" if strangers else "nothing"
        raise CheckpointError(f"{path}: expected tensors under their names, found {what}. {REMEDY}")
    return {foreign_name(str(name)): tensor for name, tensor in table.items()}


def is_plain_tensor(value: Any) -> bool:
    """Whether a value is a dense tensor of real numbers with its own memory."""
    if not isinstance(value, Tensor):
        return False
    return value.dtype in WEIGHT_TYPES and value.layout == torch.strided and value.device.type == "cpu"


def problems(model: PublicModel) -> list[str]:
    """Reasons why a model cannot be used, one sentence each; if there are none, every tensor is checked next."""
    if model.version not in CONTENT_DIMENSIONS:
        return [f"Its version is {short(model.version)}; known versions are {' and '.join(CONTENT_DIMENSIONS)}."]
    found = []
    if model.vocoder != VOCODER:
        found.append(
            f"Its vocoder is {model.vocoder}, which Applio alone plays; duetto has {VOCODER} (NSF), as RVC WebUI. "
            f"Convert with it in Applio, or train it again with the vocoder {VOCODER}."
        )
    if model.encoder is None:
        found.append(
            f"It was trained on the content encoder {model.embedder}; known are {CONTENTVEC_NAMES[0]} and, for v2, "
            f"{', '.join(APPLIO_NAMES)}."
        )
    width = CONTENT_DIMENSIONS[model.version]
    if model.content_dimension != width:
        found.append(
            f"Its version {model.version} reads content of width {width}, but its tensors read {_width(model)}."
        )
    if not 1 <= model.num_speakers <= MAX_SPEAKERS:
        found.append(f"Its speaker table {SPEAKER_KEY} has {model.num_speakers} rows; expected 1 to {MAX_SPEAKERS}.")
    if model.uses_f0 != (PITCH_KEY in model.weights):
        found.append(f"It has f0={int(model.uses_f0)}, but its tensors {'lack' if model.uses_f0 else 'include'} pitch.")
    return found + _config_problems(model)


def _config_problems(model: PublicModel) -> list[str]:
    name = model.shape_name
    if name is None:
        known = ", ".join(str(hz) for hz in SAMPLE_RATES.values())
        return [f"Its sample rate is {short(model.sample_rate)} Hz; {model.version} models have {known}."]
    expected = public_config(ecosystem_shape(name))
    return [
        f"Its config says {entry}={short(found)}; {name} models have {known}."
        for place, (entry, known, found) in enumerate(zip(CONFIG_NAMES, expected, model.config, strict=True))
        if place not in (SEGMENT_ENTRY, SPEAKERS_ENTRY) and found != known
    ]


def notes(model: PublicModel) -> list[str]:
    """Harmless oddities of a model, one sentence each."""
    marked = model.details.get("sr")
    told = SAMPLE_RATES.get(str(marked), marked)
    if told is None or str(told) == str(model.sample_rate):
        return []
    return [f"Its label says sr={marked}, its config {model.sample_rate} Hz; the config counts, as in other programs."]


def plain(value: Any) -> Any:
    """A field of the file as a JSON value."""
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return f"<{type(value).__name__}>"


def _width(model: PublicModel) -> str:
    return str(model.content_dimension) if model.content_dimension else "none"
