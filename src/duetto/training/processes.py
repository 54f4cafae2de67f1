"""What the processes of one training say to each other: gradients, losses, the clock, signals.

Data parallel training (Li et al., "PyTorch Distributed", VLDB 2020) in its plain form: each process holds the whole
model and sees its share of each batch; gradients are averaged before an optimiser steps, so all processes take the
same step. They are averaged after the backward pass of the loss that an optimiser steps on, and for its parameters
only: with two optimisers and two backward passes a step, torch's wrapper would send every gradient twice
(docs/decisions/processes.md). Numbers that must agree go through gloo on the CPU, gradients on cards through nccl.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

from duetto.errors import ProcessLostError

TIMEOUT = timedelta(hours=1)  # others wait that long for the first, which validates and saves between two steps
NCCL_TIMEOUT = timedelta(minutes=5)  # of an average that all of them have reached
BUCKET = 2**24  # numbers that are averaged at once: 64 MiB in float32


class Processes:
    """One of the processes of a training, and its ties to the others; with one process every call gives its argument.

    Args:
        rank: Of this process; 0 alone writes files.
        world: Number of processes.
        gradients: Group through which gradients are averaged; None = torch's default group, which is gloo.
    """

    def __init__(self, rank: int = 0, world: int = 1, gradients: dist.ProcessGroup | None = None) -> None:
        self.rank = rank
        self.world = world
        self.gradients = gradients

    @property
    def is_first(self) -> bool:
        """Whether this process writes checkpoints, records and pages."""
        return self.rank == 0

    def mean(self, values: Sequence[Tensor]) -> list[Tensor]:
        """The mean of each scalar over the processes; NaN everywhere if NaN anywhere."""
        if self.world == 1 or not values:
            return list(values)
        return list(self._summed([float(value.detach()) for value in values]) / self.world)

    def agree(self, seconds: float, signal: int) -> tuple[float, int]:
        """The clock of the first process, and the signal that any of them got, 0 = none."""
        if self.world == 1:
            return seconds, signal
        numbers = torch.tensor([seconds if self.is_first else -1.0, signal], dtype=torch.float64)
        with told_if_lost():
            dist.all_reduce(numbers, dist.ReduceOp.MAX)
        return float(numbers[0]), int(numbers[1])

    def average_gradients(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> Tensor:
        """Replace each gradient by its mean over the processes; a parameter that none of them used keeps none.

        Args:
            loss: What the gradients are of, a scalar.
            parameters: With gradients or without, in the same order everywhere.

        Returns:
            The mean of the loss.
        """
        if self.world == 1:
            return loss
        sums = self._summed([float(loss.detach()), *(float(each.grad is not None) for each in parameters)])
        gradients = []
        for parameter, uses in zip(parameters, sums[1:].tolist(), strict=True):
            if uses:
                parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
                gradients.append(parameter.grad)
        for bucket in _buckets(gradients):
            self._average(bucket)
        return sums[0] / self.world

    def _summed(self, values: Sequence[float]) -> Tensor:
        numbers = torch.tensor(values, dtype=torch.float64)
        with told_if_lost():
            dist.all_reduce(numbers)
        return numbers

    def _average(self, tensors: Sequence[Tensor]) -> None:
        flat = torch.cat([each.reshape(-1) for each in tensors])
        with told_if_lost():
            dist.all_reduce(flat, group=self.gradients)
        parts = (flat / self.world).split([each.numel() for each in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    @torch.no_grad()
    def take_over(self, module: nn.Module) -> None:
        """Copy weights and buffers of the first process, which alone learned what the training set has to tell."""
        if self.world == 1:
            return
        for _, tensor in sorted(module.state_dict().items()):
            on_cpu = tensor.detach().cpu().contiguous()
            with told_if_lost():
                dist.broadcast(on_cpu, 0)
            tensor.copy_(on_cpu)


ONE = Processes()


@contextmanager
def told_if_lost() -> Iterator[None]:
    """Around a call that waits for the other processes.

    Raises:
        ProcessLostError: In place of what torch raises when one of them has ended or does not answer.
    """
    try:
        yield
    except RuntimeError as error:
        raise ProcessLostError(
            "Another process of this training has ended, or does not answer: see its own message. All of them have "
            "stopped; the same command resumes from the last checkpoint."
        ) from error


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Tensors of one type in groups of up to `BUCKET` numbers, in order."""
    bucket: list[Tensor] = []
    for tensor in tensors:
        if bucket and (bucket[0].dtype != tensor.dtype or sum(map(torch.numel, bucket)) + tensor.numel() > BUCKET):
            yield bucket
            bucket = []
        bucket.append(tensor)
    if bucket:
        yield bucket
