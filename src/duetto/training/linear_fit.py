"""Fits a linear acoustic model to a training set in closed form: the linear baseline, and where others start from.

With parallel clips (`model.parallel_share`) the frames of a clip count once with its own content and once with that of
each parallel clip; how large the share is does not matter.
"""

from dataclasses import replace

import torch

from duetto.data.dataset import CropPlan, TrainingClip, collate
from duetto.features.mel import waveform_to_mel
from duetto.layers.linear_acoustic import LinearAcoustic, in_context
from duetto.layers.regression import FrameSums, Solution
from duetto.settings.config import FeaturesConfig

RIDGE = 0.2  # share of the mean of the diagonal, as the linear baseline has it by default


@torch.no_grad()
def fit_linear(
    acoustic: LinearAcoustic, plan: CropPlan, features: FeaturesConfig, ridge: float, keeps_map: bool
) -> str:
    """Measure mean and spread of each speaker's mel, and solve for the map that all speakers share.

    Args:
        acoustic: What is fitted.
        plan: The training set.
        features: Of the run.
        ridge: As in `FrameSums.solve`.
        keeps_map: Keep the map as it is if pretrained weights held one.

    Returns:
        What was done, for the user.
    """
    sums = _sums(acoustic, plan, features)
    acoustic.mel_mean.copy_(sums.mean())
    acoustic.mel_spread.copy_(sums.spread())
    shared, said = acoustic.shared, "The map is the pretrained one; mean and spread of the mel are this voice's."
    if not (keeps_map and shared.weight.any()):
        solution = sums.solve(ridge)
        shared.weight.copy_(solution.weight.reshape(shared.weight.shape))
        shared.bias.copy_(solution.bias)
        said = "The map was fitted to these recordings alone."
    used = Solution(shared.weight.flatten(1).double(), shared.bias.double())
    return f"{said} It explains {100 * sums.explained(used):.1f} % of the variance of their mel."


def _sums(acoustic: LinearAcoustic, plan: CropPlan, features: FeaturesConfig) -> FrameSums:
    n_mels, dimension, context_frames = acoustic.shared.weight.shape
    sums = FrameSums(dimension * context_frames, n_mels, len(acoustic.mel_mean))
    for clip in (clip for clip in plan.clips if clip.num_frames):
        for heard in (clip, *(replace(clip, content=content) for content in clip.parallel)):
            _add(sums, heard, plan.hop_length, features, context_frames)
    return sums


def _add(sums: FrameSums, clip: TrainingClip, hop_length: int, features: FeaturesConfig, context_frames: int) -> None:
    whole = collate([(clip, 0)], clip.num_frames, hop_length)
    mel = waveform_to_mel(whole.waveform, features)[0].T
    sums.add(in_context(whole.content[0], context_frames), mel, clip.speaker_id)
