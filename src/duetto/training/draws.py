"""Random draws of one of several processes: its rows of what one process would draw for the whole batch.

A step seeds torch's generator from (seed, step) in every process alike. While this mode is active, a draw whose first
dimension is the number of examples here is made for all examples of the step, and this process's rows are returned; any
other draw is the same in every process. The generators of all processes thus move together, and the draws of an
example depend on the step alone, not on the process that sees it. A single process needs no mode.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from duetto.data.share import Share
from duetto.errors import ConfigError

NOT_SHARED = frozenset(  # functions that draw, which nothing of ours calls in a step
    {
        "alpha_dropout",
        "bernoulli",
        "bernoulli_",
        "cauchy_",
        "dropout",  # of torch; that of torch.nn.functional is known
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "dropout_",
        "exponential_",
        "feature_alpha_dropout",
        "feature_dropout",
        "geometric_",
        "gumbel_softmax",
        "log_normal_",
        "multinomial",
        "native_dropout",
        "normal",
        "normal_",
        "poisson",
        "randint_like",
        "random_",
        "randperm",
        "rrelu",
        "scaled_dot_product_attention",
        "uniform_",
    }
)


class SharedDraws(TorchFunctionMode):
    """Around a step of one of several processes: draws are those of the whole batch, cut to the share.

    Args:
        share: The examples that this process sees.
    """

    def __init__(self, share: Share) -> None:
        super().__init__()
        self.share = share

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Pass on everything but draws."""
        named = dict(kwargs or {})
        drawn = DRAWS.get(func)
        if drawn is not None:
            return drawn(self.share, args, named)
        if getattr(func, "__name__", "") in NOT_SHARED and not _is_without_effect(func, named):
            raise ConfigError(
                f"trainer.devices: the model draws by {func.__name__}, of which several processes cannot be given "
                "their parts. Use trainer.devices=1."
            )
        return func(*args, **named)


def _is_without_effect(func: Callable[..., Any], named: Mapping[str, Any]) -> bool:
    return func is F.scaled_dot_product_attention and not named.get("dropout_p")


def _drawn_by_size(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """For functions of a size, which is a sequence or the arguments themselves."""

    def draw(share: Share, args: tuple[Any, ...], named: dict[str, Any]) -> Tensor:
        size = named.pop("size", args[0] if args and not isinstance(args[0], int) else args)
        return _cut(function, share, (), tuple(size), named)

    return draw


def _drawn_like(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """For functions of a tensor, whose size, type and device count."""

    def draw(share: Share, args: tuple[Any, ...], named: dict[str, Any]) -> Tensor:
        (like,) = args
        kind = {"dtype": like.dtype, "device": like.device, **named}
        return _cut(function, share, (), tuple(like.shape), kind)

    return draw


def _draw_integers(share: Share, args: tuple[Any, ...], named: dict[str, Any]) -> Tensor:
    *limits, size = args if "size" not in named else (*args, named.pop("size"))
    return _cut(torch.randint, share, tuple(limits), tuple(size), named)


def _cut(
    function: Callable[..., Tensor], share: Share, limits: tuple[int, ...], size: tuple[int, ...], named: dict[str, Any]
) -> Tensor:
    if not size or size[0] != share.size:
        return function(*limits, size, **named)
    return function(*limits, (share.total, *size[1:]), **named)[share.rows]


def _drop(share: Share, args: tuple[Any, ...], named: dict[str, Any]) -> Tensor:
    """Dropout, by the mask that the whole batch would have had in memory of the same order."""
    x, p, is_training, _ = (*args, *(None,) * 4)[:4]
    x = named.get("input", x)
    p, is_training = named.get("p", 0.5 if p is None else p), named.get("training", is_training in (None, True))
    if not is_training or p == 0.0 or x.shape[:1] != (share.size,):
        return F.dropout(x, p, is_training)
    with torch.no_grad():
        mask = F.dropout(_ones_of_all(x, share.total), p, training=True)[share.rows]
    return x * mask


def _ones_of_all(x: Tensor, total: int) -> Tensor:
    strides = torch.empty_like(x).stride()
    order = sorted(range(x.dim()), key=lambda axis: (-strides[axis], axis))
    size = (total, *x.shape[1:])
    ones = torch.ones([size[axis] for axis in order], dtype=x.dtype, device=x.device)
    return ones.permute([order.index(axis) for axis in range(x.dim())])


DRAWS: Mapping[Callable[..., Any], Callable[..., Tensor]] = MappingProxyType(
    {
        torch.rand: _drawn_by_size(torch.rand),
        torch.randn: _drawn_by_size(torch.randn),
        torch.rand_like: _drawn_like(torch.rand),
        torch.randn_like: _drawn_like(torch.randn),
        torch.randint: _draw_integers,
        F.dropout: _drop,
    }
)
