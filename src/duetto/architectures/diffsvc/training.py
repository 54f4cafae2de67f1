"""Training Diff-SVC: predict the noise in a noised mel, given content and melody.

As upstream (Ho et al. 2020, eq. 14: squared error of the noise, t uniform), but on random crops, with padding left out
of the loss (upstream includes it) and the mel range of the training set stored with the weights. The vocoder is not
trained; it is loaded once and saved with the voice.

Augmentation, off by default: a pitch shift of spectrum and f0 (key shift), and a change of level.
"""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from duetto.architectures.diffsvc.auxiliary import AuxiliaryDiffSVC
from duetto.architectures.diffsvc.config import DiffSVCConfig
from duetto.architectures.diffsvc.model import ConditionInputs
from duetto.architectures.diffsvc.renderer import SingingDiffSVC, build_diffsvc, mel_energy, mel_for
from duetto.architectures.diffsvc.schedule import noise_loss
from duetto.architectures.vocoder.load import load_vocoder_into
from duetto.data.batch import Batch
from duetto.data.dataset import CropPlan, TrainingClip, collate
from duetto.layers.masks import sequence_mask
from duetto.settings.config import FeaturesConfig
from duetto.training.linear_fit import RIDGE, fit_linear
from duetto.training.module import TrainingModule, make_optimizer
from duetto.units import semitones_to_ratio

VALIDATION_SEED = 20_190  # of the noise and timesteps that every validation uses
VALIDATION_DRAWS = 16  # timesteps, evenly spread
MEL_MARGIN = 1e-3  # minimum width of a bin's range, so that a constant bin does not divide by zero


class DiffSVCModule(TrainingModule):
    """The acoustic model with its optimiser, and the vocoder that turns its mels into sound."""

    loss_names: tuple[str, ...] = ("noise",)
    frame_losses = ("noise", "auxiliary")
    network_names = ("denoiser",)

    def __init__(self, model: DiffSVCConfig, features: FeaturesConfig, seed: int) -> None:
        super().__init__(model, features, seed)
        self.config = model
        self.network = build_diffsvc(model, features)
        if model.auxiliary.num_layers:
            self.loss_names = ("noise", "auxiliary")
        load_vocoder_into(self.network.vocoder, model.vocoder, features)
        self.network.vocoder.requires_grad_(False)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW for the acoustic model."""
        return [make_optimizer(self.network.acoustic, self.config.optimizer)]

    def exported_network(self) -> SingingDiffSVC:
        """Acoustic model and vocoder."""
        return self.network

    def acquired(self, network: nn.Module) -> nn.Module:
        """The acoustic model; the vocoder always comes from the run's own settings, not from pretrained weights."""
        return cast(SingingDiffSVC, network).acoustic

    def learn_statistics(self, plan: CropPlan) -> str | None:
        """Store the range of the mel, bin by bin, with the weights; fit the linear part of an auxiliary decoder.

        Pretrained weights keep that map, and their range unless `model.measures_range` is set; the share of the
        training set that lies outside it is reported.
        """
        acoustic, said = self.network.acoustic, ""
        if isinstance(acoustic, AuxiliaryDiffSVC):
            said = fit_linear(acoustic.auxiliary.linear, plan, self.features, RIDGE, keeps_map=self.start.from_base)
        mels = (self._mel(clip, plan.hop_length) for clip in plan.clips if clip.num_frames)
        if self.start.from_base and not self.config.measures_range:
            outside = torch.cat([(acoustic.normalise(each).abs() > 1.0).float().flatten() for each in mels])
            return (
                f"{said} {100 * float(outside.mean()):.2f} % of the training set's mel lies outside the pretrained "
                "weights' range; conversions are clipped to that range."
            ).strip()
        lows, highs = zip(*((mel.amin(dim=(0, 2)), mel.amax(dim=(0, 2))) for mel in mels), strict=True)
        low = torch.stack(lows).amin(dim=0)
        acoustic.set_mel_range(low, torch.maximum(torch.stack(highs).amax(dim=0), low + MEL_MARGIN))
        return said or None

    @torch.no_grad()
    def _mel(self, clip: TrainingClip, hop_length: int) -> Tensor:
        whole = collate([(clip, 0)], clip.num_frames, hop_length)
        return mel_for(self.config, whole.waveform, self.features)

    def train_on(self, batch: Batch) -> dict[str, Tensor]:
        """One step."""
        (optimizer,) = self.optimiser_list()
        mel, inputs = self._augmented(batch)
        timestep = torch.randint(self.config.num_timesteps, (len(mel),), device=mel.device)
        noise = torch.randn_like(mel)
        if isinstance(self.network.acoustic, AuxiliaryDiffSVC):
            self.network.acoustic.auxiliary.learn(self._learns_auxiliary)
        inputs, losses = self._with_prediction(mel, inputs)
        predicted = self.network.acoustic(mel, inputs, timestep, noise)
        losses["noise"] = noise_loss(noise, predicted, inputs.mask, self.config.has_absolute_loss)
        losses = {name: self.shared(name, loss, batch) for name, loss in losses.items()}
        learned = [loss for loss in losses.values() if loss.requires_grad]
        self.optimise(optimizer, torch.stack(learned).sum(), batch, self.config.max_gradient_norm)
        return {name: loss.detach() for name, loss in losses.items()}

    @property
    def _learns_auxiliary(self) -> bool:
        return not self.start.from_base or self.config.trains_auxiliary

    def _with_prediction(self, mel: Tensor, inputs: ConditionInputs) -> tuple[ConditionInputs, dict[str, Tensor]]:
        """Inputs with what an auxiliary decoder predicts, and its loss; the denoiser's loss does not reach it."""
        acoustic = self.network.acoustic
        if not isinstance(acoustic, AuxiliaryDiffSVC):
            return inputs, {}
        predicted = acoustic.predict(inputs)
        return replace(inputs, predicted=predicted.detach()), {"auxiliary": acoustic.distance(predicted, mel, inputs)}

    @torch.no_grad()
    def validate_on(self, batch: Batch) -> dict[str, float]:
        """The loss on held-out frames, with the same noise and timesteps each time, so that values are comparable."""
        generator = torch.Generator().manual_seed(VALIDATION_SEED)
        mel, inputs = self._inputs(batch, batch.waveform, batch.f0_hz, 0.0)
        inputs, known = self._with_prediction(mel, inputs)
        losses = []
        for timestep in torch.linspace(0, self.config.num_timesteps - 1, VALIDATION_DRAWS).round().long():
            noise = torch.randn(mel.shape, generator=generator).to(mel)
            predicted = self.network.acoustic(mel, inputs, timestep.to(mel.device).expand(len(mel)), noise)
            losses.append(noise_loss(noise, predicted, inputs.mask, self.config.has_absolute_loss))
        known["noise"] = torch.stack(losses).mean()
        return {f"val_{name}_loss": float(loss) for name, loss in known.items()}

    def _augmented(self, batch: Batch) -> tuple[Tensor, ConditionInputs]:
        waveform, f0_hz, semitones = batch.waveform, batch.f0_hz, 0.0
        if self.config.gain_db:
            gain_db = (2 * torch.rand(len(waveform), 1, device=waveform.device) - 1) * self.config.gain_db
            waveform = waveform * 10.0 ** (gain_db / 20.0)
        if self.config.key_shift_semitones:
            semitones = (2 * float(torch.rand(())) - 1) * self.config.key_shift_semitones
            f0_hz = f0_hz * semitones_to_ratio(semitones)
        return self._inputs(batch, waveform, f0_hz, semitones)

    def _inputs(
        self, batch: Batch, waveform: Tensor, f0_hz: Tensor, semitones: float
    ) -> tuple[Tensor, ConditionInputs]:
        mel = mel_for(self.config, waveform, self.features, semitones)
        mask = sequence_mask(batch.lengths, mel.shape[-1], mel.dtype)
        energy = mel_energy(mel) if self.config.uses_energy else None
        return mel, ConditionInputs(batch.content, f0_hz, mask, batch.speaker_id, energy)
