"""RVC v2-40k on this machine: our times, and their ratios to a checkout of upstream that you point to.

    python benchmarks/rvc.py                                       ours alone
    python benchmarks/rvc.py upstream=PATH [threads=2] [repeats=3] [seconds=10] [items=train_step,decode]

PATH is a checkout of RVC WebUI, branch 20240604. Both sides run in turn in one process, from the same weights (the
fill rule of tests/parity) and inputs; `side_by_side.py` says how.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from benchmarks.rvc_retrieval import OurRetrieval, UpstreamRetrieval
from benchmarks.rvc_upstream import Upstream
from benchmarks.rvc_work import Ours, make_work
from benchmarks.side_by_side import Item, Side, print_comparison, read_options

ITEMS = {
    "train_step": ("training step (G and D, batch 4, clips of 3.7 s)", 0.75),
    "decode": ("decode", 0.6),
    "convert": ("prior, flow and decode", 0.6),
    "posterior_flow": ("posterior and flow (batch 4)", None),
    "retrieval": ("retrieval (20,000 rows, 500 frames, index read)", None),
}


def main(arguments: list[str]) -> None:
    """Measure and print."""
    options = read_options(arguments, ITEMS)
    torch.set_num_threads(int(options["threads"]))
    work = make_work(float(options["seconds"]))
    ours, upstream = Ours(work), Upstream(Path(options["upstream"]), work) if options["upstream"] else None
    items = []
    for name in (name for name in ITEMS if name in options["items"].split(",")):
        text, goal = ITEMS[name]
        text += f", {options['seconds']} s" if name in ("decode", "convert") else ""
        pair: tuple[Any, Any] = (ours, upstream)
        if name == "retrieval":
            pair = (OurRetrieval(), UpstreamRetrieval() if upstream else None)
        mine, theirs = (each and Side(each.name, getattr(each, name), each.without_chance, goal) for each in pair)
        items.append(Item(text, [mine], theirs))
    print_comparison("RVC v2-40k", items, options)


if __name__ == "__main__":
    main(sys.argv[1:])
