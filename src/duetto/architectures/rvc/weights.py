"""Renames tensors between our names and the ecosystem's; the only file here that knows the latter.

A public model is a dict from names such as `dec.ups.0.weight_g` to tensors; weight-normalised layers are stored as
length (`weight_g`) and direction (`weight_v`). Exported models lack the posterior encoder (`enc_q`).

Conventions: "foreign" = the ecosystem's names, "ours" = `state_dict()` of `Synthesizer` or `MultiPeriodDiscriminator`.
"""

import re
from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn.utils import parametrize

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.layers.foreign_weights import copy_strictly

POSTERIOR_PREFIX = "enc_q."

Renaming = tuple[str, str | Callable[[re.Match[str]], str]]

# ours -> foreign; applied in order, each at the start of a name or of one of its parts
_RENAMINGS: tuple[Renaming, ...] = (
    (r"^prior_encoder\.content_projection\.", "enc_p.emb_phone."),
    (r"^prior_encoder\.pitch_embedding\.", "enc_p.emb_pitch."),
    (r"^prior_encoder\.projection\.", "enc_p.proj."),
    (r"^prior_encoder\.", "enc_p."),
    (r"^posterior_encoder\.input_projection\.", "enc_q.pre."),
    (r"^posterior_encoder\.projection\.", "enc_q.proj."),
    (r"^posterior_encoder\.", "enc_q."),
    # upstream counts the channel reversals between couplings as flows of their own
    (r"^flow\.couplings\.(\d+)\.", lambda match: f"flow.flows.{2 * int(match[1])}."),
    (r"^(flow\.flows\.\d+)\.input_projection\.", r"\1.pre."),
    (r"^(flow\.flows\.\d+)\.output_projection\.", r"\1.post."),
    (r"^speaker_embedding\.", "emb_g."),
    (r"^generator\.source\.merge\.", "dec.m_source.l_linear."),
    (r"^generator\.source_convolutions\.", "dec.noise_convs."),
    (r"^generator\.input_convolution\.", "dec.conv_pre."),
    (r"^generator\.output_convolution\.", "dec.conv_post."),
    (r"^generator\.speaker_projection\.", "dec.cond."),
    (r"^generator\.upsamplers\.", "dec.ups."),
    (r"^generator\.residual_blocks\.(\d+)\.dilated\.", r"dec.resblocks.\1.convs1."),
    (r"^generator\.residual_blocks\.(\d+)\.plain\.", r"dec.resblocks.\1.convs2."),
    (r"^(discriminators\.\d+)\.layers\.", r"\1.convs."),
    (r"^(discriminators\.\d+)\.output\.", r"\1.conv_post."),
    (r"\.wavenet\.input_layers\.", ".enc.in_layers."),
    (r"\.wavenet\.residual_skip_layers\.", ".enc.res_skip_layers."),
    (r"\.wavenet\.conditioning\.", ".enc.cond_layer."),
    (r"\.attention_layers\.(\d+)\.relative_keys$", r".attn_layers.\1.emb_rel_k"),
    (r"\.attention_layers\.(\d+)\.relative_values$", r".attn_layers.\1.emb_rel_v"),
    (r"\.attention_layers\.(\d+)\.query\.", r".attn_layers.\1.conv_q."),
    (r"\.attention_layers\.(\d+)\.key\.", r".attn_layers.\1.conv_k."),
    (r"\.attention_layers\.(\d+)\.value\.", r".attn_layers.\1.conv_v."),
    (r"\.attention_layers\.(\d+)\.output\.", r".attn_layers.\1.conv_o."),
    (r"\.attention_norms\.(\d+)\.weight$", r".norm_layers_1.\1.gamma"),
    (r"\.attention_norms\.(\d+)\.bias$", r".norm_layers_1.\1.beta"),
    (r"\.feed_forward_norms\.(\d+)\.weight$", r".norm_layers_2.\1.gamma"),
    (r"\.feed_forward_norms\.(\d+)\.bias$", r".norm_layers_2.\1.beta"),
    (r"\.feed_forward_layers\.(\d+)\.expand\.", r".ffn_layers.\1.conv_1."),
    (r"\.feed_forward_layers\.(\d+)\.contract\.", r".ffn_layers.\1.conv_2."),
    (r"\.parametrizations\.weight\.original0$", ".weight_g"),
    (r"\.parametrizations\.weight\.original1$", ".weight_v"),
)


def foreign_name(name: str) -> str:
    """The ecosystem's name of one of our tensors."""
    for pattern, replacement in _RENAMINGS:
        name = re.sub(pattern, replacement, name)
    return name


def export_weights(module: Synthesizer | MultiPeriodDiscriminator, with_posterior: bool = True) -> dict[str, Tensor]:
    """All tensors under the ecosystem's names, detached, on the CPU.

    Args:
        module: Not folded: the ecosystem stores length and direction of weight-normalised layers separately.
        with_posterior: False leaves out the posterior encoder, as exported models do.

    Raises:
        ValueError: If the network was folded.
    """
    if not any(parametrize.is_parametrized(layer) for layer in module.modules()):
        raise ValueError("a folded network has lost the length and direction that the ecosystem keeps")
    weights = {foreign_name(name): tensor.detach().cpu().clone() for name, tensor in module.state_dict().items()}
    return {name: tensor for name, tensor in weights.items() if with_posterior or not name.startswith(POSTERIOR_PREFIX)}


def load_weights(
    module: Synthesizer | MultiPeriodDiscriminator, weights: Mapping[str, Tensor], with_posterior: bool = True
) -> None:
    """Copy the ecosystem's tensors into `module`; every tensor must be there, fit, and be finite.

    Args:
        module: Not folded. Keeps its own type (float16 files are widened).
        weights: By foreign name.
        with_posterior: False for exported models: the posterior encoder keeps its values and must be absent.

    Raises:
        CheckpointError: Names the tensors that are missing, unknown, misshapen or not finite; `module` is unchanged.
    """
    ours = {foreign_name(name): tensor for name, tensor in module.state_dict().items()}
    if not with_posterior:
        ours = {name: tensor for name, tensor in ours.items() if not name.startswith(POSTERIOR_PREFIX)}
    copy_strictly(ours, weights, "The weights file")
