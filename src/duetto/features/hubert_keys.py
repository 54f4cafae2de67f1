"""The names that published HuBERT files give their tensors, and torchaudio's names for the same tensors.

Layouts: `fairseq` (ContentVec's checkpoint_best_legacy_500.pt, RVC's hubert_base.pt), `transformers` (HubertModel,
lengyue233/content-vec-best), `hubert-soft` (bshall), `torchaudio` (its wav2vec2_model or HuBERTPretrainModel).
Detected by names, compared strictly: a tensor that is missing, unknown or of another shape is an error. Tensors that
only training reads are known by name and left out.

Conventions: "ours" = the names of `torchaudio.models.wav2vec2_model(...).state_dict()`, with the 256-wide projection
in `aux`; "foreign" = those of the file, without the prefixes of wrapping modules.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor

from duetto.errors import CheckpointError

NAMES_SHOWN = 5  # tensors named in an error message
PROJECTION_PREFIX = "aux."
WRAPPERS = ("module.", "w2v_encoder.", "w2v_model.", "hubert.", "wav2vec2.")

# the tensor whose name tells the layout; asked in this order
_MARKS = {
    "fairseq": "post_extract_proj.weight",
    "transformers": "feature_projection.layer_norm.weight",
    "hubert-soft": "positional_embedding.conv.bias",
    "torchaudio": "encoder.feature_projection.projection.weight",
}

# read by training only
_DEAD = {
    "fairseq": ("mask_emb", "label_embs_concat"),
    "transformers": ("masked_spec_embed",),
    "hubert-soft": ("masked_spec_embed", "label_embedding.weight"),
    "torchaudio": ("mask_generator.mask_embedding", "logit_generator.label_embeddings"),
}

_LAYER = r"^encoder\.transformer\.layers\.(\d+)\."
_WEIGHT_NORM = (
    (r"\.parametrizations\.weight\.original0$", ".weight_g"),
    (r"\.parametrizations\.weight\.original1$", ".weight_v"),
)

# ours -> foreign; applied in order
_RENAMINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "fairseq": (
        (r"^(feature_extractor\.conv_layers\.0)\.layer_norm\.", r"\1.2."),
        (r"^(feature_extractor\.conv_layers\.\d+)\.conv\.", r"\1.0."),
        (r"^encoder\.feature_projection\.layer_norm\.", "layer_norm."),
        (r"^encoder\.feature_projection\.projection\.", "post_extract_proj."),
        (r"^encoder\.transformer\.pos_conv_embed\.conv\.", "encoder.pos_conv.0."),
        (_LAYER + r"attention\.", r"encoder.layers.\1.self_attn."),
        (_LAYER + r"layer_norm\.", r"encoder.layers.\1.self_attn_layer_norm."),
        (_LAYER + r"feed_forward\.intermediate_dense\.", r"encoder.layers.\1.fc1."),
        (_LAYER + r"feed_forward\.output_dense\.", r"encoder.layers.\1.fc2."),
        (r"^encoder\.transformer\.", "encoder."),
        (r"^aux\.", "final_proj."),
    ),
    "transformers": (
        (r"^encoder\.feature_projection\.", "feature_projection."),
        (r"^encoder\.transformer\.", "encoder."),
        (r"^aux\.", "final_proj."),
    ),
    "hubert-soft": (
        (r"^feature_extractor\.conv_layers\.0\.layer_norm\.", "feature_extractor.norm0."),
        (r"^feature_extractor\.conv_layers\.(\d+)\.conv\.", r"feature_extractor.conv\1."),
        (r"^encoder\.feature_projection\.layer_norm\.", "feature_projection.norm."),
        (r"^encoder\.feature_projection\.projection\.", "feature_projection.projection."),
        (r"^encoder\.transformer\.pos_conv_embed\.conv\.", "positional_embedding.conv."),
        (r"^encoder\.transformer\.layer_norm\.", "norm."),
        (_LAYER + r"attention\.", r"encoder.layers.\1.self_attn."),
        (_LAYER + r"layer_norm\.", r"encoder.layers.\1.norm1."),
        (_LAYER + r"final_layer_norm\.", r"encoder.layers.\1.norm2."),
        (_LAYER + r"feed_forward\.intermediate_dense\.", r"encoder.layers.\1.linear1."),
        (_LAYER + r"feed_forward\.output_dense\.", r"encoder.layers.\1.linear2."),
        (r"^aux\.", "proj."),
    ),
    "torchaudio": (),
}


def foreign_name(name: str, layout: str) -> str:
    """A layout's name of one of our tensors."""
    for pattern, replacement in (*_RENAMINGS[layout], *_WEIGHT_NORM):
        name = re.sub(pattern, replacement, name)
    return name


def detect_layout(names: Iterable[str], path: Path) -> str:
    """Which of the published layouts the names (without wrappers) belong to.

    Raises:
        CheckpointError: If none.
    """
    present = set(names)
    for layout, mark in _MARKS.items():
        if mark in present:
            return layout
    shown = ", ".join(sorted(present)[:NAMES_SHOWN])
    raise CheckpointError(
        f"{path} is no HuBERT file: it has {shown}. Expected ContentVec or HuBERT-base in the layout of fairseq, "
        "transformers or torchaudio, or HuBERT-soft."
    )


def unwrap(weights: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The tensors without the prefixes of wrapping modules and with one spelling of weight normalisation.

    Raises:
        CheckpointError: If two tensors then share a name.
    """
    unwrapped: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        short = _short(name)
        if short in unwrapped:
            raise CheckpointError(f"{path} has the tensor {short} twice, the second time as {name}.")
        unwrapped[short] = tensor
    return unwrapped


def _short(name: str) -> str:
    for prefix in WRAPPERS:
        name = name.removeprefix(prefix)
    for pattern, replacement in _WEIGHT_NORM:
        name = re.sub(pattern, replacement, name)
    return re.sub(r"^logit_generator\.final_proj\.", PROJECTION_PREFIX, name)


def translate(
    weights: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], layout: str, path: Path
) -> dict[str, Tensor]:
    """The tensors under our names, float32.

    Args:
        weights: From `unwrap`.
        expected: Shapes by our names; without `aux.*` if the projection is not wanted, which the file may then have.
        layout: From `detect_layout`.
        path: Named in errors.

    Raises:
        CheckpointError: Names the tensors that are missing, unknown, misshapen, or hold infinite or undefined values.
    """
    found = {name: tensor for name, tensor in weights.items() if name not in _DEAD[layout]}
    if layout == "hubert-soft":
        found = _split_attention(found)
    ours = {foreign_name(name, layout): name for name in expected}
    unwanted = set() if any(name.startswith(PROJECTION_PREFIX) for name in expected) else _projection_names(layout)
    found = {name: tensor for name, tensor in found.items() if name not in unwanted}
    _refuse(path, "lacks", sorted(set(ours) - set(found)))
    _refuse(path, "has unknown", sorted(set(found) - set(ours)))
    misshapen = [
        f"{name} {tuple(tensor.shape)} instead of {expected[ours[name]]}"
        for name, tensor in sorted(found.items())
        if tuple(tensor.shape) != expected[ours[name]]
    ]
    _refuse(path, "has misshapen", misshapen)
    translated = {ours[name]: tensor.float() for name, tensor in found.items()}
    infinite = [name for name, tensor in sorted(found.items()) if not bool(tensor.isfinite().all())]
    _refuse(path, "has infinite or undefined values in", infinite)
    return translated


def _projection_names(layout: str) -> set[str]:
    return {foreign_name(f"{PROJECTION_PREFIX}{part}", layout) for part in ("weight", "bias")}


def _split_attention(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Query, key and value of PyTorch's own attention, which stacks them in one matrix, apart."""
    split: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        stacked = re.fullmatch(r"(.*\.self_attn)\.in_proj_(weight|bias)", name)
        if stacked is None:
            split[name] = tensor
        else:
            names = (f"{stacked[1]}.{part}_proj.{stacked[2]}" for part in "qkv")
            split.update(zip(names, tensor.chunk(3), strict=False))
    return split


def _refuse(path: Path, what: str, names: list[str]) -> None:
    if names:
        shown = ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")
        raise CheckpointError(
            f"{path} {what} {len(names)} tensors: {shown}. Expected a HuBERT-base network (12 layers, 768 wide); "
            "download the file that the encoder names."
        )
