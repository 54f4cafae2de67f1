"""Shapes of Diff-SVC checkpoints of other dates than the published one."""

from dataclasses import replace

from duetto.architectures.diffsvc.shapes import DiffSVCShape

LEGACY_LAYERS = 4  # of the content encoder in checkpoints before 2022-11-28, upstream


def with_legacy_encoder(shape: DiffSVCShape) -> DiffSVCShape:
    """The same model with the content encoder that checkpoints before 2022-11-28 have."""
    return replace(shape, condition=replace(shape.condition, legacy_layers=LEGACY_LAYERS))


def with_energy(shape: DiffSVCShape) -> DiffSVCShape:
    """The same model with upstream's loudness table (`use_energy_embed`)."""
    return replace(shape, condition=replace(shape.condition, uses_energy=True))
