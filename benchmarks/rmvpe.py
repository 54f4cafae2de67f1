"""How fast RMVPE is here and in a checkout of RVC WebUI (main) that the user points to; nothing of it is kept here.

Both read the same file of random weights and track the same tone, in turn, in one process. Run:
`python -m benchmarks.rmvpe UPSTREAM_FOLDER [--seconds 10 30] [--threads 1] [--repeats 3]`.
"""

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from duetto.features.rmvpe.mel import SAMPLE_RATE
from duetto.features.rmvpe.network import RMVPENetwork
from duetto.features.rmvpe.weights import RENAMINGS
from duetto.features.trackers.registry import find_tracker
from duetto.layers.foreign_weights import foreign_tensors
from duetto.settings.config import F0Config

Waveform = NDArray[np.float32]


def upstream_tracker(folder: Path, weights: Path) -> Callable[[Waveform], Any]:
    """Upstream's tracker on the CPU; its helper for CUDA graphs, which does nothing there, is replaced by a call."""
    graphs = ModuleType("tools.cuda_graph")
    vars(graphs)["run_cuda_graph"] = lambda _module, _name, function, *inputs: function(*inputs)
    sys.modules |= {"tools": ModuleType("tools"), "tools.cuda_graph": graphs}
    package = ModuleType("infer")  # a folder without __init__: our own infer.py would be found before it
    package.__path__ = [str(folder.resolve() / "infer")]
    sys.modules["infer"] = package
    tracker = importlib.import_module("infer.rmvpe").RMVPE(str(weights), False, "cpu")
    return lambda waveform: tracker.infer_from_audio(waveform)


def our_tracker(weights: Path) -> Callable[[Waveform], Any]:
    """Ours, with limits as wide as upstream's."""
    track = find_tracker("rmvpe").open(F0Config("rmvpe", 1.0, 1e5, str(weights)))
    return lambda waveform: track(waveform, SAMPLE_RATE)[1]


def tone(seconds: float) -> Waveform:
    """A glide with overtones."""
    phase = 2 * np.pi * np.cumsum(np.linspace(150, 600, int(seconds * SAMPLE_RATE))) / SAMPLE_RATE
    return np.asarray(0.1 * sum(np.sin(k * phase) / k for k in range(1, 9)), dtype=np.float32)


def cpu_s(track: Callable[[Waveform], Any], waveform: Waveform) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    track(waveform)
    return time.process_time() - start


def main() -> None:
    """Compare, then print a line for each length."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("upstream", type=Path)
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 30.0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "rmvpe.pt"
        torch.save(foreign_tensors(RMVPENetwork(), RENAMINGS), weights)
        trackers = {"upstream": upstream_tracker(arguments.upstream, weights), "duetto": our_tracker(weights)}
        for seconds in arguments.seconds:
            waveform = tone(seconds)
            used: dict[str, list[float]] = {name: [] for name in trackers}
            for _ in range(arguments.repeats):
                for name, track in trackers.items():
                    used[name].append(cpu_s(track, waveform))
            theirs, ours = (float(np.median(used[name])) for name in trackers)
            print(f"{seconds:g} s: upstream {theirs:.2f} CPU s, duetto {ours:.2f}, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
