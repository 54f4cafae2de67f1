"""Diff-SVC with an auxiliary decoder: a mel predicted in one pass, which the denoiser gets as a condition.

Upstream's denoiser learns by itself what each content frame sounds like, which takes longer than a pretraining here
lasts: with our pretrained weights as they were it lost two thirds of the words of speakers that it never heard. The
decoder learns by the distance of mels on parallel voices (content of one, mel of another) and keeps them. It is one for
all voices: a voice has only a mean and a spread of its own there, so that learning one forgets nothing.

Conventions: B utterances, T frames, D content width, C channels, M mel bins, H condition channels. Predicted mels are
natural-log.

Reference: the auxiliary decoder of Liu et al., "DiffSinger", 2022, section 3; blocks: Liu et al., "A ConvNet for the
2020s", 2022.
"""

from torch import Tensor, nn
from torch.nn import functional

from duetto.architectures.diffsvc.condition import ContinuousPitch
from duetto.architectures.diffsvc.model import ConditionInputs, DiffSVC
from duetto.architectures.diffsvc.shapes import AuxiliaryShape, DiffSVCShape
from duetto.layers.linear_acoustic import LinearAcoustic

CONTEXT_FRAMES = 5  # of the linear map, as of the linear baseline
KERNEL = 7  # frames
EXPANSION = 3
DROPOUT = 0.1


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
        error = (predicted - mel).abs() / self.auxiliary.linear.spread_of(speaker_of(inputs)) * inputs.mask
        return error.sum() / (inputs.mask.sum() * mel.shape[1])


def speaker_of(inputs: ConditionInputs) -> Tensor:
    """The speakers' numbers, (B,); 0 in a voice of one speaker."""
    return inputs.content.new_zeros(len(inputs.content)).long() if inputs.speaker_id is None else inputs.speaker_id


class AuxiliaryDecoder(nn.Module):
    """Content and pitch to mel: the linear baseline and a correction of it, which is zero before training."""

    def __init__(self, content_dimension: int, n_mels: int, shape: AuxiliaryShape) -> None:
        super().__init__()
        self.linear = LinearAcoustic(content_dimension, n_mels, CONTEXT_FRAMES, shape.num_speakers)
        self.content = nn.Linear(content_dimension, shape.channels)
        self.pitch = ContinuousPitch(shape.channels)
        self.blocks = nn.ModuleList(ConvolutionBlock(shape.channels) for _ in range(shape.num_layers))
        self.out = nn.Linear(shape.channels, n_mels)
        self.dropout = nn.Dropout(DROPOUT)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, content: Tensor, f0_hz: Tensor, speaker_id: Tensor) -> Tensor:
        """Natural-log mel.

        Args:
            content: (B, T, D).
            f0_hz: (B, T), 0.0 = unvoiced.
            speaker_id: (B,), int64: whose mean and spread.

        Returns:
            (B, M, T).
        """
        hidden = self.content(self.dropout(content)) + self.pitch(f0_hz)
        for block in self.blocks:
            hidden = block(hidden)
        standardised = self.linear.shared(content) + self.out(hidden).mT
        return standardised * self.linear.spread_of(speaker_id) + self.linear.mean_of(speaker_id)


class ConvolutionBlock(nn.Module):
    """Depthwise convolution over time, then a network for each frame, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(channels, channels, KERNEL, padding=KERNEL // 2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, EXPANSION * channels)
        self.narrow = nn.Linear(EXPANSION * channels, channels)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, T, C) to (B, T, C)."""
        seen = self.norm(self.over_time(hidden.mT).mT)
        return hidden + self.dropout(self.narrow(functional.gelu(self.widen(seen))))
