"""Augmentation of a vocoder's training examples: a random gain and a random equaliser for each.

A vocoder reproduces whatever spectrum its mel shows, so a filtered recording is as valid an example as the original.
Without augmentation it only learns the long-term spectra of its few training voices, and imposes them on new ones.

Reference: the volume augmentation of openvpi's vocoders, with a filter added to the gain.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from duetto.storage.full_scale import PEAK_LIMIT

KNOTS = 8  # of the filter, equally spaced in octaves
LOWEST_HZ = 80.0  # below it the filter is flat


def augment_waveforms(waveforms: Tensor, sample_rate: int, gain_db: float, equaliser_db: float) -> Tensor:
    """Filter each example with a smooth random curve and change its level.

    Args:
        waveforms: (B, S), +-1.0.
        sample_rate: Hz.
        gain_db: The change of level is uniformly distributed between minus and plus this.
        equaliser_db: Standard deviation of the filter at its knots, linear in octaves between them; zero phase.

    Returns:
        (B, S), with peaks of at most 0.99, or the original peak if that is higher. Draws use torch's generator.
    """
    num_samples = waveforms.shape[-1]
    padded = 2 * num_samples  # so that the filter's tail does not wrap around to the beginning
    frequency_hz = torch.fft.rfftfreq(padded, 1 / sample_rate).clamp(min=LOWEST_HZ)
    place = torch.log2(frequency_hz / LOWEST_HZ) / math.log2(sample_rate / 2 / LOWEST_HZ) * (KNOTS - 1)
    knots_db = equaliser_db * torch.randn(len(waveforms), KNOTS)
    left = place.floor().long().clamp(max=KNOTS - 2)
    curve_db = torch.lerp(knots_db[:, left], knots_db[:, left + 1], place - left)
    level_db = gain_db * (2 * torch.rand(len(waveforms), 1) - 1)
    factor = 10 ** ((curve_db + level_db) / 20)
    spectrum = torch.fft.rfft(F.pad(waveforms.float(), (0, padded - num_samples)))
    varied = torch.fft.irfft(spectrum * factor.to(waveforms.device), n=padded)[:, :num_samples]
    limit = waveforms.abs().amax(-1, keepdim=True).clamp(min=PEAK_LIMIT)
    return varied * (limit / varied.abs().amax(-1, keepdim=True).clamp(min=1e-8)).clamp(max=1.0)
