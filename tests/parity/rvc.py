"""Every array that the RVC reference run stored, computed with our networks.

The run and its inputs: 60 frames, speaker 3 for conversion; a batch of two utterances (60 and 52 frames) for training;
no noise in the excitation. Array names are the reference's.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.losses import (
    adversarial_loss,
    discriminator_loss,
    feature_matching_loss,
    kl_loss,
    mel_loss,
)
from duetto.architectures.rvc.shapes import discriminator_periods, ecosystem_settings, ecosystem_shape
from duetto.architectures.rvc.synthesizer import NOISE_SCALE, Synthesizer, TrainingOutput
from duetto.features.spectrogram import linear_spectrogram, log_mel, mel_filterbank, mel_from_linear
from duetto.layers.masks import sequence_mask, slice_segments

from . import fill

Arrays = dict[str, NDArray]

NUM_FRAMES = 60
LENGTHS = (60, 52)  # of the training batch
SPEAKERS = (3, 7)
SEGMENT_STARTS = (3, 10)
HEAD_FRAMES, CONTEXT_FRAMES, RETURNED_FRAMES = 30, 24, 20  # of the realtime call
LATENT = 192
FEATURE_MAP_SLOTS = 8
NO_NOISE = torch.zeros(1)


@dataclass(frozen=True)
class Batch:
    """The training batch."""

    content: Tensor
    f0_hz: Tensor
    pitch: Tensor
    waveform: Tensor  # (2, S)
    spectrogram: Tensor
    lengths: Tensor
    speakers: Tensor
    starts: Tensor
    noise: Tensor


class ReferenceRun:
    """The networks of one variant, filled by the rule, and what they give."""

    def __init__(self, variant: str) -> None:
        version = variant.split("_")[0]
        self.config = ecosystem_shape(variant)
        features = ecosystem_settings(variant).features
        self.n_fft, self.n_mels = features.n_fft, features.n_mels
        self.synthesizer = Synthesizer(self.config)
        self.discriminator = MultiPeriodDiscriminator(discriminator_periods(version))
        self.digests = {
            "fill.sha256_g": np.array(fill.fill(self.synthesizer)),
            "fill.sha256_d": np.array(fill.fill(self.discriminator)),
        }
        self.content = fill.normal_tensor("input.phone", 1, NUM_FRAMES, self.config.content_dimension)
        self.f0_hz = torch.from_numpy(fill.f0_contour(NUM_FRAMES))[None]
        self.pitch = torch.from_numpy(fill.coarse_pitch(fill.f0_contour(NUM_FRAMES)))[None]
        self.speaker = torch.tensor(SPEAKERS[:1])

    def pitches(self, f0_hz: Tensor, pitch: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Both, or None twice in a variant without f0."""
        return (f0_hz, pitch) if self.config.uses_f0 else (None, None)

    def prior(self, length: int, noise: Tensor, first: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Mean, log standard deviation and sample of the prior from frame `first` on, and its mask."""
        mask = sequence_mask(torch.tensor([length]), NUM_FRAMES)
        _, pitch = self.pitches(self.f0_hz, self.pitch)
        mean, log_std = self.synthesizer.prior_encoder(self.content, pitch, mask)
        mean, log_std, mask = mean[..., first:], log_std[..., first:], mask[..., first:]
        return mean, log_std, (mean + torch.exp(log_std) * noise * NOISE_SCALE) * mask, mask

    @torch.no_grad()
    def conversion(self) -> Arrays:
        """Prior, flow, source and waveform."""
        net = self.synthesizer.eval()
        noise = fill.normal_tensor("input.noise_p", 1, LATENT, NUM_FRAMES)
        speaker = net.embed_speaker(self.speaker)
        mean, log_std, z_p, mask = self.prior(NUM_FRAMES, noise)
        z = net.flow(z_p, mask, speaker, reverse=True)
        f0_hz, _ = self.pitches(self.f0_hz, self.pitch)
        short_mean, short_log_std, _, _ = self.prior(LENGTHS[1], noise)
        arrays = {
            "sid": self.speaker,
            "pitch": self.pitch,
            "pitchf": self.f0_hz,
            "enc_p.m_p": mean,
            "enc_p.logs_p": log_std,
            "enc_p.mask": mask,
            "z_p": z_p,
            "flow.reverse_z": z,
            "flow.forward_of_z_p": net.flow(z_p, mask, speaker),
            "dec.wav": net.decode(z * mask, f0_hz, speaker, NO_NOISE),
            "enc_p.m_p_len52": short_mean,
            "enc_p.logs_p_len52": short_log_std,
            "infer.realtime_head30_len20": self.realtime(speaker, noise),
        }
        if f0_hz is not None:
            arrays["dec.har_source"] = net.generator.source(f0_hz, NO_NOISE).transpose(1, 2)
        return {name: value.numpy() for name, value in arrays.items()} | {"infer.maxdiff_vs_parts": self.seeded_gap()}

    def realtime(self, speaker: Tensor, noise: Tensor) -> Tensor:
        """A few frames out of the middle, with context for the flow but none for the generator."""
        first, end = HEAD_FRAMES - CONTEXT_FRAMES, HEAD_FRAMES + RETURNED_FRAMES
        _, _, z_p, mask = self.prior(NUM_FRAMES, noise[..., first:], first)
        z = self.synthesizer.flow(z_p, mask, speaker, reverse=True) * mask
        f0_hz, _ = self.pitches(self.f0_hz[:, HEAD_FRAMES:end], self.pitch)
        return self.synthesizer.decode(z[..., HEAD_FRAMES - first : end - first], f0_hz, speaker, NO_NOISE)

    def seeded_gap(self) -> NDArray:
        """Largest difference between `convert` and its parts, both fed by one seed."""
        f0_hz, pitch = self.pitches(self.f0_hz, self.pitch)
        length = torch.tensor([NUM_FRAMES])
        seeded = torch.Generator().manual_seed(0)
        whole = self.synthesizer.convert(self.content, f0_hz, pitch, length, self.speaker, generator=seeded)
        seeded = torch.Generator().manual_seed(0)
        speaker = self.synthesizer.embed_speaker(self.speaker)
        _, _, z_p, mask = self.prior(NUM_FRAMES, torch.randn(1, LATENT, NUM_FRAMES, generator=seeded))
        z = self.synthesizer.flow(z_p, mask, speaker, reverse=True)
        parts = self.synthesizer.decode(z * mask, f0_hz, speaker, generator=seeded)
        return np.float32((whole - parts).abs().max())

    def batch(self) -> Batch:
        """The training inputs; utterance 1 is reversed, shorter and padded with zeros."""
        num_samples, end = NUM_FRAMES * self.config.hop_length, LENGTHS[1]
        rate = self.config.sample_rate
        waveform = torch.from_numpy(
            np.stack(
                [
                    fill.chirp("input.wave0", num_samples, rate),
                    fill.chirp("input.wave1", num_samples, rate)[::-1].copy(),
                ]
            )
        )
        waveform[1, end * self.config.hop_length :] = 0.0
        f0_hz = np.stack([fill.f0_contour(NUM_FRAMES), fill.f0_contour(NUM_FRAMES, 240.0)])
        pitch = fill.coarse_pitch(f0_hz)
        f0_hz[1, end:], pitch[1, end:] = 0.0, 0
        content = torch.cat([self.content, fill.normal_tensor("input.phone1", *self.content.shape)])
        content[1, end:] = 0.0
        lengths = torch.tensor(LENGTHS)
        mask = sequence_mask(lengths, NUM_FRAMES)
        return Batch(
            content=content,
            f0_hz=torch.from_numpy(f0_hz),
            pitch=torch.from_numpy(pitch),
            waveform=waveform,
            spectrogram=linear_spectrogram(waveform, self.n_fft, self.config.hop_length) * mask,
            lengths=lengths,
            speakers=torch.tensor(SPEAKERS),
            starts=torch.tensor(SEGMENT_STARTS),
            noise=fill.normal_tensor("input.noise_q", len(LENGTHS), LATENT, NUM_FRAMES),
        )

    def mel(self, spectrogram: Tensor) -> Tensor:
        """Log mel of a linear spectrogram."""
        filters = mel_filterbank(self.config.sample_rate, self.n_fft, self.n_mels, 0.0, None)
        return log_mel(mel_from_linear(spectrogram, filters))

    def generate(self, batch: Batch) -> TrainingOutput:
        """One forward pass in training mode."""
        f0_hz, pitch = self.pitches(batch.f0_hz, batch.pitch)
        return self.synthesizer.train()(
            batch.content,
            f0_hz,
            pitch,
            batch.spectrogram,
            batch.lengths,
            batch.speakers,
            segment_start=batch.starts,
            posterior_noise=batch.noise,
            source_noise=NO_NOISE,
        )

    def training(self, num_updates: int) -> Arrays:
        """Posterior, generated segment, discriminator outputs, then losses and gradient norms of every update."""
        batch = self.batch()
        with torch.no_grad():
            output = self.generate(batch)
            arrays = self.describe_batch(batch) | self.describe_output(batch, output)
        values: dict[str, float] = {}
        optimizers = [
            torch.optim.AdamW(network.parameters(), lr=1e-4, betas=(0.8, 0.99), eps=1e-9, weight_decay=0.01)
            for network in (self.synthesizer, self.discriminator)
        ]
        for update in range(1, num_updates + 1):
            losses = self.update(batch, *optimizers)
            values |= {f"iter{update}.{name}": value for name, value in losses.items()}
        names = sorted(values)
        return arrays | {"loss.names": np.array(names), "loss.values": np.array([values[name] for name in names])}

    def describe_batch(self, batch: Batch) -> Arrays:
        """The stored inputs of the training step."""
        arrays = {
            "train.wave": batch.waveform,
            "train.spec_row0": batch.spectrogram[:1],
            "train.spec_row1_sum_over_time": batch.spectrogram[1].sum(dim=-1),
            "train.lens": batch.lengths,
            "train.sid": batch.speakers,
            "train.ids_slice": batch.starts,
            "train.pitchf": batch.f0_hz,
            "train.pitch": batch.pitch,
        }
        return {name: value.numpy() for name, value in arrays.items()}

    def describe_output(self, batch: Batch, output: TrainingOutput) -> Arrays:
        """Latents, segment, mels, and the untrained discriminator's opinions."""
        latents = {
            "m_q": output.posterior_mean,
            "logs_q": output.posterior_log_std,
            "z": output.z,
            "z_p": output.z_p,
            "m_p": output.prior_mean,
            "logs_p": output.prior_log_std,
        }
        real_mel, generated_mel = self.segment_mels(batch, output)
        arrays = {f"train.l2.{name}": value.double().flatten(1).norm(dim=1) for name, value in latents.items()}
        arrays |= {f"enc_q.{name}_row0": latents[name][:1] for name in ("m_q", "logs_q", "z")}
        arrays |= {
            "enc_q.mask": output.mask,
            "flow.forward_train_z_p_row0": output.z_p[:1],
            "train.y_hat": output.waveform.squeeze(1),
            "train.y_mel_row0": real_mel[:1],
            "train.y_hat_mel_row0": generated_mel[:1],
        }
        for kind, waveform in (("real", self.real_segment(batch)), ("fake", output.waveform)):
            scores, maps = self.discriminator.train()(waveform)
            arrays[f"disc.{kind}_out_l2"] = torch.stack([score.double().norm() for score in scores])
            norms = [torch.stack([feature_map.double().norm() for feature_map in of_one]) for of_one in maps]
            arrays[f"disc.{kind}_fmap_l2"] = torch.stack(
                [torch.nn.functional.pad(norm, (0, FEATURE_MAP_SLOTS - len(norm))) for norm in norms]
            )
            if kind == "real":
                arrays |= {"disc.real_out_0": scores[0], "disc.real_out_1": scores[1], "disc.real_out_last": scores[-1]}
        return {name: value.numpy() for name, value in arrays.items()}

    def real_segment(self, batch: Batch) -> Tensor:
        """(2, 1, segment samples)."""
        hop = self.config.hop_length
        return slice_segments(batch.waveform[:, None], batch.starts * hop, self.config.segment_frames * hop)

    def segment_mels(self, batch: Batch, output: TrainingOutput) -> tuple[Tensor, Tensor]:
        """Mel of the recording, cut out of the whole utterance's, and mel of the generated segment."""
        real = slice_segments(self.mel(batch.spectrogram), batch.starts, self.config.segment_frames)
        segment = linear_spectrogram(output.waveform.squeeze(1), self.n_fft, self.config.hop_length)
        return real, self.mel(segment)

    def update(
        self, batch: Batch, synthesizer_optimizer: torch.optim.Optimizer, discriminator_optimizer: torch.optim.Optimizer
    ) -> dict[str, float]:
        """One step of the discriminator, then one of the synthesizer."""
        output, real = self.generate(batch), self.real_segment(batch)
        real_scores, _ = self.discriminator(real)
        fake_scores, _ = self.discriminator(output.waveform.detach())
        loss_disc = discriminator_loss(real_scores, fake_scores)
        discriminator_optimizer.zero_grad()
        loss_disc.backward()
        losses = {"loss_disc": loss_disc.item(), "grad_norm_d": gradient_norm(self.discriminator)}
        discriminator_optimizer.step()
        _, real_maps = self.discriminator(real)
        fake_scores, fake_maps = self.discriminator(output.waveform)
        terms = {
            "loss_gen": adversarial_loss(fake_scores),
            "loss_fm": 2.0 * feature_matching_loss(real_maps, fake_maps),
            "loss_mel": 45.0 * mel_loss(*self.segment_mels(batch, output)),
            "loss_kl": kl_loss(
                output.z_p, output.posterior_log_std, output.prior_mean, output.prior_log_std, output.mask
            ),
        }
        total = terms["loss_gen"] + terms["loss_fm"] + terms["loss_mel"] + terms["loss_kl"]
        synthesizer_optimizer.zero_grad()
        total.backward()
        losses |= {name: term.item() for name, term in terms.items()}
        losses |= {"loss_gen_all": total.item(), "grad_norm_g": gradient_norm(self.synthesizer)}
        synthesizer_optimizer.step()
        return losses


def gradient_norm(module: torch.nn.Module) -> float:
    """Euclidean norm over all gradients."""
    return float(torch.stack([p.grad.double().norm() for p in module.parameters() if p.grad is not None]).norm())
