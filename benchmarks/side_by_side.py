"""Two sides doing the same work in turn: their times, their ratio, and how far their results are apart.

CPU seconds hardly depend on who else computes; wall seconds do. Before the clock starts, every side runs once without
chance, which warms it up, gives the results to compare, and lets torch count its GFLOP. The limit is what these take at
the machine's measured speed of a float32 matrix product, by the processor's clock.
"""

import statistics
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from duetto.workers import num_cores

PEAK_SIZE = 1024  # side of the matrices
COLUMNS = ("CPU s", "wall s", "GFLOP", "limit, CPU s", "CPU ratio", "wall ratio", "goal", "results differ by")


@dataclass(frozen=True)
class Side:
    """One way to do an item's work."""

    name: str
    work: Callable[[], Any]  # gives a tensor, or losses by name
    without_chance: Callable[[], AbstractContextManager[None]]  # within it, `work` draws what the other sides draw
    goal: float | None = None  # of its time over upstream's


@dataclass(frozen=True)
class Item:
    """One row group of the table."""

    text: str
    ours: list[Side]
    upstream: Side | None


@dataclass
class Times:
    """CPU and wall seconds of every repeat."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def add(self, work: Callable[[], Any]) -> None:
        """Do the work once more."""
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        self.cpu.append(time.process_time() - cpu)
        self.wall.append(time.perf_counter() - wall)

    def medians(self) -> tuple[float, float]:
        """CPU and wall."""
        return statistics.median(self.cpu), statistics.median(self.wall)


def read_options(arguments: list[str], items: Collection[str]) -> dict[str, str]:
    """The key=value arguments over their defaults."""
    options = {
        "upstream": "",
        "threads": str(num_cores()),
        "repeats": "3",
        "seconds": "10",
        "items": ",".join(items),
    }
    for argument in arguments:
        key, separator, value = argument.partition("=")
        if key not in options or not separator:
            raise SystemExit(f"{argument}: expected one of {', '.join(f'{name}=...' for name in options)}.")
        options[key] = value
    unknown = sorted(set(options["items"].split(",")) - set(items))
    if unknown:
        raise SystemExit(f"items: {', '.join(unknown)} unknown; there are {', '.join(items)}.")
    return options


def difference(ours: Any, theirs: Any) -> str:
    """How far the results of two sides are apart."""
    if isinstance(ours, dict):
        return f"losses {max(abs(ours[name] / theirs[name] - 1) for name in ours):.0e} rel."
    return f"{float((ours - theirs).abs().max()):.0e} abs."


def gflop_per_cpu_second() -> float:
    """Speed of a float32 matrix product by the processor's own clock; other programs hardly move it."""
    left = torch.ones(PEAK_SIZE, PEAK_SIZE)
    clock = Times()
    for _ in range(8):
        clock.add(lambda: left @ left)
    return 2 * PEAK_SIZE**3 / min(clock.cpu) / 1e9


def print_comparison(title: str, items: list[Item], options: dict[str, str]) -> None:
    """Measure every item and print the table; ratios are to upstream's time."""
    peak = gflop_per_cpu_second()
    title += f", float32, {options['threads']} threads, torch {torch.__version__}, median of {options['repeats']}"
    table = Table("item", "side", title=title, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for item in items:
        for row in measure(item, int(options["repeats"]), peak):
            table.add_row(*row)
    console = Console(width=160)
    console.print(table)
    console.print(f"float32 matrix product here, now: {peak:.0f} GFLOP per CPU second")


def measure(item: Item, repeats: int, peak: float) -> list[list[str]]:
    """The rows of an item, one a side, upstream's last."""
    sides = item.ours + ([item.upstream] if item.upstream else [])
    results, gflops = [], []
    for side in sides:
        with side.without_chance(), FlopCounterMode(display=False) as counter:
            results.append(side.work())
        gflops.append(counter.get_total_flops() / 1e9)
    times = [Times() for _ in sides]
    for _ in range(repeats):
        for side, clock in zip(sides, times, strict=True):
            clock.add(side.work)
    rows = []
    for index, (side, clock, gflop) in enumerate(zip(sides, times, gflops, strict=True)):
        cpu, wall = clock.medians()
        row = [item.text if index == 0 else "", side.name, f"{cpu:.2f}", f"{wall:.2f}"]
        row += [f"{gflop:.0f}", f"{gflop / peak:.2f}"] if gflop else ["", ""]
        if item.upstream and side is not item.upstream:
            their_cpu, their_wall = times[-1].medians()
            row += [f"{cpu / their_cpu:.2f}", f"{wall / their_wall:.2f}", f"{side.goal or ''}"]
            row.append(difference(results[index], results[-1]))
        rows.append(row)
    return rows
