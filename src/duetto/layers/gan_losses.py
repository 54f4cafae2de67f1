"""Losses of adversarial training of waveform generators. All are computed in float32 and return scalars.

References: HiFi-GAN (Kong et al., 2020), LSGAN (Mao et al., 2017).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def discriminator_loss(real_scores: Sequence[Tensor], generated_scores: Sequence[Tensor]) -> Tensor:
    """Squared distance of the scores from 1 (recordings) and 0 (generated), summed over discriminators."""
    # Kong et al. 2020, eq. 1
    losses = [
        torch.mean((1 - real.float()) ** 2) + torch.mean(generated.float() ** 2)
        for real, generated in zip(real_scores, generated_scores, strict=True)
    ]
    return torch.stack(losses).sum()


def adversarial_loss(generated_scores: Sequence[Tensor]) -> Tensor:
    """Squared distance of the scores of generated waveforms from 1, summed over discriminators."""
    # Kong et al. 2020, eq. 2
    return torch.stack([torch.mean((1 - scores.float()) ** 2) for scores in generated_scores]).sum()


def feature_matching_loss(real_maps: Sequence[Sequence[Tensor]], generated_maps: Sequence[Sequence[Tensor]]) -> Tensor:
    """Mean absolute difference of every feature map, summed over maps and discriminators.

    The maps of recordings are constants: no gradient flows into them. Upstream weights this sum by 2.
    """
    # Kong et al. 2020, eq. 4
    losses = [
        torch.mean(torch.abs(real.detach().float() - generated.float()))
        for real_of_one, generated_of_one in zip(real_maps, generated_maps, strict=True)
        for real, generated in zip(real_of_one, generated_of_one, strict=True)
    ]
    return torch.stack(losses).sum()


def mel_loss(real_mel: Tensor, generated_mel: Tensor) -> Tensor:
    """Mean absolute difference of two log mel spectrograms of one shape."""
    # Kong et al. 2020, eq. 3
    return F.l1_loss(generated_mel.float(), real_mel.float())
