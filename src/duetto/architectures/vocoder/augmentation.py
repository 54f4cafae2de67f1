"""Other sounds from the same recordings: level and colour of each training example, drawn anew.

A vocoder rebuilds whatever spectrum its mel shows, so any filtered recording is a true example of its own. Without them
it knows the long-term spectra of its few training voices alone, and shapes a stranger like them.

Reference: the volume augmentation of openvpi's vocoders, with a filter beside the gain.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from duetto.storage.full_scale import PEAK_LIMIT

KNOTS = 8  # of the filter, at equal distances in octaves
LOWEST_HZ = 80.0  # below it the filter is flat


def augment_waveforms(waveforms: Tensor, sample_rate: int, gain_db: float, equaliser_db: float) -> Tensor:
    """Filter each example by a smooth random curve and move its level.

    Args:
        waveforms: (B, S), +-1.0.
        sample_rate: Hz.
        gain_db: The level moves by up to so much either way, evenly distributed.
        equaliser_db: Standard deviation of the filter at its knots, straight lines over octaves between; zero phase.

    Returns:
        (B, S), peaks at most 0.99 or what they were. The numbers are drawn from torch's generator.
    """
    num_samples = waveforms.shape[-1]
    padded = 2 * num_samples  # the filter's tail does not come round to the beginning
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
