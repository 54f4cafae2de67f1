"""What `benchmarks/diffsvc.py` computes, and how we do it: the 44.1 kHz shape, weights and inputs by the fill rule.

A side (ours here, upstream's in `diffsvc_upstream.py`) does the same work from the same weights: `train_step`,
`denoise`, `convert`, `vocoder` and `sing`.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from duetto.architectures.diffsvc.model import ConditionInputs
from duetto.architectures.diffsvc.prepared import PreparedDenoiser
from duetto.architectures.diffsvc.sampling import SamplerSettings
from duetto.architectures.diffsvc.schedule import noise_loss
from duetto.architectures.diffsvc.shapes import published_shape
from duetto.architectures.vocoder.shapes import OPENVPI_44K
from duetto.features.mel import log10_to_natural
from duetto.features.timing import deal_units
from duetto.layers.weight_norm import fold_weight_norm
from tests.parity import fill
from tests.parity.diffsvc_fill import filled_model, filled_vocoder

RATE, HOP, N_MELS, CONTENT = 44100, 512, 128, 256
UNIT_RATE = 50
BATCH_SIZE = 4
CLIP_FRAMES = 172  # 2 s
TIMESTEP = 500  # of the denoiser's call
LEARNING_RATE, BETAS, CLIPPED_NORM = 8e-4, (0.9, 0.98), 1.0  # upstream's
VOCODER_RANGE = (-6.0, 1.5)  # of the log10 mel, upstream's
SEED = 0  # of the noise that a conversion starts with


@dataclass(frozen=True)
class FrameInputs:
    """What a model sings from."""

    units: Tensor  # (B, U, 256)
    unit_index: Tensor  # (B, T), 1-based
    f0_hz: Tensor  # (B, T), voiced throughout, as upstream interpolates it


@dataclass(frozen=True)
class Work:
    """Inputs of every item."""

    clips: FrameInputs  # training
    clip_mel: Tensor  # log10, (4, 128, T)
    timestep: Tensor  # (4,)
    noise: Tensor  # (4, 128, T)
    song: FrameInputs  # conversion, B = 1
    start: Tensor  # the noise it starts with, (1, 128, T)
    condition: Tensor  # of the denoiser's call, (1, 256, T)
    mel: Tensor  # the vocoder's, log10


def make_inputs(name: str, batch: int, num_frames: int) -> FrameInputs:
    """A performance by its name."""
    num_units = max(1, int(num_frames * HOP / RATE * UNIT_RATE))
    index = torch.from_numpy(np.asarray(deal_units(num_frames, num_units))).long()
    f0_hz = np.stack([fill.f0_contour(num_frames, 180.0 + 40.0 * row) for row in range(batch)])
    bridged = np.where(f0_hz > 0, f0_hz, 200.0).astype(np.float32)
    units = fill.normal_tensor(f"{name}_units", batch, num_units, CONTENT)
    return FrameInputs(units, index.expand(batch, -1), torch.from_numpy(bridged))


def make_work(seconds: float) -> Work:
    """Inputs from their names, `seconds` of them for conversion."""
    num_frames = int(seconds * RATE / HOP)
    clip_mel, song_mel = (
        fill.normal_tensor(name, batch, N_MELS, frames) * 0.6 - 2.5
        for name, batch, frames in (("clip_mel", BATCH_SIZE, CLIP_FRAMES), ("song_mel", 1, num_frames))
    )
    return Work(
        clips=make_inputs("clips", BATCH_SIZE, CLIP_FRAMES),
        clip_mel=clip_mel,
        timestep=torch.tensor([17, 250, 500, 873]),
        noise=fill.normal_tensor("clip_noise", BATCH_SIZE, N_MELS, CLIP_FRAMES),
        song=make_inputs("song", 1, num_frames),
        start=torch.randn(1, N_MELS, num_frames, generator=torch.Generator().manual_seed(SEED)),
        condition=fill.normal_tensor("condition", 1, CONTENT, num_frames),
        mel=song_mel,
    )


def condition_inputs(frames: FrameInputs) -> ConditionInputs:
    """As our model takes them."""
    mask = torch.ones_like(frames.f0_hz)[:, None]
    return ConditionInputs(frames.units, frames.f0_hz, mask, unit_index=frames.unit_index)


class Ours:
    """Our 44.1 kHz networks, filled by the rule."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.model, _ = filled_model(published_shape("44k"))
        self.trained, _ = filled_model(published_shape("44k"))
        self.trained.train()
        self.optimizer = torch.optim.AdamW(
            self.trained.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=0.0, fused=True
        )
        self.singer, _ = filled_vocoder(OPENVPI_44K)
        fold_weight_norm(self.singer)
        self.prepared = PreparedDenoiser(self.model.denoiser, work.condition, torch.ones_like(work.condition[:, :1]))
        self.is_random = True

    def train_step(self) -> dict[str, float]:
        """One update; loss and gradient norm."""
        work, mel = self.work, self.work.clip_mel
        timestep = torch.randint(1000, (len(mel),)) if self.is_random else work.timestep
        noise = torch.randn_like(mel) if self.is_random else work.noise
        inputs = condition_inputs(work.clips)
        loss = noise_loss(noise, self.trained(mel, inputs, timestep, noise), inputs.mask)
        self.optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.trained.parameters(), CLIPPED_NORM)
        self.optimizer.step()
        return {"noise": loss.item(), "norm": norm.item()}

    @torch.no_grad()
    def denoise(self) -> Tensor:
        """One call that starts from the bare condition."""
        return self.model.denoiser(self.work.start, torch.tensor([TIMESTEP]), self.work.condition)

    @torch.no_grad()
    def denoise_prepared(self) -> Tensor:
        """One call as a sampler makes it: condition projected once for the run, masked, the timestep new."""
        self.prepared.step_table.clear()
        return self.prepared(self.work.start, float(TIMESTEP))

    def convert(self, sampler: SamplerSettings) -> Tensor:
        """Content and pitch to a mel, (1, 128, T)."""
        generator = torch.Generator().manual_seed(SEED)
        return self.model.convert(condition_inputs(self.work.song), sampler, generator=generator)

    def vocoder(self) -> Tensor:
        """The waveform of `work.mel`."""
        return self.render(self.work.mel)

    def sing(self, sampler: SamplerSettings) -> Tensor:
        """Content and pitch to a waveform."""
        return self.render(self.convert(sampler))

    @torch.no_grad()
    def render(self, mel: Tensor) -> Tensor:
        """A log10 mel to its waveform, (1, 1, S)."""
        noise = None if self.is_random else torch.zeros(1)
        return self.singer(log10_to_natural(mel.clamp(*VOCODER_RANGE)), self.work.song.f0_hz, noise)

    @contextlib.contextmanager
    def without_chance(self) -> Iterator[None]:
        """As upstream's."""
        self.is_random = False
        yield
        self.is_random = True
