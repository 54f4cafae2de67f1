"""Weight normalisation on and off.

Reference: Salimans and Kingma, "Weight Normalization", 2016, eq. 2.
"""

from typing import TypeVar

from torch import nn
from torch.nn.utils import parametrizations, parametrize

Layer = TypeVar("Layer", bound=nn.Module)


def weight_normalised(layer: Layer) -> Layer:
    """The same layer, its `weight` reparametrised as a length (one per index of axis 0) times a direction."""
    parametrizations.weight_norm(layer, "weight")
    return layer


def fold_weight_norm(module: nn.Module) -> nn.Module:
    """Replace length and direction by the plain weight throughout `module`, in place, for conversion.

    The output stays the same up to rounding; the module can no longer load a training checkpoint.

    Returns:
        The module itself.
    """
    for layer in list(module.modules()):
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    return module
