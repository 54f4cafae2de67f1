"""RVC v2-40k on this machine: our times, and their ratios to a checkout of upstream that you point to.

    python benchmarks/rvc.py                                       ours alone
    python benchmarks/rvc.py upstream=PATH [threads=2] [repeats=3] [seconds=10] [items=train_step,decode]

PATH is a checkout of RVC WebUI, branch 20240604. Both sides run in turn in one process, from the same weights (the
fill rule of tests/parity) and inputs, one warm-up each, then the median of `repeats`. CPU seconds hardly depend on
who else computes; wall seconds do. Before the clock starts, both sides run once without chance, and the largest
difference of their results is printed. GFLOP are counted by torch; the limit is what they take at the
machine's measured speed of a float32 matrix product, each by the processor's clock.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.rvc_retrieval import OurRetrieval, UpstreamRetrieval
from benchmarks.rvc_upstream import Upstream
from benchmarks.rvc_work import Ours, make_work
from duetto.training.hardware import available_cores

PEAK_SIZE = 1024  # side of the matrices
ITEMS = {
    "train_step": ("training step (G and D, batch 4, clips of 3.7 s)", 0.75),
    "decode": ("decode", 0.6),
    "convert": ("prior, flow and decode", 0.6),
    "posterior_flow": ("posterior and flow (batch 4)", None),
    "retrieval": ("retrieval (20,000 rows, 500 frames, index read)", None),
}


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


def read_options(arguments: list[str]) -> dict[str, str]:
    """The key=value arguments over their defaults."""
    options = {
        "upstream": "",
        "threads": str(available_cores()),
        "repeats": "3",
        "seconds": "10",
        "items": ",".join(ITEMS),
    }
    for argument in arguments:
        key, separator, value = argument.partition("=")
        if key not in options or not separator:
            raise SystemExit(f"{argument}: expected one of {', '.join(f'{name}=...' for name in options)}.")
        options[key] = value
    unknown = sorted(set(options["items"].split(",")) - set(ITEMS))
    if unknown:
        raise SystemExit(f"items: {', '.join(unknown)} unknown; there are {', '.join(ITEMS)}.")
    return options


def difference(ours: Any, theirs: Any) -> str:
    """How far the results of the two sides are apart."""
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


def measure(name: str, sides: list[Any], repeats: int) -> tuple[list[Times], str, float]:
    """Times of each side in turn, the difference of their results, and our GFLOP."""
    results = []
    gflop = 0.0
    for side in sides:
        with side.without_chance(), FlopCounterMode(display=False) as counter:
            results.append(getattr(side, name)())
        gflop = gflop or counter.get_total_flops() / 1e9
    times = [Times() for _ in sides]
    for _ in range(repeats):
        for side, clock in zip(sides, times, strict=True):
            clock.add(getattr(side, name))
    return times, difference(*results) if len(results) == 2 else "", gflop


def main(arguments: list[str]) -> None:
    """Measure and print."""
    options = read_options(arguments)
    threads, repeats, seconds = int(options["threads"]), int(options["repeats"]), float(options["seconds"])
    torch.set_num_threads(threads)
    peak = gflop_per_cpu_second()
    console = Console(width=150)
    title = f"RVC v2-40k, float32, {threads} threads, torch {torch.__version__}, median of {repeats}"
    table = Table("item", "side", title=title, title_justify="left")
    for column in ("CPU s", "wall s", "GFLOP", "limit, CPU s", "CPU ratio", "wall ratio", "goal", "results differ by"):
        table.add_column(column, justify="right")
    work = make_work(seconds)
    chosen = [name for name in ITEMS if name in options["items"].split(",")]
    sides: list[Any] = [Ours(work)] + ([Upstream(Path(options["upstream"]), work)] if options["upstream"] else [])
    for name in chosen:
        pair = [OurRetrieval(), UpstreamRetrieval()][: len(sides)] if name == "retrieval" else sides
        add_rows(table, name, seconds, (pair, repeats, peak))
    console.print(table)
    console.print(f"float32 matrix product here, now: {peak:.0f} GFLOP per CPU second")


def add_rows(table: Table, name: str, seconds: float, how: tuple[list[Any], int, float]) -> None:
    """One row for each side."""
    sides, repeats, peak = how
    times, differs, gflop = measure(name, sides, repeats)
    text, goal = ITEMS[name]
    text += f", {seconds:g} s" if name in ("decode", "convert") else ""
    medians = [(statistics.median(clock.cpu), statistics.median(clock.wall)) for clock in times]
    for index, (side, (cpu, wall)) in enumerate(zip(sides, medians, strict=True)):
        row = [text if index == 0 else "", side.name, f"{cpu:.2f}", f"{wall:.2f}"]
        if index == 0:
            row += [f"{gflop:.0f}", f"{gflop / peak:.2f}" if gflop else ""]
            if len(medians) == 2:
                row += [f"{cpu / medians[1][0]:.2f}", f"{wall / medians[1][1]:.2f}", f"{goal or ''}", differs]
        table.add_row(*row)


if __name__ == "__main__":
    main(sys.argv[1:])
