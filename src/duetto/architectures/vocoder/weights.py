"""Renames a vocoder's tensors between our names and those of third-party files; the only file that knows the latter.

A vocoder file is `{"generator": state dict}` with a `config.json` beside it; its names are those of HiFi-GAN's code,
with `m_source` and `noise_convs` (NSF-HiFiGAN) or `source_conv` (PC-NSF-HiFiGAN).
"""

from collections.abc import Mapping

from torch import Tensor
from torch.nn.utils import parametrize

from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.layers.foreign_weights import WEIGHT_NORM_RENAMINGS, Renamings, copy_strictly, foreign_tensors

# ours -> foreign; applied in order
_RENAMINGS: Renamings = (
    (r"^generator\.source\.merge\.", "m_source.l_linear."),
    (r"^generator\.source_convolutions\.", "noise_convs."),
    (r"^generator\.source_convolution\.", "source_conv."),
    (r"^generator\.input_convolution\.", "conv_pre."),
    (r"^generator\.output_convolution\.", "conv_post."),
    (r"^generator\.upsamplers\.", "ups."),
    (r"^generator\.residual_blocks\.(\d+)\.dilated\.", r"resblocks.\1.convs1."),
    (r"^generator\.residual_blocks\.(\d+)\.plain\.", r"resblocks.\1.convs2."),
    *WEIGHT_NORM_RENAMINGS,
)


def load_weights(vocoder: Vocoder, weights: Mapping[str, Tensor]) -> None:
    """Copy the tensors of a third-party file into `vocoder`.

    Args:
        vocoder: Of the file's shape (`shapes.shape_from_config`), not folded.
        weights: By foreign name: the file's "generator".

    Raises:
        CheckpointError: Names what is missing, unknown, misshapen or not finite; `vocoder` is then unchanged.
    """
    copy_strictly(foreign_tensors(vocoder, _RENAMINGS), weights, "The vocoder's weights file")


def export_weights(vocoder: Vocoder) -> dict[str, Tensor]:
    """All tensors under the names of third-party files, detached, on the CPU.

    Raises:
        ValueError: If the network was folded.
    """
    if not any(parametrize.is_parametrized(layer) for layer in vocoder.modules()):
        raise ValueError("a folded network has lost the length and direction that third-party files store")
    return {name: tensor.detach().cpu().clone() for name, tensor in foreign_tensors(vocoder, _RENAMINGS).items()}
