"""Transposed convolutions without a comb: the cause of the rasp at the frame rate, and its cure in training.

A transposed convolution by r consists of r interleaved filters, its phases. After training their sums differ, so that a
constant input becomes a signal of period r; through all stages of a generator the period is one frame. Where nothing
else sounds, in consonants and breaths, this is a comb at multiples of the frame rate, and it modulates the noise of the
excitation as well. If all phases have the same sum, a constant spectrum becomes a constant in every channel, and only
the excitation sounds.

References for the artefact: Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts", 2016, in images; Pons
et al., "Upsampling artifacts in neural audio synthesis", 2021. The projection is our own.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from duetto.layers.generator import Generator

DIRECTION = "original1"  # of torch's weight norm; the length of a kernel is not changed


def balance_phases(kernel: Tensor, rate: int) -> Tensor:
    """The nearest kernel (in, out, K) of a transposed convolution by `rate` whose phases all have the same sum."""
    size = kernel.shape[-1]
    by_phase, counts = (
        F.pad(each, (0, -size % rate)).unflatten(-1, (-1, rate)) for each in (kernel, torch.ones_like(kernel[0, 0]))
    )
    sums, per_phase = by_phase.sum(-2, keepdim=True), counts.sum(-2, keepdim=True)
    common = (sums / per_phase).sum(-1, keepdim=True) / (1 / per_phase).sum(-1, keepdim=True)
    return (by_phase - (sums - common) / per_phase).flatten(-2)[..., :size]


@torch.no_grad()
def balance_upsampling(generator: Generator) -> None:
    """Balance every upsampling of a generator under training, in place."""
    for upsampler, rate in zip(generator.upsamplers, generator.shape.upsample_rates, strict=True):
        direction = upsampler.get_parameter(f"parametrizations.weight.{DIRECTION}")
        direction.copy_(balance_phases(direction, rate))
