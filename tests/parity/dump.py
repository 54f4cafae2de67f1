"""Write every array of a reference run, computed by us.

`python -m tests.parity.dump rvc v2_40k_f0 OUT.npz`, `python -m tests.parity.dump diffsvc denoiser OUT.npz` or
`python -m tests.parity.dump rmvpe 32037 OUT.npz` (a test wave of that many samples). For Diff-SVC,
`--inputs FILE.npz` gives the run's inputs, or replaces the stored ones.

Every .npz of the VECTORS.md has a NAME. `slicer.json` has none: it holds cut points, not arrays, its test signal is
neither stored nor given by a formula there, and no part of duetto cuts as upstream's slicer does (recordings are cut
where sum |x| is least, `duetto.conversion.chunking`).
"""

import argparse

import numpy as np
import torch

from duetto.architectures.rvc.shapes import SHAPE_NAMES

from . import diffsvc, rmvpe
from .rvc import ReferenceRun


def main() -> None:
    """Compute and save; one thread (RMVPE: two), so that sums have the order of the reference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    architectures = parser.add_subparsers(dest="architecture", required=True)
    rvc_parser = architectures.add_parser("rvc")
    rvc_parser.add_argument("variant", choices=SHAPE_NAMES)
    rvc_parser.add_argument("--updates", type=int, default=2, help="training updates; the reference has 2")
    diffsvc_parser = architectures.add_parser("diffsvc")
    diffsvc_parser.add_argument("variant", choices=sorted(diffsvc.RUNS))
    diffsvc_parser.add_argument("--inputs", help="an .npz file with inputs, by the reference's names")
    rmvpe_parser = architectures.add_parser("rmvpe")
    rmvpe_parser.add_argument("samples", type=int, help="length of the test wave; the stored reference has 32037")
    for subparser in (rvc_parser, diffsvc_parser, rmvpe_parser):
        subparser.add_argument("output", help="the .npz file to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.architecture == "rvc":
        run = ReferenceRun(arguments.variant)
        arrays = {**run.conversion(), **run.training(arguments.updates), **run.digests}
    elif arguments.architecture == "rmvpe":
        arrays = rmvpe.dump(arguments.samples)
    else:
        arrays = diffsvc.compute(arguments.variant, read_inputs(parser, arguments))
    np.savez_compressed(arguments.output, **arrays)


def read_inputs(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> diffsvc.Arrays:
    """The arrays of `--inputs`; ends with a message where a run has no inputs of its own and none are given."""
    given: diffsvc.Arrays = {}
    if arguments.inputs:
        with np.load(arguments.inputs, allow_pickle=False) as file:
            given = dict(file)
    missing = [name for name in diffsvc.NEEDS_INPUTS.get(arguments.variant, ()) if name not in given]
    if missing:
        parser.error(f"{arguments.variant} needs --inputs FILE.npz with {', '.join(missing)}")
    return given


if __name__ == "__main__":
    main()
