"""Diff-SVC at 44.1 kHz on this machine: our times, and their ratios to a checkout of upstream that you point to.

    python benchmarks/diffsvc.py                                   ours alone
    python benchmarks/diffsvc.py upstream=PATH [threads=2] [repeats=3] [seconds=10] [items=train_step,vocoder]

PATH is a checkout of prophesier/diff-svc. Both sides run in turn in one process, from the same weights (the fill rule
of tests/parity) and inputs; `side_by_side.py` says how. Every run of a sampler is timed whole. Samplers other than
PNDM-51 are other solutions of the same equation: the table says how far they end from upstream's, and
`python -m benchmarks.samplers` how far each ends from the exact one.
"""

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from benchmarks.diffsvc_upstream import UPSTREAM_RUN, Upstream
from benchmarks.diffsvc_work import BATCH_SIZE, CLIP_FRAMES, Ours, make_work
from benchmarks.side_by_side import Item, Side, print_comparison, read_options
from duetto.architectures.diffsvc.sampling import SamplerSettings

RUNS = {  # of ours: sampler, and the goal of its time over upstream's
    "UniPC, 10 calls": (SamplerSettings("unipc", 10), 0.2),
    "UniPC, 15 calls": (SamplerSettings("unipc", 15), 0.2),
    "UniPC, 20 calls": (SamplerSettings("unipc", 20), 0.2),
    "PNDM as upstream": (SamplerSettings("pndm_upstream", 50), None),
}
ITEMS = {
    "train_step": f"training step ({BATCH_SIZE} x {CLIP_FRAMES} frames)",
    "denoise": "one call of the denoiser, {} s",
    "convert": "units and f0 to mel, {} s",
    "vocoder": "vocoder, {} s",
    "sing": "units and f0 to waveform, {} s",
}
SAMPLED = ("convert", "sing")


def our_sides(ours: Ours, name: str) -> list[Side]:
    """Our ways to do an item."""
    if name in SAMPLED:
        runs = {run: each for run, each in RUNS.items() if name == "convert" or run.startswith("UniPC")}
        method = getattr(ours, name)
        return [
            Side(f"duetto, {run}", partial(method, settings), ours.without_chance, goal)
            for run, (settings, goal) in runs.items()
        ]
    if name == "denoise":
        return [
            Side("duetto, by itself", ours.denoise, ours.without_chance, 0.8),
            Side("duetto, within a run", ours.denoise_prepared, ours.without_chance, 0.8),
        ]
    goal = 0.7 if name == "vocoder" else None
    return [Side("duetto", getattr(ours, name), ours.without_chance, goal)]


def main(arguments: list[str]) -> None:
    """Measure and print."""
    options = read_options(arguments, ITEMS)
    torch.set_num_threads(int(options["threads"]))
    work = make_work(float(options["seconds"]))
    ours, upstream = Ours(work), Upstream(Path(options["upstream"]), work) if options["upstream"] else None
    items = []
    for name in (name for name in ITEMS if name in options["items"].split(",")):
        theirs = None
        if upstream is not None:
            label = f"upstream, {UPSTREAM_RUN}" if name in SAMPLED else "upstream"
            theirs = Side(label, getattr(upstream, name), upstream.without_chance)
        items.append(Item(ITEMS[name].format(options["seconds"]), our_sides(ours, name), theirs))
    print_comparison("Diff-SVC, 44.1 kHz", items, options)


if __name__ == "__main__":
    main(sys.argv[1:])
