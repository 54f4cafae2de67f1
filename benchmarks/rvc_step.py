"""What a training step and a second of conversion cost, for a size of RVC.

    python -m benchmarks.rvc_step compact
    python -m benchmarks.rvc_step compact model.generator.upsample_initial_channel=192 model.discriminator.width=0.125

Numbers come from the file rvc_SIZE.yaml under conf/; random data. A step is one update of the discriminator and one
of the generator (AdamW) on a batch of crops. Wall time depends on who else computes; CPU seconds hardly do.
"""

import argparse
import time
from dataclasses import fields, is_dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from duetto.config import FeaturesConfig
from duetto.features.spectrogram import linear_spectrogram, log_mel, mel_filterbank, mel_from_linear
from duetto.model_config import RVCConfig
from duetto.models.layers.masks import slice_segments
from duetto.models.layers.weight_norm import fold_weight_norm
from duetto.models.rvc.discriminator import MultiPeriodDiscriminator
from duetto.models.rvc.losses import adversarial_loss, discriminator_loss, feature_matching_loss, kl_loss, mel_loss
from duetto.models.rvc.shapes import SynthesizerConfig
from duetto.models.rvc.synthesizer import Synthesizer

CONF = Path(__file__).resolve().parents[1] / "conf"
DECODED_S = 10.0


def update(config: Any, values: dict[str, Any]) -> None:
    """Set nested dataclass fields; an unknown name is an error."""
    names = {field.name for field in fields(config)}
    for name, value in values.items():
        if name not in names:
            raise SystemExit(f"{type(config).__name__} has no field {name}")
        if is_dataclass(getattr(config, name)):
            update(getattr(config, name), value)
        else:
            setattr(config, name, value)


def read_size(size: str, overrides: list[str]) -> tuple[FeaturesConfig, RVCConfig]:
    """The two groups a size file sets, with `a.b=value` overrides."""
    features, model = FeaturesConfig(), RVCConfig()
    files = sorted(CONF.rglob(f"rvc_{size}.yaml"))
    if not files:
        raise SystemExit(f"There is no rvc_{size}.yaml under {CONF}")
    values = yaml.safe_load(files[0].read_text())
    update(features, values["features"])
    update(model, values["model"])
    for override in overrides:
        path, text = override.split("=", 1)
        group, *parents, leaf = path.split(".")
        nested: Any = {leaf: yaml.safe_load(text)}
        for parent in reversed(parents):
            nested = {parent: nested}
        update({"features": features, "model": model}[group], nested)
    model.content_dimension = features.content.dimension
    model.validate(features)
    return features, model


class Step:
    """One training step on random data."""

    def __init__(self, features: FeaturesConfig, model: RVCConfig, batch_size: int, device: str) -> None:
        torch.manual_seed(0)
        shape = SynthesizerConfig.from_model_config(model, features.sample_rate, features.hop_length)
        self.features, self.model = features, model
        self.synthesizer = Synthesizer(shape).to(device)
        self.discriminator = MultiPeriodDiscriminator(model.discriminator.periods, model.discriminator.width).to(device)
        optimizer = model.optimizer
        settings = {"lr": optimizer.learning_rate, "betas": (optimizer.beta_1, optimizer.beta_2), "eps": 1e-9}
        self.optimizers = [
            torch.optim.AdamW(network.parameters(), **settings) for network in (self.synthesizer, self.discriminator)
        ]
        frames = model.crop_frames
        self.content = torch.randn(batch_size, frames, model.content_dimension, device=device)
        self.f0_hz = torch.full((batch_size, frames), 220.0, device=device)
        self.pitch = torch.full((batch_size, frames), 60, device=device)
        self.spectrogram = torch.rand(batch_size, model.spectrogram_channels, frames, device=device)
        self.lengths = torch.full((batch_size,), frames, device=device)
        self.speaker = torch.zeros(batch_size, dtype=torch.long, device=device)
        self.waveform = torch.rand(batch_size, 1, frames * features.hop_length, device=device) - 0.5
        self.filters = mel_filterbank(
            features.sample_rate, features.n_fft, features.n_mels, features.mel_min_hz, features.mel_max_hz
        ).to(device)

    def mel(self, waveform: Tensor) -> Tensor:
        """Log mel spectrogram of (B, 1, S)."""
        spectrogram = linear_spectrogram(waveform.squeeze(1), self.features.n_fft, self.features.hop_length)
        return log_mel(mel_from_linear(spectrogram, self.filters))

    def __call__(self) -> dict[str, float]:
        """Both updates; CPU seconds by part."""
        clock = [time.process_time()]
        output = self.synthesizer(self.content, self.f0_hz, self.pitch, self.spectrogram, self.lengths, self.speaker)
        clock.append(time.process_time())
        hop, segment = self.features.hop_length, self.model.segment_frames
        real = slice_segments(self.waveform, output.segment_start * hop, segment * hop)
        real_mel, generated_mel = self.mel(real), self.mel(output.waveform)
        real_scores, _ = self.discriminator(real)
        generated_scores, _ = self.discriminator(output.waveform.detach())
        self.optimizers[1].zero_grad()
        discriminator_loss(real_scores, generated_scores).backward()
        self.optimizers[1].step()
        clock.append(time.process_time())
        with torch.no_grad():
            _, real_maps = self.discriminator(real)
        self.discriminator.requires_grad_(False)
        generated_scores, generated_maps = self.discriminator(output.waveform)
        loss = adversarial_loss(generated_scores) + 2.0 * feature_matching_loss(real_maps, generated_maps)
        loss = loss + 45.0 * mel_loss(real_mel, generated_mel)
        loss = loss + kl_loss(
            output.z_p, output.posterior_log_std, output.prior_mean, output.prior_log_std, output.mask
        )
        clock.append(time.process_time())
        self.optimizers[0].zero_grad()
        loss.backward()
        self.optimizers[0].step()
        self.discriminator.requires_grad_(True)
        clock.append(time.process_time())
        names = ("forward G", "update D", "forward D", "update G")
        return {name: end - start for name, start, end in zip(names, clock[:-1], clock[1:], strict=True)}


def decode_cost(step: Step) -> tuple[float, float]:
    """CPU and wall seconds per second of audio, converting `DECODED_S` with folded weights."""
    synthesizer = fold_weight_norm(step.synthesizer).eval()
    frames = round(DECODED_S * step.features.sample_rate / step.features.hop_length)
    device = step.content.device
    content = torch.randn(1, frames, step.model.content_dimension, device=device)
    f0_hz = torch.full((1, frames), 220.0, device=device)
    arguments = (content, f0_hz, f0_hz.long(), torch.tensor([frames], device=device), step.speaker[:1])
    synthesizer.convert(*arguments)
    cpu, wall = time.process_time(), time.perf_counter()
    synthesizer.convert(*arguments).cpu()
    return (time.process_time() - cpu) / DECODED_S, (time.perf_counter() - wall) / DECODED_S


def synchronise(device: str) -> None:
    """Wait for the accelerator's queue."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", help="compact, v2_40k, ...")
    parser.add_argument("overrides", nargs="*", help="features.KEY=VALUE or model.KEY=VALUE")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_intermixed_args()
    torch.set_num_threads(arguments.threads)
    features, model = read_size(arguments.size, arguments.overrides)
    step = Step(features, model, arguments.batch_size, arguments.device)
    counts = [
        sum(tensor.numel() for tensor in network.parameters()) / 1e6
        for network in (step.synthesizer, step.discriminator)
    ]
    step()
    synchronise(arguments.device)
    parts: list[dict[str, float]] = []
    walls = []
    for _ in range(arguments.steps):
        start = time.perf_counter()
        parts.append(step())
        synchronise(arguments.device)
        walls.append(time.perf_counter() - start)
    means = {name: sum(part[name] for part in parts) / len(parts) for name in parts[0]}
    total = sum(chain(means.values()))
    print(f"{arguments.size} {' '.join(arguments.overrides)}, {arguments.threads} threads, {arguments.device}")
    print(f"parameters: synthesizer {counts[0]:.2f} M, discriminator {counts[1]:.2f} M")
    print(f"step: {total:.3f} CPU-s, wall {sorted(walls)[len(walls) // 2]:.3f} s (median), least {min(walls):.3f} s")
    print("CPU-s: " + ", ".join(f"{name} {value:.3f}" for name, value in means.items()))
    cpu, wall = decode_cost(step)
    print(f"conversion: {cpu:.3f} CPU-s and {wall:.3f} wall s per second of audio")


if __name__ == "__main__":
    main()
