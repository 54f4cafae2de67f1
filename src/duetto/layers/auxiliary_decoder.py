"""Content and pitch to a mel in one pass, one map for all voices: the linear baseline and what a network adds to it.

It learns by the distance of mels on parallel voices (content of one, mel of another), which keeps the words of speakers
that it never heard. A voice has only a mean and a spread of its own, so that learning one forgets nothing.

Conventions: B utterances, T frames, D content width, C channels, M mel bins. Mels are natural-log.

Reference: the auxiliary decoder of Liu et al., "DiffSinger", 2022, section 3; blocks: Liu et al., "A ConvNet for the
2020s", 2022.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from duetto.layers.continuous_pitch import ContinuousPitch
from duetto.layers.linear_acoustic import LinearAcoustic

CONTEXT_FRAMES = 5  # of the linear map, as of the linear baseline
KERNEL = 7  # frames
EXPANSION = 3
DROPOUT = 0.1


@dataclass(frozen=True)
class AuxiliaryShape:
    """Size of the auxiliary decoder."""

    channels: int
    num_layers: int  # 0 = the linear map alone
    num_speakers: int = 1  # rows of the tables of means and spreads


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
        standardised = self.standardised(content, f0_hz)
        return standardised * self.linear.spread_of(speaker_id) + self.linear.mean_of(speaker_id)

    def learn(self, learns: bool) -> None:
        """Whether the next steps train the decoder, or only read it, without dropout; the linear map is solved."""
        self.train(learns)
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(learns and not name.startswith("linear."))

    def standardised(self, content: Tensor, f0_hz: Tensor) -> Tensor:
        """The mel in spreads from the mean of each bin, (B, M, T): the same for every voice."""
        hidden = self.content(self.dropout(content)) + self.pitch(f0_hz)
        for block in self.blocks:
            hidden = block(hidden)
        return self.linear.shared(content) + self.out(hidden).mT


def distance(predicted: Tensor, mel: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference of standardised mels (B, M, T) over the frames of a mask (B, 1, T); ()."""
    return ((predicted - mel).abs() * mask).sum() / (mask.sum() * mel.shape[1])


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
