"""RVC whose latent is a mel spectrogram: for trainings of minutes.

Upstream's latent is free: posterior, flow, prior and generator have to agree on one from nothing, which takes hours,
and as long as they have not, words are lost in it. Here the latent is the log-mel, standardised by mean and spread of
the singer, with a little noise; there is no posterior to learn. The prior starts as the linear baseline and learns what
to add, the flow starts as the identity, and the generator starts as a vocoder: so the untrained network is known.

A conversion takes the prior's latent, which is smoother than a recording's. So that the generator knows both, half of
the examples of a batch are generated from the prior's mean; content, pitch and recording share their frames.

Letters as in `synthesizer.py`; C = M, the mel bins.
"""

import torch
from torch import Tensor, nn

from duetto.architectures.rvc.shapes import SynthesizerConfig
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.features.spectrogram import log_mel, mel_filterbank, mel_from_linear
from duetto.layers.linear_acoustic import LinearAcoustic

CONTEXT_FRAMES = 5  # of the linear map, as of the linear baseline
POSTERIOR_LOG_STD = -2.3  # a tenth of a bin's spread, about 0.2 nats
EVERY = 2  # examples of a batch, of which the first is generated from the prior


class MelLatentSynthesizer(Synthesizer):
    """A synthesizer whose shape has a mel band.

    Args:
        config: With `mel`, as many bins as the latent has channels.
    """

    filters: Tensor

    def __init__(self, config: SynthesizerConfig) -> None:
        super().__init__(config)
        assert config.mel is not None
        self.posterior_encoder = None
        band, n_fft = config.mel, 2 * (config.spectrogram_channels - 1)
        self.linear = LinearAcoustic(config.content_dimension, band.n_mels, CONTEXT_FRAMES, config.num_speakers)
        filters = mel_filterbank(config.sample_rate, n_fft, band.n_mels, band.min_hz, band.max_hz)
        self.register_buffer("filters", filters.clone(), persistent=False)
        nn.init.zeros_(self.prior_encoder.projection.weight)
        nn.init.zeros_(self.prior_encoder.projection.bias)  # type: ignore[arg-type]

    def prior(self, content: Tensor, pitch_coarse: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor]:
        """As in `Synthesizer.prior`; the mean is added to the linear baseline's."""
        mean, log_std = super().prior(content, pitch_coarse, mask)
        return mean + self.linear.shared(content) * mask, log_std

    def posterior(self, spectrogram: Tensor, mask: Tensor, speaker_id: Tensor) -> tuple[Tensor, Tensor]:
        """As in `Synthesizer.posterior`, but known: the standardised mel, and the same spread everywhere."""
        mel = log_mel(mel_from_linear(spectrogram, self.filters))
        mean = (mel - self.linear.mean_of(speaker_id)) / self.linear.spread_of(speaker_id) * mask
        return mean, torch.full_like(mean, POSTERIOR_LOG_STD) * mask

    def trained_latent(self, z: Tensor, prior_mean: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """The posterior's sample; of every second example, what the flow makes of the prior's mean."""
        chosen = slice(None, None, EVERY)
        converted = self.flow(prior_mean[chosen], mask[chosen], speaker[chosen], reverse=True) * mask[chosen]
        latent = z.clone()
        latent[chosen] = converted
        return latent

    def generator_input(self, z: Tensor, speaker_id: Tensor) -> Tensor:
        """The mel, no longer standardised: natural logarithms, as a vocoder reads them."""
        return z * self.linear.spread_of(speaker_id) + self.linear.mean_of(speaker_id)
