"""A Diff-SVC model small enough for quick tests, and inputs for it."""

from dataclasses import replace

import torch

from duetto.architectures.diffsvc.model import ConditionInputs, DiffSVC
from duetto.architectures.diffsvc.shapes import ConditionShape, DenoiserShape, DiffSVCShape

SHAPE = DiffSVCShape(
    DenoiserShape(n_mels=6, condition_channels=8, channels=8, num_layers=3, dilation_cycle=2),
    ConditionShape(content_dimension=5, channels=8),
    num_timesteps=20,
    max_beta=0.3,
)
FRAMES = 12


def tiny_model(**condition: object) -> DiffSVC:
    """Seeded, in evaluation mode, its output layer no longer zero."""
    torch.manual_seed(0)
    model = DiffSVC(replace(SHAPE, condition=replace(SHAPE.condition, **condition))).eval()
    torch.nn.init.normal_(model.denoiser.output_projection.weight, std=0.3)
    return model


def tiny_inputs(batch: int = 2, lengths: tuple[int, ...] | None = None) -> ConditionInputs:
    """Random content, a voiced melody with an unvoiced beginning."""
    drawn = torch.Generator().manual_seed(1)
    f0_hz = 100 + 300 * torch.rand(batch, FRAMES, generator=drawn)
    f0_hz[:, :2] = 0.0
    mask = torch.ones(batch, 1, FRAMES)
    for row, length in enumerate(lengths or ()):
        mask[row, :, length:] = 0.0
    return ConditionInputs(
        content=torch.randn(batch, FRAMES, 5, generator=drawn),
        f0_hz=f0_hz,
        mask=mask,
        speaker_id=torch.arange(batch) % 2,
        energy=4 * torch.rand(batch, FRAMES, generator=drawn),
    )
