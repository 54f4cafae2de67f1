"""RMVPE's network: a U-Net over the log mel spectrogram, a recurrent layer, and a salience for each of 360 pitches.

Conventions: letters are B utterances, T frames, M = 128 mel bins. T is a multiple of 32, because five stages halve it.
A network is read with its batch norms and folded once (`fold_batch_norms`): it is used for inference only.

Reference: Wei et al., "RMVPE: A Robust Model for Vocal Pitch Estimation in Polyphonic Music", Interspeech 2023.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

N_MELS = 128
NUM_PITCHES = 360
WIDTHS = (16, 32, 64, 128, 256)  # channels of the stages, from the spectrogram down
MIDDLE_WIDTH = 512
BLOCKS = 4  # residual blocks of a stage
MIDDLE_STAGES = 4
HEAD_WIDTH = 3  # channels that the recurrent layer reads
HIDDEN = 256  # of the recurrent layer, each way
FRAME_MULTIPLE = 2 ** len(WIDTHS)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, which is a convolution where the width changes."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.first_norm: nn.Module = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm: nn.Module = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, inputs, T, M) -> (B, outputs, T, M)."""
        hidden = functional.relu(self.first_norm(self.first(frames)), inplace=True)
        hidden = functional.relu(self.second_norm(self.second(hidden)), inplace=True)
        return hidden.add_(self.shortcut(frames))


class UpwardStage(nn.Module):
    """Doubles both axes, joins what the encoder kept at that size, and runs a stage of residual blocks."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.upsample = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)
        self.blocks = _stage(2 * outputs, outputs)

    def forward(self, frames: Tensor, kept: Tensor) -> Tensor:
        """(B, inputs, T, M) and (B, outputs, 2T, 2M) -> (B, outputs, 2T, 2M)."""
        upsampled = functional.relu(self.norm(self.upsample(frames)), inplace=True)
        return self.blocks(torch.cat((upsampled, kept), dim=1))


class RMVPENetwork(nn.Module):
    """Log mel frames to the salience of each pitch."""

    def __init__(self) -> None:
        super().__init__()
        self.input_norm = nn.BatchNorm2d(1)
        widths = (1, *WIDTHS)
        self.encoder = nn.ModuleList(_stage(*pair) for pair in pairwise(widths))
        middle = (WIDTHS[-1], *(MIDDLE_WIDTH,) * MIDDLE_STAGES)
        self.middle = nn.Sequential(*(_stage(*pair) for pair in pairwise(middle)))
        upwards = (MIDDLE_WIDTH, *reversed(WIDTHS))
        self.decoder = nn.ModuleList(UpwardStage(*pair) for pair in pairwise(upwards))
        self.head = nn.Conv2d(WIDTHS[0], HEAD_WIDTH, 3, padding=1)
        self.recurrent = nn.GRU(HEAD_WIDTH * N_MELS, HIDDEN, batch_first=True, bidirectional=True)
        self.classifier = nn.Linear(2 * HIDDEN, NUM_PITCHES)

    def forward(self, mel: Tensor) -> Tensor:
        """Salience of every pitch in every frame.

        Args:
            mel: Log mel (B, M, T), T a multiple of 32.

        Returns:
            (B, T, 360), 0..1.
        """
        frames = self.input_norm(mel.transpose(1, 2).unsqueeze(1))
        kept = []
        for stage in self.encoder:
            frames = stage(frames)
            kept.append(frames)
            frames = functional.avg_pool2d(frames, 2)
        frames = self.middle(frames)
        for stage, at_that_size in zip(self.decoder, reversed(kept), strict=True):
            frames = stage(frames, at_that_size)
        rows = self.head(frames).transpose(1, 2).flatten(2)  # (B, T, 3 * M)
        return torch.sigmoid(self.classifier(self.recurrent(rows)[0]))


def fold_batch_norms(network: RMVPENetwork) -> RMVPENetwork:
    """Fold every batch norm behind a convolution into it, in place, and keep channels innermost: less time.

    The salience moves by rounding: by up to 5e-5 with random weights, as that of upstream lies 3e-5 from a float64 run.
    The norm of the input stays, because the convolution behind it pads with zeros.
    """
    network.eval()
    for module in network.modules():
        if isinstance(module, ResidualBlock):
            module.first, module.first_norm = _folded(module.first, module.first_norm), nn.Identity()
            module.second, module.second_norm = _folded(module.second, module.second_norm), nn.Identity()
        elif isinstance(module, UpwardStage):
            assert isinstance(module.norm, nn.BatchNorm2d)
            module.upsample = fuse_conv_bn_eval(module.upsample, module.norm, transpose=True)
            module.norm = nn.Identity()
    return network.to(memory_format=torch.channels_last)


def _folded(convolution: nn.Conv2d, norm: nn.Module) -> nn.Conv2d:
    assert isinstance(norm, nn.BatchNorm2d)
    return fuse_conv_bn_eval(convolution, norm)


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(ResidualBlock(inputs, outputs), *(ResidualBlock(outputs, outputs) for _ in range(BLOCKS - 1)))
