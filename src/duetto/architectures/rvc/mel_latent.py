"""RVC whose latent is a mel spectrogram, and what the networks add to it: for trainings of minutes.

Upstream's latent is free: posterior, flow, prior and generator have to agree on one from nothing, which takes hours.
Here the first channels of the latent are the log-mel, standardised by mean and spread of the singer; the others are
free. Posterior, prior and flow predict only what has to be added, and add nothing at first. So the untrained network is
known: its posterior and a generator that starts as a vocoder are copy synthesis, and its prior is the linear baseline.
The posterior reads the logarithm of the magnitudes; upstream's reads the magnitudes, in which quiet consonants hardly
show.

Letters as in `synthesizer.py`; M mel bins, the first of the C channels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from duetto.architectures.rvc.shapes import SynthesizerConfig
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.features.spectrogram import log_mel, mel_filterbank, mel_from_linear
from duetto.layers.linear_acoustic import LinearAcoustic

CONTEXT_FRAMES = 5  # of the linear map, as of the linear baseline
SOFTEST = 1e-5  # magnitude
LOG_CENTRE, LOG_SCALE = -5.0, 3.0  # of log magnitudes of speech and song: the posterior reads about -2 to 3
POSTERIOR_LOG_STD = -2.0  # at first, in spreads of a bin: about 0.3 nats of noise on the mel


class MelLatentSynthesizer(Synthesizer):
    """A synthesizer whose shape has a mel band.

    Args:
        config: With `mel`.
    """

    filters: Tensor

    def __init__(self, config: SynthesizerConfig) -> None:
        super().__init__(config)
        assert config.mel is not None
        band = config.mel
        self.num_free = config.inter_channels - band.n_mels
        self.linear = LinearAcoustic(config.content_dimension, band.n_mels, CONTEXT_FRAMES, config.num_speakers)
        n_fft = 2 * (config.spectrogram_channels - 1)
        filters = mel_filterbank(config.sample_rate, n_fft, band.n_mels, band.min_hz, band.max_hz)
        self.register_buffer("filters", filters.clone(), persistent=False)
        self._add_nothing()

    def _add_nothing(self) -> None:
        nn.init.zeros_(self.prior_encoder.projection.weight)
        nn.init.zeros_(self.prior_encoder.projection.bias)  # type: ignore[arg-type]
        if self.posterior_encoder is not None:
            projection = self.posterior_encoder.projection
            nn.init.zeros_(projection.weight)
            assert projection.bias is not None
            with torch.no_grad():
                mean, log_std = projection.bias.chunk(2)
                mean.zero_()
                log_std.fill_(POSTERIOR_LOG_STD)

    def prior(self, content: Tensor, pitch_coarse: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor]:
        """As in `Synthesizer.prior`; the mean is added to the linear baseline's."""
        mean, log_std = super().prior(content, pitch_coarse, mask)
        return mean + self._widened(self.linear.shared(content)) * mask, log_std

    def posterior(self, spectrogram: Tensor, mask: Tensor, speaker_id: Tensor) -> tuple[Tensor, Tensor]:
        """As in `Synthesizer.posterior`; the mean is added to the standardised mel."""
        logarithm = (torch.log(spectrogram.clamp(min=SOFTEST)) - LOG_CENTRE) / LOG_SCALE
        mean, log_std = super().posterior(logarithm, mask, speaker_id)
        mel = log_mel(mel_from_linear(spectrogram, self.filters))
        standardised = (mel - self.linear.mean_of(speaker_id)) / self.linear.spread_of(speaker_id)
        return mean + self._widened(standardised.to(mean.dtype)) * mask, log_std

    def generator_input(self, z: Tensor, speaker_id: Tensor) -> Tensor:
        """The latent with its mel no longer standardised: natural logarithms, as a vocoder reads them."""
        mel, free = z.split([z.shape[1] - self.num_free, self.num_free], dim=1)
        return torch.cat([mel * self.linear.spread_of(speaker_id) + self.linear.mean_of(speaker_id), free], dim=1)

    def _widened(self, mel: Tensor) -> Tensor:
        """(B, M, T) -> (B, C, T), the free channels 0."""
        return functional.pad(mel, (0, 0, 0, self.num_free))
