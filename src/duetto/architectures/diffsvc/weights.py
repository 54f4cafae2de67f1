"""Renames tensors between our names and upstream Diff-SVC's; the only file here that knows the latter.

A checkpoint's state dict, without its `model.` prefix, holds the denoiser (`denoise_fn`), the condition (`fs2`), the
schedule and the range of the mel. It also holds tensors that no forward pass reads (a pitch predictor, a mel
projection and, in old files, a decoder); they are set aside on loading and written back on export.

Conventions: "foreign" = upstream's names. The shape is read from the file: old files contain a content encoder whatever
their config says, and the range of the mel may be one number or one per bin.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from duetto.architectures.diffsvc.condition import PITCH_ROWS
from duetto.architectures.diffsvc.legacy_encoder import LegacyEncoder
from duetto.architectures.diffsvc.model import DiffSVC
from duetto.architectures.diffsvc.shapes import ConditionShape, DenoiserShape, DiffSVCShape
from duetto.errors import CheckpointError
from duetto.layers.foreign_weights import Renamings, copy_strictly, foreign_name, foreign_tensors

WHAT = "The Diff-SVC weights file"
PREDICTOR_LAYERS, PREDICTOR_KERNEL = 5, 5  # of upstream's pitch predictor, which is not used

# ours -> foreign; applied in order
_RENAMINGS: Renamings = (
    (r"^schedule\.beta$", "betas"),
    (r"^schedule\.alpha_bar$", "alphas_cumprod"),
    (r"^schedule\.alpha_bar_previous$", "alphas_cumprod_prev"),
    (r"^schedule\.sqrt_alpha_bar$", "sqrt_alphas_cumprod"),
    (r"^schedule\.sqrt_one_minus_alpha_bar$", "sqrt_one_minus_alphas_cumprod"),
    (r"^schedule\.log_one_minus_alpha_bar$", "log_one_minus_alphas_cumprod"),
    (r"^schedule\.sqrt_reciprocal_alpha_bar$", "sqrt_recip_alphas_cumprod"),
    (r"^schedule\.sqrt_reciprocal_alpha_bar_minus_one$", "sqrt_recipm1_alphas_cumprod"),
    (r"^schedule\.posterior_variance$", "posterior_variance"),
    (r"^schedule\.posterior_log_variance$", "posterior_log_variance_clipped"),
    (r"^schedule\.posterior_weight_of_x_0$", "posterior_mean_coef1"),
    (r"^schedule\.posterior_weight_of_x_t$", "posterior_mean_coef2"),
    (r"^mel_min$", "spec_min"),
    (r"^mel_max$", "spec_max"),
    (r"^denoiser\.step_mlp\.", "denoise_fn.mlp."),
    (r"^denoiser\.layers\.(\d+)\.dilated\.", r"denoise_fn.residual_layers.\1.dilated_conv."),
    (r"^denoiser\.layers\.(\d+)\.step_projection\.", r"denoise_fn.residual_layers.\1.diffusion_projection."),
    (r"^denoiser\.layers\.(\d+)\.condition_projection\.", r"denoise_fn.residual_layers.\1.conditioner_projection."),
    (r"^denoiser\.layers\.", "denoise_fn.residual_layers."),
    (r"^denoiser\.", "denoise_fn."),
    (r"^condition_encoder\.pitch\.table\.", "fs2.pitch_embed."),
    (r"^condition_encoder\.energy\.table\.", "fs2.energy_embed."),
    (r"^condition_encoder\.speaker\.", "fs2.spk_embed_proj."),
    (r"^condition_encoder\.legacy_encoder\.", "fs2.encoder."),
    # the decoder, which nothing reads, is built like the encoder
    (r"^(fs2\.(?:en|de)coder)\.norm\.", r"\1.layer_norm."),
    (r"^(fs2\.(?:en|de)coder\.layers\.\d+)\.attention_norm\.", r"\1.op.layer_norm1."),
    (r"^(fs2\.(?:en|de)coder\.layers\.\d+)\.attention\.", r"\1.op.self_attn."),
    (r"^(fs2\.(?:en|de)coder\.layers\.\d+)\.feed_forward_norm\.", r"\1.op.layer_norm2."),
    (r"^(fs2\.(?:en|de)coder\.layers\.\d+)\.expand\.", r"\1.op.ffn.ffn_1."),
    (r"^(fs2\.(?:en|de)coder\.layers\.\d+)\.contract\.", r"\1.op.ffn.ffn_2."),
)
_UNREAD = re.compile(r"^fs2\.(mel_out|pitch_predictor|energy_predictor|decoder)\.")


def is_unread(name: str) -> bool:
    """Whether upstream never uses the tensor of this (foreign) name in a forward pass."""
    return _UNREAD.match(name) is not None


def load_weights(model: DiffSVC, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy upstream's tensors, schedule and mel range included, into `model`.

    Args:
        model: Of the file's shape (`shape_of`).
        weights: By foreign name, without the `model.` prefix.

    Returns:
        The unread tensors, for `export_weights`.

    Raises:
        CheckpointError: Names what is missing, unknown, misshapen or not finite; `model` is then unchanged.
    """
    read = {name: tensor for name, tensor in weights.items() if not is_unread(name)}
    copy_strictly(foreign_tensors(model, _RENAMINGS), read, WHAT)
    return {name: tensor.detach().cpu().clone() for name, tensor in weights.items() if is_unread(name)}


def export_weights(model: DiffSVC, unread: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
    """All tensors under upstream's names, detached, on the CPU.

    Args:
        model: Without the parts that upstream does not have: content projection, continuous pitch.
        unread: What `load_weights` set aside; None = zeros instead, because upstream requires these tensors but never
            uses them.

    Raises:
        CheckpointError: If upstream has no place for a part of the model.
    """
    weights = {name: tensor.detach().cpu().clone() for name, tensor in foreign_tensors(model, _RENAMINGS).items()}
    homeless = sorted(name for name in weights if name.startswith("condition_encoder."))
    if homeless:
        raise CheckpointError(
            f"Diff-SVC's format has no place for {', '.join(homeless)}. Only models with content of "
            f"{model.shape.condition.channels} dimensions and the pitch table can be exported to it."
        )
    return weights | (unread_tensors(model.shape) if unread is None else dict(unread))


def unread_tensors(shape: DiffSVCShape) -> dict[str, Tensor]:
    """Zeros for every tensor that upstream stores but never uses."""
    hidden = shape.condition.channels
    sizes: dict[str, tuple[int, ...]] = {
        "fs2.mel_out.weight": (shape.denoiser.n_mels, hidden),
        "fs2.mel_out.bias": (shape.denoiser.n_mels,),
        "fs2.pitch_predictor.pos_embed_alpha": (1,),
        "fs2.pitch_predictor.embed_positions._float_tensor": (1,),
        "fs2.pitch_predictor.linear.weight": (2, hidden),
        "fs2.pitch_predictor.linear.bias": (2,),
    }
    for layer in range(PREDICTOR_LAYERS):
        part = f"fs2.pitch_predictor.conv.{layer}"
        sizes[f"{part}.1.weight"] = (hidden, hidden, PREDICTOR_KERNEL)
        sizes |= {f"{part}.{name}": (hidden,) for name in ("1.bias", "3.weight", "3.bias")}
    if shape.condition.legacy_layers:
        sizes |= {"fs2.decoder.pos_embed_alpha": (1,), "fs2.decoder.embed_positions._float_tensor": (1,)}
        with torch.device("meta"):
            decoder = LegacyEncoder(hidden, shape.condition.legacy_layers)
        sizes |= {
            foreign_name(f"fs2.decoder.{name}", _RENAMINGS): tuple(tensor.shape)
            for name, tensor in decoder.state_dict().items()
        }
    return {name: torch.zeros(size) for name, size in sizes.items()}


def shape_of(
    weights: Mapping[str, Tensor], f0_min_hz: float, f0_max_hz: float, dilation_cycle: int = 4
) -> DiffSVCShape:
    """The shape of a file's tensors; the three numbers that cannot be inferred from them come from its config.

    Args:
        weights: By foreign name, without the `model.` prefix.
        f0_min_hz: Low end of the pitch table.
        f0_max_hz: High end of it.
        dilation_cycle: Layers after which the dilation starts again at 1.

    Raises:
        CheckpointError: If a tensor that determines the shape is missing.
        ConfigError: If the numbers contradict each other.
    """
    telling = {
        "input": "denoise_fn.input_projection.weight",
        "condition": "denoise_fn.residual_layers.0.conditioner_projection.weight",
        "pitch": "fs2.pitch_embed.weight",
        "beta": "betas",
        "range": "spec_min",
    }
    missing = [name for name in telling.values() if name not in weights]
    if missing or weights[telling["pitch"]].shape[0] != PITCH_ROWS:
        raise CheckpointError(
            f"This is not a Diff-SVC checkpoint: {', '.join(missing) or 'its pitch table is of another size'}."
            " Expected the state dict of a model_ckpt_steps_*.ckpt."
        )
    channels, n_mels, _ = weights[telling["input"]].shape
    width = weights[telling["condition"]].shape[1]
    speakers = weights.get("fs2.spk_embed_proj.weight")
    beta = weights[telling["beta"]]
    return DiffSVCShape(
        DenoiserShape(n_mels, width, channels, _count(weights, "denoise_fn.residual_layers"), dilation_cycle),
        ConditionShape(
            content_dimension=width,
            channels=width,
            f0_min_hz=f0_min_hz,
            f0_max_hz=f0_max_hz,
            uses_energy="fs2.energy_embed.weight" in weights,
            num_speakers=0 if speakers is None else len(speakers),
            legacy_layers=_count(weights, "fs2.encoder.layers"),
        ),
        num_timesteps=len(beta),
        max_beta=round(float(beta[-1]), 6),  # undo the rounding to float32
        num_range_bins=weights[telling["range"]].shape[-1],
    )


def _count(weights: Mapping[str, Tensor], prefix: str) -> int:
    """Layers in a numbered list of modules."""
    pattern = re.compile(rf"^{re.escape(prefix)}\.(\d+)\.")
    return len({match[1] for name in weights if (match := pattern.match(name))})
