"""Diff-SVC that diffuses what a linear map of the content leaves over.

Upstream's network predicts all of the mel. Here the linear baseline's prediction is there before the first step, and
the diffused quantity is the rest, in spreads of each bin of the singer's mel: it is smaller, much the same for every
singer, and what content says of the phone is not lost while a voice is learned.
"""

import torch
from torch import Tensor

from duetto.architectures.diffsvc.model import ConditionInputs, DiffSVC
from duetto.architectures.diffsvc.shapes import DiffSVCShape
from duetto.layers.linear_acoustic import LinearAcoustic

CONTEXT_FRAMES = 5  # of the linear map, as of the linear baseline


class ResidualDiffSVC(DiffSVC):
    """A voice model beside a linear one; its mels are natural-log.

    Args:
        shape: The networks' sizes.
        num_speakers: Rows of the tables of means and spreads, 1 or more.
    """

    def __init__(self, shape: DiffSVCShape, num_speakers: int) -> None:
        super().__init__(shape)
        dimension = shape.condition.content_dimension
        self.linear = LinearAcoustic(dimension, shape.denoiser.n_mels, CONTEXT_FRAMES, num_speakers)

    def deviation(self, mel: Tensor, inputs: ConditionInputs) -> Tensor:
        """Standardised mel without the linear prediction: (B, M, T) -> (B, M, T)."""
        speaker_id = self._speaker_id(inputs)
        standardised = (mel - self.linear.mean_of(speaker_id)) / self.linear.spread_of(speaker_id)
        return standardised - self.linear.shared(inputs.content)

    def restored(self, deviation: Tensor, inputs: ConditionInputs) -> Tensor:
        """The inverse."""
        speaker_id = self._speaker_id(inputs)
        standardised = deviation + self.linear.shared(inputs.content)
        return standardised * self.linear.spread_of(speaker_id) + self.linear.mean_of(speaker_id)

    def _speaker_id(self, inputs: ConditionInputs) -> Tensor:
        if inputs.speaker_id is not None:
            return inputs.speaker_id
        return torch.zeros(len(inputs.content), dtype=torch.int64, device=inputs.content.device)
