"""The denoiser's condition: content, melody and, optionally, loudness and speaker, summed per frame.

Conventions: B utterances, U content units, T mel frames, D content width, H condition channels. `f0_hz` is 0.0 where
unvoiced. `unit_index`, (B, T), is the unit of each frame: 1 = first, 0 = none (padding); without it the content already
has one row per frame.

Reference: upstream Diff-SVC (a FastSpeech 2 front end without its encoder).
"""

import math

import torch
from torch import Tensor, nn

from duetto.architectures.diffsvc.legacy_encoder import LegacyEncoder
from duetto.architectures.diffsvc.shapes import ConditionShape
from duetto.layers.continuous_pitch import MEL_SCALE_HZ, ContinuousPitch

PITCH_BINS = 256  # used rows of the pitch table, 1..255
PITCH_ROWS = 300  # rows it has, upstream
ENERGY_BINS = 256
ENERGY_STEPS_PER_UNIT = 64.0  # upstream: 256 steps for energies 0..4
MEL_SCALE_FACTOR = 1127.0


def gather_units(units: Tensor, unit_index: Tensor) -> Tensor:
    """Every frame's unit: (B, U, D) at (B, T) -> (B, T, D), zeros where the index is 0."""
    padded = nn.functional.pad(units, (0, 0, 1, 0))
    return padded.gather(1, unit_index[:, :, None].expand(-1, -1, units.shape[-1]))


def pitch_class(f0_hz: Tensor, min_hz: float, max_hz: float) -> Tensor:
    """Row of the pitch table, 1..255, equally spaced in mels; 1 where unvoiced or below `min_hz`, (B, T), int64."""
    lowest, highest = (MEL_SCALE_FACTOR * math.log(1 + hz / MEL_SCALE_HZ) for hz in (min_hz, max_hz))
    mel = MEL_SCALE_FACTOR * (1 + f0_hz / MEL_SCALE_HZ).log()
    # Deviation 13 (docs/deviations.md): the clamp also applies to notes transposed beyond the table
    classes = (mel - lowest) * (PITCH_BINS - 2) / (highest - lowest) + 1
    return (classes.masked_fill(mel <= 0, 1.0).clamp(1, PITCH_BINS - 1) + 0.5).long()


class PitchTable(nn.Module):
    """A learned vector for every pitch class."""

    def __init__(self, channels: int, min_hz: float, max_hz: float) -> None:
        super().__init__()
        self.min_hz = min_hz
        self.max_hz = max_hz
        self.table = nn.Embedding(PITCH_ROWS, channels)
        nn.init.normal_(self.table.weight, std=channels**-0.5)

    def forward(self, f0_hz: Tensor) -> Tensor:
        """(B, T) -> (B, T, H)."""
        return self.table(pitch_class(f0_hz, self.min_hz, self.max_hz))


class EnergyTable(nn.Module):
    """A learned vector for every step of loudness."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.table = nn.Embedding(ENERGY_BINS, channels)
        nn.init.normal_(self.table.weight, std=channels**-0.5)

    def forward(self, energy: Tensor) -> Tensor:
        """(B, T), 0..4 -> (B, T, H)."""
        steps = torch.floor(energy * ENERGY_STEPS_PER_UNIT).clamp(0, ENERGY_BINS - 1)
        return self.table(steps.long())


class ConditionEncoder(nn.Module):
    """Sum of the conditions, frame by frame."""

    def __init__(self, shape: ConditionShape) -> None:
        super().__init__()
        channels = shape.channels
        self.content_projection = (
            nn.Linear(shape.content_dimension, channels) if shape.content_dimension != channels else None
        )
        self.legacy_encoder = LegacyEncoder(channels, shape.legacy_layers) if shape.legacy_layers else None
        self.pitch: PitchTable | ContinuousPitch = (
            ContinuousPitch(channels)
            if shape.has_continuous_pitch
            else PitchTable(channels, shape.f0_min_hz, shape.f0_max_hz)
        )
        self.energy = EnergyTable(channels) if shape.uses_energy else None
        self.speaker = nn.Embedding(shape.num_speakers, channels) if shape.num_speakers else None
        if self.speaker is not None:
            nn.init.normal_(self.speaker.weight, std=channels**-0.5)

    def encode_content(self, content: Tensor) -> Tensor:
        """Encode content units before they are expanded to frames: (B, U, D) -> (B, U, H)."""
        if self.content_projection is not None:
            content = self.content_projection(content)
        return content if self.legacy_encoder is None else self.legacy_encoder(content)

    def forward(
        self,
        content: Tensor,
        f0_hz: Tensor,
        mask: Tensor,
        speaker_id: Tensor | None = None,
        energy: Tensor | None = None,
        unit_index: Tensor | None = None,
    ) -> Tensor:
        """The condition, 0 in padding.

        Args:
            content: (B, T, D), or (B, U, D) with `unit_index`.
            f0_hz: (B, T), Hz.
            mask: 1.0 in real frames, (B, 1, T).
            speaker_id: (B,), int64; needed by models with a speaker table.
            energy: (B, T), 0..4; needed by models with a loudness table.
            unit_index: (B, T), or None.

        Returns:
            (B, H, T).

        Raises:
            ValueError: If an input that the model needs is missing.
        """
        encoded = self.encode_content(content)
        frames = encoded if unit_index is None else gather_units(encoded, unit_index)
        frames = frames + self.pitch(f0_hz)
        if self.energy is not None:
            if energy is None:
                raise ValueError("this model is conditioned on loudness: give `energy`")
            frames = frames + self.energy(energy)
        if self.speaker is not None:
            if speaker_id is None:
                raise ValueError("this model has several speakers: give `speaker_id`")
            frames = frames + self.speaker(speaker_id)[:, None, :]
        return frames.mT * mask
