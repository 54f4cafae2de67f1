"""Training of the linear baseline: one pass over the frames, then one system of equations.

With `model.parallel_share` the frames of a clip count once with its own content and once with that of each parallel
clip; how large the share is does not matter.
"""

from dataclasses import replace
from typing import cast

import torch
from torch import nn

from duetto.architectures.linear.acoustic import in_context
from duetto.architectures.linear.config import LinearConfig
from duetto.architectures.linear.regression import FrameSums, Solution
from duetto.architectures.linear.renderer import SingingLinear, build_linear
from duetto.architectures.vocoder.find import vocoder_digest
from duetto.architectures.vocoder.load import load_vocoder_into
from duetto.data.dataset import CropPlan, TrainingClip, collate
from duetto.features.mel import waveform_to_mel
from duetto.settings.config import FeaturesConfig
from duetto.training.module import TrainingModule


class LinearModule(TrainingModule):
    """The acoustic model, and the vocoder that turns its mels into sound; it has no optimiser."""

    def __init__(self, model: LinearConfig, features: FeaturesConfig, seed: int) -> None:
        super().__init__(model, features, seed)
        self.config = model
        self.network = build_linear(model, features)
        load_vocoder_into(self.network.vocoder, model.vocoder, features)
        self.network.vocoder.requires_grad_(False)

    def exported_network(self) -> SingingLinear:
        """Acoustic model and vocoder."""
        return self.network

    def acquired(self, network: nn.Module) -> nn.Module:
        """The map that all voices share; mean and spread are the voice's own, and the vocoder is a setting."""
        return cast(SingingLinear, network).acoustic.shared

    @torch.no_grad()
    def learn_statistics(self, plan: CropPlan) -> str:
        """Measure mean and spread of each speaker's mel, and solve for the map unless pretrained weights hold it."""
        acoustic, sums = self.network.acoustic, self._sums(plan)
        acoustic.mel_mean.copy_(sums.mean())
        acoustic.mel_spread.copy_(sums.spread())
        shared, said = acoustic.shared, "The map is the pretrained one; mean and spread of the mel are this voice's."
        if not self.start.from_base:
            solution = sums.solve(self.config.ridge)
            shared.weight.copy_(solution.weight.reshape(shared.weight.shape))
            shared.bias.copy_(solution.bias)
            said = "The map was fitted to these recordings alone."
        used = Solution(shared.weight.flatten(1).double(), shared.bias.double())
        return f"{said} It explains {100 * sums.explained(used):.1f} % of the variance of their mel."

    def _sums(self, plan: CropPlan) -> FrameSums:
        config = self.config
        inputs = config.content_dimension * config.context_frames
        sums = FrameSums(inputs, config.n_mels, config.num_speakers)
        for clip in (clip for clip in plan.clips if clip.num_frames):
            self._add(sums, clip, plan.hop_length)
            for content in clip.parallel:
                self._add(sums, replace(clip, content=content), plan.hop_length)
        return sums

    def _add(self, sums: FrameSums, clip: TrainingClip, hop_length: int) -> None:
        whole = collate([(clip, 0)], clip.num_frames, hop_length)
        mel = waveform_to_mel(whole.waveform, self.features)[0].T
        sums.add(in_context(whole.content[0], self.config.context_frames), mel, clip.speaker_id)


def vocoder_digests(model: LinearConfig, features: FeaturesConfig) -> dict[str, str]:
    """The vocoder's part of a run's signature: its weights."""
    return {"vocoder": vocoder_digest(model.vocoder, features)}
