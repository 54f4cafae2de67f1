"""Diff-SVC with an auxiliary decoder: a mel predicted in one pass, which the denoiser gets as a condition.

Upstream's denoiser learns by itself what each content frame sounds like, which takes longer than a pretraining here
lasts: with our pretrained weights as they were it lost two thirds of the words of speakers that it never heard. The
decoder keeps them (`duetto.layers.auxiliary_decoder`).

Conventions: B utterances, T frames, M mel bins, H condition channels. Predicted mels are natural-log.
"""

from torch import Tensor, nn

from duetto.architectures.diffsvc.model import ConditionInputs, DiffSVC
from duetto.architectures.diffsvc.shapes import DiffSVCShape
from duetto.layers.auxiliary_decoder import AuxiliaryDecoder, AuxiliaryShape, distance


class AuxiliaryDiffSVC(DiffSVC):
    """A voice model whose denoiser sees a predicted mel; its mels are natural-log."""

    def __init__(self, shape: DiffSVCShape, auxiliary: AuxiliaryShape) -> None:
        super().__init__(shape)
        n_mels, channels = shape.denoiser.n_mels, shape.denoiser.condition_channels
        self.auxiliary = AuxiliaryDecoder(shape.condition.content_dimension, n_mels, auxiliary)
        self.seen = nn.Conv1d(n_mels, channels, 1)
        nn.init.zeros_(self.seen.weight)  # at first, the model is the one without a decoder
        nn.init.zeros_(self.seen.bias)  # type: ignore[arg-type]

    def encode(self, inputs: ConditionInputs) -> Tensor:
        """The condition, (B, H, T)."""
        predicted = self.predict(inputs) if inputs.predicted is None else inputs.predicted
        return super().encode(inputs) + self.seen(self.normalise(predicted)) * inputs.mask

    def predict(self, inputs: ConditionInputs) -> Tensor:
        """The auxiliary decoder's mel, (B, M, T)."""
        return self.auxiliary(inputs.content, inputs.f0_hz, speaker_of(inputs))

    def distance(self, predicted: Tensor, mel: Tensor, inputs: ConditionInputs) -> Tensor:
        """Mean absolute error of mels (B, M, T), in spreads of the voice; ()."""
        spread = self.auxiliary.linear.spread_of(speaker_of(inputs))
        return distance(predicted / spread, mel / spread, inputs.mask)


def speaker_of(inputs: ConditionInputs) -> Tensor:
    """The speakers' numbers, (B,); 0 in a voice of one speaker."""
    return inputs.content.new_zeros(len(inputs.content)).long() if inputs.speaker_id is None else inputs.speaker_id
