"""The same work done by a checkout of RVC WebUI (branch 20240604) that the user points to; nothing of it is kept here.

Only its public classes and functions are called: the synthesizer, the discriminator, the losses and the mel.
"""

import importlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from benchmarks.rvc_work import HOP, LATENT, N_FFT, N_MELS, RATE, SEGMENT_FRAMES, Work, fill_foreign

MODELS = "infer.lib.infer_pack.models"


class Upstream:
    """Upstream's v2-40k networks, filled by the rule."""

    name = "upstream"

    def __init__(self, path: Path, work: Work) -> None:
        if not (path / "infer" / "lib" / "infer_pack" / "models.py").is_file():
            raise SystemExit(f"upstream={path}: no RVC WebUI checkout (infer/lib/infer_pack/models.py is missing).")
        package = ModuleType("infer")  # a folder without __init__: our own infer.py would be found before it
        package.__path__ = [str(path.resolve() / "infer")]
        sys.modules["infer"] = package
        warnings.filterwarnings("ignore", category=FutureWarning)
        models = importlib.import_module(MODELS)
        self.losses = importlib.import_module("infer.lib.train.losses")
        self.mels = importlib.import_module("infer.lib.train.mel_processing")
        self.commons = importlib.import_module("infer.lib.infer_pack.commons")
        self.work = work
        self.synthesizer = build_synthesizer(models)
        self.discriminator = models.MultiPeriodDiscriminatorV2(False)
        fill_foreign(self.synthesizer)
        fill_foreign(self.discriminator)
        settings: dict[str, Any] = {"lr": 1e-4, "betas": (0.8, 0.99), "eps": 1e-9}
        self.optimizers = [
            torch.optim.AdamW(network.parameters(), **settings) for network in (self.synthesizer, self.discriminator)
        ]
        self.converter = build_synthesizer(models)
        fill_foreign(self.converter)
        self.converter.eval().remove_weight_norm()

    def train_step(self) -> dict[str, float]:
        """One update of each network, in upstream's order; the losses."""
        work, net, discriminator = self.work, self.synthesizer.train(), self.discriminator
        optimizer_g, optimizer_d = self.optimizers
        output, starts, _, mask, (_, z_p, m_p, logs_p, _, logs_q) = net(
            work.content, work.lengths, work.pitch, work.f0_hz, work.spectrogram, work.lengths, work.speakers
        )
        mel = self.mels.spec_to_mel_torch(work.spectrogram, N_FFT, N_MELS, RATE, 0.0, None)
        real_mel = self.commons.slice_segments(mel, starts, SEGMENT_FRAMES)
        fake_mel = self.mels.mel_spectrogram_torch(output.squeeze(1), N_FFT, N_MELS, RATE, HOP, N_FFT, 0.0, None)
        real = self.commons.slice_segments(work.waveform, starts * HOP, SEGMENT_FRAMES * HOP)
        real_scores, fake_scores, _, _ = discriminator(real, output.detach())
        loss_d, _, _ = self.losses.discriminator_loss(real_scores, fake_scores)
        optimizer_d.zero_grad()
        loss_d.backward()
        self.commons.clip_grad_value_(discriminator.parameters(), None)
        optimizer_d.step()
        real_scores, fake_scores, real_maps, fake_maps = discriminator(real, output)
        loss_mel = torch.nn.functional.l1_loss(real_mel, fake_mel) * 45
        loss_kl = self.losses.kl_loss(z_p, logs_q, m_p, logs_p, mask)
        loss_maps = self.losses.feature_loss(real_maps, fake_maps)
        loss_g, _ = self.losses.generator_loss(fake_scores)
        optimizer_g.zero_grad()
        (loss_g + loss_maps + loss_mel + loss_kl).backward()
        self.commons.clip_grad_value_(net.parameters(), None)
        optimizer_g.step()
        terms = {"discriminator": loss_d, "mel": loss_mel, "kl": loss_kl, "maps": loss_maps, "adversarial": loss_g}
        return {name: float(term.detach()) for name, term in terms.items()}

    @torch.no_grad()
    def decode(self) -> Tensor:
        """The waveform of `work.latent`."""
        work, net = self.work, self.converter
        return net.dec(work.latent, work.long_f0_hz, g=net.emb_g(work.speaker).unsqueeze(-1))

    @torch.no_grad()
    def convert(self) -> Tensor:
        """Content and pitch to a waveform."""
        work = self.work
        length = torch.tensor([work.long_content.shape[1]])
        return self.converter.infer(work.long_content, length, work.long_pitch, work.long_f0_hz, work.speaker)[0]

    @torch.no_grad()
    def posterior_flow(self) -> Tensor:
        """The training batch's latents carried to the prior."""
        work, net = self.work, self.converter
        speaker = net.emb_g(work.speakers).unsqueeze(-1)
        z, _, _, mask = net.enc_q(work.spectrogram, work.lengths, g=speaker)
        return net.flow(z, mask, g=speaker)

    @contextmanager
    def without_chance(self) -> Iterator[None]:
        """Noise of the latents from the work, none in the source, segments from the middle of their range."""
        drawn = {"randn_like": torch.randn_like, "rand": torch.rand}
        latent_noise = {tuple(noise.shape): noise for noise in (self.work.posterior_noise, self.work.prior_noise)}

        def randn_like(values: Tensor, **_: Any) -> Tensor:
            return latent_noise[tuple(values.shape)] if values.shape[1] == LATENT else torch.zeros_like(values)

        def rand(*size: Any, **_: Any) -> Tensor:
            shape = size[0] if isinstance(size[0], (list, tuple)) else size
            return self.work.segment_draws if tuple(shape) == (len(self.work.lengths),) else torch.zeros(shape)

        torch.randn_like, torch.rand = randn_like, rand  # type: ignore[assignment]
        try:
            yield
        finally:
            torch.randn_like, torch.rand = drawn["randn_like"], drawn["rand"]


def build_synthesizer(models: ModuleType) -> Any:
    """Upstream's class for v2 with pitch, at 40 kHz."""
    rates, kernels = [10, 10, 2, 2], [16, 16, 4, 4]
    shape = (N_FFT // 2 + 1, SEGMENT_FRAMES, LATENT, 192, 768, 2, 6, 3, 0, "1", [3, 7, 11], [[1, 3, 5]] * 3)
    return models.SynthesizerTrnMs768NSFsid(*shape, rates, 512, kernels, 109, 256, RATE, is_half=False)
