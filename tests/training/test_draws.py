"""The draws of several processes are the rows of what one process draws for the whole batch."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from duetto.data.share import share_of
from duetto.errors import ConfigError
from duetto.layers.masks import random_segment_starts
from duetto.training.draws import SharedDraws

SEED = 7


def drawn(x: Tensor) -> list[Tensor]:
    """One of each draw, for a batch, (B, 3, 5); those after a draw tell whether it moved the generator as it should."""
    size, columns = len(x), x.transpose(1, 2)
    return [
        torch.rand(size, 4),
        torch.rand((size,)),
        torch.rand(size=(size, 2)),
        torch.randn(x.shape, generator=None, device=x.device),
        torch.randint(100, (size,), device=x.device),
        torch.randint(5, 9, (size, 2)),
        torch.randn_like(x),
        torch.rand_like(x, dtype=torch.float64),
        nn.Dropout(0.3)(x),
        F.dropout(columns, 0.4),
        F.dropout(x, 0.5, training=True),
        random_segment_starts(torch.full((size,), 50), 10),
    ]


def shared(world: int, rank: int, x: Tensor) -> list[Tensor]:
    share = share_of([1] * len(x), rank, world)
    torch.manual_seed(SEED)
    with SharedDraws(share):
        return drawn(x[share.rows])


@pytest.mark.parametrize("world", [1, 2, 4])
def test_processes_draw_what_one_would_have_drawn_for_their_examples(world: int):
    x = torch.arange(1.0, 61.0).reshape(4, 3, 5)
    torch.manual_seed(SEED)
    alone = drawn(x)
    parts = [shared(world, rank, x) for rank in range(world)]
    for number, whole in enumerate(alone):
        assert torch.equal(torch.cat([part[number] for part in parts]), whole), number


def test_an_uneven_share_is_cut_from_the_same_draw():
    x = torch.ones(3, 3, 5)
    torch.manual_seed(SEED)
    alone = drawn(x)
    for mine, whole in zip(shared(2, 1, x), alone, strict=True):
        assert torch.equal(mine, whole[1:])


def test_a_draw_that_belongs_to_no_example_is_the_same_everywhere():
    torch.manual_seed(SEED)
    alone = torch.rand(()), torch.rand(9, 2)
    for rank in range(2):
        torch.manual_seed(SEED)
        with SharedDraws(share_of([1] * 4, rank, 2)):
            assert torch.equal(torch.rand(()), alone[0])
            assert torch.equal(torch.rand(9, 2), alone[1])


def test_gradients_pass_a_shared_dropout_where_it_lets_values_pass():
    x = torch.ones(2, 50, requires_grad=True)
    with SharedDraws(share_of([1] * 4, 0, 2)):
        y = F.dropout(x, 0.5)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())
    assert set(y.detach().flatten().tolist()) == {0.0, 2.0}


def test_dropout_that_is_off_is_nothing():
    x = torch.ones(2, 3)
    with SharedDraws(share_of([1] * 4, 0, 2)):
        assert torch.equal(nn.Dropout(0.5).eval()(x), x)


def test_a_draw_whose_part_is_not_known_is_refused_and_not_repeated_in_every_process():
    with SharedDraws(share_of([1] * 4, 0, 2)), pytest.raises(ConfigError, match=r"bernoulli.*trainer.devices=1"):
        torch.bernoulli(torch.full((2, 3), 0.5))
    with SharedDraws(share_of([1] * 4, 0, 2)), pytest.raises(ConfigError, match="uniform_"):
        torch.empty(2).uniform_()
