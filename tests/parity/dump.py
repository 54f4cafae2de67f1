"""Write every array of the reference run, computed by us: `python -m tests.parity.dump rvc v2_40k_f0 OUT.npz`."""

import argparse

import numpy as np
import torch

from duetto.models.rvc.shapes import SHAPE_NAMES

from .rvc import ReferenceRun


def main() -> None:
    """Compute and save; one thread, so that sums have one order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture", choices=["rvc"])
    parser.add_argument("variant", choices=SHAPE_NAMES)
    parser.add_argument("output", help="the .npz file to write")
    parser.add_argument("--updates", type=int, default=2, help="training updates; the reference has 2")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    run = ReferenceRun(arguments.variant)
    np.savez_compressed(arguments.output, **run.conversion(), **run.training(arguments.updates), **run.digests)


if __name__ == "__main__":
    main()
