"""Weights that ship with the package, each with its card."""

from pathlib import Path

BASES = Path(__file__).resolve().parent
DISCRIMINATOR_SUFFIX = "_discriminator"  # of the discriminator's file, beside the generator's
