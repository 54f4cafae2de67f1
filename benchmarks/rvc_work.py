"""What `benchmarks/rvc.py` computes, and how we do it: v2-40k, weights and inputs by the fill rule.

A side (ours here, upstream's in `rvc_upstream.py`) does the same work from the same weights: `train_step`, `decode`,
`convert` and `posterior_flow`.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.losses import (
    adversarial_loss,
    discriminator_loss,
    feature_matching_loss,
    kl_loss,
    mel_loss,
)
from duetto.architectures.rvc.shapes import discriminator_periods, ecosystem_shape
from duetto.architectures.rvc.synthesizer import NOISE_SCALE, Synthesizer
from duetto.features.spectrogram import linear_spectrogram, log_mel, mel_filterbank, mel_from_linear
from duetto.layers.masks import sequence_mask, slice_segments
from duetto.layers.weight_norm import fold_weight_norm
from tests.parity import fill

RATE, HOP, N_FFT, N_MELS = 40000, 400, 2048, 125
LATENT = 192
SEGMENT_FRAMES = 32
BATCH_SIZE = 4
CLIP_FRAMES = 370  # 3.7 s, upstream's longest training clip


@dataclass(frozen=True)
class Work:
    """Inputs of every item."""

    # training: four clips of 3.7 s
    content: Tensor
    f0_hz: Tensor
    pitch: Tensor
    waveform: Tensor  # (4, 1, S)
    spectrogram: Tensor
    lengths: Tensor
    speakers: Tensor
    posterior_noise: Tensor
    segment_draws: Tensor  # uniform, one a clip
    # conversion
    long_content: Tensor  # (1, T, 768)
    long_f0_hz: Tensor
    long_pitch: Tensor
    latent: Tensor  # (1, 192, T)
    prior_noise: Tensor
    speaker: Tensor


def make_work(seconds: float) -> Work:
    """Inputs from their names, `seconds` of them for conversion."""
    f0_hz = np.stack([fill.f0_contour(CLIP_FRAMES, base) for base in (180.0, 220.0, 260.0, 300.0)])
    samples = CLIP_FRAMES * HOP
    waveform = torch.from_numpy(np.stack([fill.chirp(f"wave{row}", samples, RATE) for row in range(BATCH_SIZE)]))
    frames = round(seconds * RATE / HOP)
    long_f0_hz = fill.f0_contour(frames)[None]
    return Work(
        content=fill.normal_tensor("content", BATCH_SIZE, CLIP_FRAMES, 768),
        f0_hz=torch.from_numpy(f0_hz),
        pitch=torch.from_numpy(fill.coarse_pitch(f0_hz)),
        waveform=waveform[:, None],
        spectrogram=linear_spectrogram(waveform, N_FFT, HOP),
        lengths=torch.full((BATCH_SIZE,), CLIP_FRAMES),
        speakers=torch.arange(BATCH_SIZE),
        posterior_noise=fill.normal_tensor("noise_q", BATCH_SIZE, LATENT, CLIP_FRAMES),
        segment_draws=torch.linspace(0.2, 0.8, BATCH_SIZE),
        long_content=fill.normal_tensor("long_content", 1, frames, 768),
        long_f0_hz=torch.from_numpy(long_f0_hz),
        long_pitch=torch.from_numpy(fill.coarse_pitch(long_f0_hz)),
        latent=fill.normal_tensor("latent", 1, LATENT, frames),
        prior_noise=fill.normal_tensor("noise_p", 1, LATENT, frames),
        speaker=torch.zeros(1, dtype=torch.long),
    )


def fill_foreign(module: nn.Module) -> None:
    """Fill a network that bears the ecosystem's own names."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            tensor.copy_(torch.from_numpy(fill.weight(name, tuple(tensor.shape))))


class Ours:
    """Our v2-40k networks, filled by the rule."""

    name = "duetto"

    def __init__(self, work: Work) -> None:
        self.work = work
        self.synthesizer = Synthesizer(ecosystem_shape("v2_40k_f0"))
        self.discriminator = MultiPeriodDiscriminator(discriminator_periods("v2"))
        fill.fill(self.synthesizer)
        fill.fill(self.discriminator)
        self.optimizers = [
            torch.optim.AdamW(network.parameters(), lr=1e-4, betas=(0.8, 0.99), eps=1e-9, fused=True)
            for network in (self.synthesizer, self.discriminator)
        ]
        self.converter = Synthesizer(ecosystem_shape("v2_40k_f0")).eval()
        fill.fill(self.converter)
        fold_weight_norm(self.converter)
        self.filters = mel_filterbank(RATE, N_FFT, N_MELS, 0.0, None)
        self.is_random = True

    def train_step(self) -> dict[str, float]:
        """One update of each network, in upstream's order; the losses."""
        work, discriminator = self.work, self.discriminator
        optimizer_g, optimizer_d = self.optimizers
        starts = (work.segment_draws * (work.lengths - SEGMENT_FRAMES + 1)).long()
        output = self.synthesizer.train()(
            work.content,
            work.f0_hz,
            work.pitch,
            work.spectrogram,
            work.lengths,
            work.speakers,
            segment_start=None if self.is_random else starts,
            posterior_noise=None if self.is_random else work.posterior_noise,
            source_noise=None if self.is_random else torch.zeros(1),
        )
        starts = output.segment_start
        real_mel = slice_segments(self.log_mel(work.spectrogram), starts, SEGMENT_FRAMES)
        fake_mel = self.log_mel(linear_spectrogram(output.waveform.squeeze(1), N_FFT, HOP))
        real = slice_segments(work.waveform, starts * HOP, SEGMENT_FRAMES * HOP)
        scores, _ = discriminator(torch.cat([real, output.waveform.detach()]))
        real_scores, fake_scores = zip(*(each.chunk(2) for each in scores), strict=True)
        loss_d = discriminator_loss(real_scores, fake_scores)
        optimizer_d.zero_grad()
        loss_d.backward()
        optimizer_d.step()
        discriminator.requires_grad_(False)
        with torch.no_grad():
            _, real_maps = discriminator(real)
        fake_scores, fake_maps = discriminator(output.waveform)
        terms = {
            "mel": 45 * mel_loss(real_mel, fake_mel),
            "kl": kl_loss(output.z_p, output.posterior_log_std, output.prior_mean, output.prior_log_std, output.mask),
            "maps": 2 * feature_matching_loss(real_maps, fake_maps),
            "adversarial": adversarial_loss(fake_scores),
        }
        optimizer_g.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        optimizer_g.step()
        discriminator.requires_grad_(True)
        return {name: float(term.detach()) for name, term in ({"discriminator": loss_d} | terms).items()}

    def log_mel(self, spectrogram: Tensor) -> Tensor:
        """(B, F, T) -> (B, M, T)."""
        return log_mel(mel_from_linear(spectrogram, self.filters))

    @torch.no_grad()
    def decode(self) -> Tensor:
        """The waveform of `work.latent`."""
        work, net = self.work, self.converter
        noise = None if self.is_random else torch.zeros(1)
        return net.decode(work.latent, work.long_f0_hz, net.embed_speaker(work.speaker), noise=noise)

    @torch.no_grad()
    def convert(self) -> Tensor:
        """Content and pitch to a waveform."""
        work, net = self.work, self.converter
        length = torch.tensor([work.long_content.shape[1]])
        if self.is_random:
            return net.convert(work.long_content, work.long_f0_hz, work.long_pitch, length, work.speaker)
        mask = sequence_mask(length, int(length))
        mean, log_std = net.prior_encoder(work.long_content, work.long_pitch, mask)
        z_p = (mean + torch.exp(log_std) * work.prior_noise * NOISE_SCALE) * mask
        speaker = net.embed_speaker(work.speaker)
        z = net.flow(z_p, mask, speaker, reverse=True)
        return net.decode(z * mask, work.long_f0_hz, speaker, noise=torch.zeros(1))

    @torch.no_grad()
    def posterior_flow(self) -> Tensor:
        """The training batch's latents carried to the prior."""
        work, net = self.work, self.converter
        mask = sequence_mask(work.lengths, CLIP_FRAMES)
        speaker = net.embed_speaker(work.speakers)
        mean, log_std = net.posterior_encoder(work.spectrogram, mask, speaker)
        noise = torch.randn_like(mean) if self.is_random else work.posterior_noise
        return net.flow((mean + noise * torch.exp(log_std)) * mask, mask, speaker)

    @contextlib.contextmanager
    def without_chance(self) -> Iterator[None]:
        """As upstream's."""
        self.is_random = False
        yield
        self.is_random = True
