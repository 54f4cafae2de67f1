"""RVC whose latent is a mel spectrogram: for trainings of minutes.

Upstream's latent is free: posterior, flow, prior and generator have to agree on one from nothing, which takes hours,
and as long as they have not, words are lost in it. Here the latent is the log-mel, standardised by mean and spread of
the singer, with a little noise; there is no posterior to learn. The prior's mean is an auxiliary decoder
(`duetto.layers.auxiliary_decoder`), which learns in pretraining by the distance of mels and stays as it is while a
voice is learned. The flow starts as the identity and the generator as a vocoder: so the untrained network is known.

A conversion takes the prior's latent, which is smoother than a recording's. So that the generator knows both, half of
the examples of a batch are generated from the prior's mean; content, pitch and recording share their frames.

Letters as in `synthesizer.py`; C = M, the mel bins.
"""

import math

import torch
from torch import Tensor

from duetto.architectures.rvc.shapes import SynthesizerConfig
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.features.f0 import COARSE_BINS, COARSE_MAX_HZ, COARSE_MIN_HZ
from duetto.features.spectrogram import log_mel, mel_filterbank, mel_from_linear
from duetto.layers.auxiliary_decoder import AuxiliaryDecoder, AuxiliaryShape

POSTERIOR_LOG_STD = -2.3  # a tenth of a bin's spread, about 0.2 nats
EVERY = 2  # examples of a batch, of which the first is generated from the prior


class MelLatentSynthesizer(Synthesizer):
    """A synthesizer whose shape has a mel band.

    Args:
        config: With `mel`, as many bins as the latent has channels.
    """

    def __init__(self, config: SynthesizerConfig) -> None:
        super().__init__(config)
        assert config.mel is not None
        del self.prior_encoder  # the decoder takes its place
        self.posterior_encoder = None
        band = config.mel
        size = AuxiliaryShape(config.auxiliary_channels, config.auxiliary_layers, config.num_speakers)
        self.auxiliary = AuxiliaryDecoder(config.content_dimension, band.n_mels, size)
        self.band = (config.sample_rate, 2 * (config.spectrogram_channels - 1), band.n_mels, band.min_hz, band.max_hz)

    def prior(self, content: Tensor, pitch_coarse: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor]:
        """As in `Synthesizer.prior`; the mean is the decoder's mel, the standard deviation 1."""
        assert pitch_coarse is not None  # a latent of mels has a pitch
        mean = self.auxiliary.standardised(content, hz_of(pitch_coarse)) * mask
        return mean, torch.zeros_like(mean)

    def posterior(self, spectrogram: Tensor, mask: Tensor, speaker_id: Tensor) -> tuple[Tensor, Tensor]:
        """As in `Synthesizer.posterior`, but known: the standardised mel, and the same spread everywhere."""
        mel, linear = (
            log_mel(mel_from_linear(spectrogram, mel_filterbank(*self.band, spectrogram.device))),
            self.auxiliary.linear,
        )
        mean = (mel - linear.mean_of(speaker_id)) / linear.spread_of(speaker_id) * mask
        return mean, torch.full_like(mean, POSTERIOR_LOG_STD) * mask

    def trained_latent(self, z: Tensor, prior_mean: Tensor, mask: Tensor, speaker: Tensor, first: int) -> Tensor:
        """The posterior's sample; of every second example, what the flow makes of the prior's mean."""
        chosen = slice(-first % EVERY, None, EVERY)  # of the step's batch, whichever process sees them
        if not len(z[chosen]):
            return z
        mean = prior_mean[chosen].detach()
        latent = z.clone()
        latent[chosen] = self.flow(mean, mask[chosen], speaker[chosen], reverse=True) * mask[chosen]
        return latent

    def generator_input(self, z: Tensor, speaker_id: Tensor) -> Tensor:
        """The mel, no longer standardised: natural logarithms, as a vocoder reads them."""
        return z * self.auxiliary.linear.spread_of(speaker_id) + self.auxiliary.linear.mean_of(speaker_id)


def hz_of(pitch_coarse: Tensor) -> Tensor:
    """The pitch of each class, Hz, 0.0 where unvoiced: the inverse of `pitch_to_coarse`, to within its rounding."""
    low, high = (1127.0 * math.log1p(hz / 700.0) for hz in (COARSE_MIN_HZ, COARSE_MAX_HZ))
    mel = low + (pitch_coarse - 1) * ((high - low) / (COARSE_BINS - 1))
    return torch.where(pitch_coarse > 1, 700.0 * torch.expm1(mel / 1127.0), 0.0)
