"""A network as one function of named tensors, as exporters need it: no drawing of noise, nothing optional."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

Moving = Mapping[int, int]  # axis -> its length in frames' multiples: {1: 1} for (B, T), {1: 240} for (B, T * 240)


@dataclass(frozen=True)
class Graph:
    """What an exporter writes."""

    module: nn.Module  # its arguments are the inputs, in order; its result is the waveform (1, 1, S)
    inputs: Mapping[str, Tensor]  # an example of each, by name
    moving: Mapping[str, Moving]  # of each input: the axes that grow with the number of frames
    settings: Mapping[str, str | int | float]  # what a program has to know to make the inputs
