"""The denoiser of one conversion: whatever does not depend on x_t is precomputed, and convolutions on a CPU are faster.

Conventions: as `duetto.architectures.diffsvc.denoiser`; strands as `duetto.layers.strands`.
"""

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from duetto.architectures.diffsvc.denoiser import Denoiser, ResidualLayer
from duetto.layers.strands import (
    LARGEST_DILATION,
    STRANDS,
    combine_taps,
    convolve_strands,
    from_strands,
    to_strands,
)


class PreparedDenoiser:
    """The denoiser of one run.

    Args:
        denoiser: In evaluation mode.
        condition: (B, H, T).
        mask: (B, 1, T), or None.
        step_table: Cache of projected timesteps; share it between the chunks of a conversion.
    """

    @torch.no_grad()
    def __init__(
        self,
        denoiser: Denoiser,
        condition: Tensor,
        mask: Tensor | None = None,
        step_table: dict[float, list[Tensor]] | None = None,
    ) -> None:
        self.denoiser = denoiser
        self.step_table = {} if step_table is None else step_table
        self.predict = StrandedDenoiser(denoiser, condition, mask) if _can_be_stranded(denoiser, condition) else None
        if self.predict is None:
            self.mask, self.conditions = mask, denoiser.project_condition(condition)

    @torch.no_grad()
    def __call__(self, x_t: Tensor, timestep: float) -> Tensor:
        """Predicted noise (B, M, T); all utterances share the timestep."""
        if timestep not in self.step_table:
            self.step_table[timestep] = self.denoiser.project_steps(torch.tensor([timestep], device=x_t.device))
        steps = self.step_table[timestep]
        if self.predict is not None:
            return self.predict(x_t, steps)
        return self.denoiser.predict(x_t, steps, self.conditions, self.mask)


def _can_be_stranded(denoiser: Denoiser, condition: Tensor) -> bool:
    dilations = [cast(ResidualLayer, layer).dilated.dilation[0] for layer in denoiser.layers]
    return condition.device.type == "cpu" and condition.dtype == torch.float32 and max(dilations) <= LARGEST_DILATION


@dataclass(frozen=True)
class StrandedLayer:
    """The constants of a residual layer during one run.

    Its gate is sigmoid(g) tanh(s) = 2 sigmoid(g) (sigmoid(2 s) - 1/2); both factors of 2 are folded into the weights,
    without rounding error.
    """

    taps: Tensor  # (4, 2C, C)
    dilation: int
    condition: Tensor  # with the convolution's bias, (B, 2C, R, Q)
    output_weight: Tensor  # (2C, C)
    output_bias: Tensor  # (2C,)


class StrandedDenoiser:
    """What `Denoiser.predict` computes, with time in strands from the first layer to the last.

    Args:
        denoiser: Dilations up to `LARGEST_DILATION`, in float32.
        condition: (B, H, T).
        mask: (B, 1, T), or None.
    """

    def __init__(self, denoiser: Denoiser, condition: Tensor, mask: Tensor | None) -> None:
        self.denoiser = denoiser
        self.mask = to_strands(torch.ones_like(condition[:, :1]) if mask is None else mask)
        stranded = to_strands(condition)
        self.layers = [_strand_layer(cast(ResidualLayer, layer), stranded) for layer in denoiser.layers]

    def __call__(self, x_t: Tensor, steps: list[Tensor]) -> Tensor:
        """Predicted noise, (B, M, T), from x_t and `Denoiser.project_steps`."""
        network = self.denoiser
        x = torch.relu_(_project(network.input_projection, to_strands(x_t)))
        skips = torch.zeros_like(x)
        for layer, step in zip(self.layers, steps, strict=True):
            hidden = (x + step[:, :, None, None]).mul_(self.mask)
            halves = convolve_strands(hidden, layer.taps, layer.dilation).add_(layer.condition).sigmoid_()
            gate, signal = halves.chunk(2, dim=1)
            gated = signal.sub_(0.5).mul_(gate)
            residual, skip = _pointwise(layer.output_weight, layer.output_bias, gated).chunk(2, dim=1)
            x = (x + residual).mul_(math.sqrt(0.5))
            skips.add_(skip)
        hidden = torch.relu_(_project(network.skip_projection, skips.div_(math.sqrt(len(self.layers)))))
        return from_strands(_project(network.output_projection, hidden), x_t.shape[-1])


def _strand_layer(layer: ResidualLayer, condition: Tensor) -> StrandedLayer:
    dilated, output = layer.dilated, layer.output_projection
    assert dilated.bias is not None
    assert output.bias is not None
    scale = torch.ones_like(dilated.bias)
    scale[len(scale) // 2 :] = 2.0
    projected = _project(layer.condition_projection, condition).add_(dilated.bias[:, None, None])
    return StrandedLayer(
        taps=combine_taps(dilated.weight * scale[:, None, None]),
        dilation=dilated.dilation[0],
        condition=projected.mul_(scale[:, None, None]),
        output_weight=2 * output.weight[:, :, 0],
        output_bias=output.bias,
    )


def _project(convolution: nn.Conv1d, x: Tensor) -> Tensor:
    """A convolution of one tap over strands."""
    assert convolution.bias is not None
    return _pointwise(convolution.weight[:, :, 0], convolution.bias, x)


def _pointwise(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """(D, C), (D,), (B, C, R, Q) -> (B, D, R, Q); a matrix product, faster than torch's convolution of one tap."""
    product = torch.baddbmm(bias[:, None], weight.expand(len(x), -1, -1), x.flatten(2))
    return product.unflatten(2, (STRANDS, -1))
