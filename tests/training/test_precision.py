"""Half precision, on a CPU in place of a card: autocast, and one gradient scaler for each optimiser."""

import math

import pytest
import torch

from duetto.architectures.rvc import training as rvc_module
from duetto.architectures.rvc.losses import kl_loss
from duetto.architectures.rvc.training import RVCModule
from duetto.errors import DuettoError
from duetto.training.hardware import Hardware
from duetto.training.precision import SMALLEST_SCALE, Precision
from tests.training.tiny import tiny_fit


def losses_of(folder):
    header, *rows = (folder / "losses.csv").read_text().splitlines()
    return [dict(zip(header.split(","), map(float, row.split(",")), strict=True)) for row in rows]


@pytest.mark.slow
def test_bf16_and_fp16_train_like_fp32_but_not_to_the_same_bits(tmp_path):
    losses = {}
    for name in ("32-true", "bf16-mixed", "16-mixed"):
        tiny_fit(8, tmp_path / name, hardware=Hardware("cpu", "CPU", name, 1))
        losses[name] = losses_of(tmp_path / name)
    for name in ("bf16-mixed", "16-mixed"):
        assert losses[name] != losses["32-true"]
        for exact, found in zip(losses["32-true"], losses[name], strict=True):
            assert found["loss_mel"] == pytest.approx(exact["loss_mel"], rel=0.05)
            norm = found["gradient_norm_generator"]
            is_left_out = name == "16-mixed" and not math.isfinite(norm)  # the first scales are too large, by design
            assert is_left_out or norm == pytest.approx(exact["gradient_norm_generator"], rel=0.3)
    assert math.isfinite(losses["16-mixed"][-1]["gradient_norm_generator"])


def test_mel_and_losses_are_computed_in_float32_under_autocast(tmp_path, monkeypatch):
    seen = []

    def watched(z_p, *rest):
        seen.append((z_p.dtype, torch.is_autocast_enabled("cpu")))
        return kl_loss(z_p, *rest)

    monkeypatch.setattr(rvc_module, "kl_loss", watched)
    tiny_fit(1, tmp_path / "run", hardware=Hardware("cpu", "CPU", "bf16-mixed", 1))
    assert seen
    assert not any(is_cast for _, is_cast in seen)


def test_an_overflow_of_one_network_leaves_the_scale_and_the_steps_of_the_other(tmp_path, monkeypatch):
    modules = []
    step = RVCModule.discriminator_step

    def overflowing(self, optimizer, real, generated, batch):
        modules.append((self, [p.detach().clone() for p in self.discriminator.parameters()]))
        hook = next(self.discriminator.parameters()).register_hook(lambda gradient: gradient * float("inf"))
        try:
            return step(self, optimizer, real, generated, batch)
        finally:
            hook.remove()

    monkeypatch.setattr(RVCModule, "discriminator_step", overflowing)
    tiny_fit(8, tmp_path / "run", hardware=Hardware("cpu", "CPU", "16-mixed", 1))
    module, before = modules[0]
    generator, discriminator = (module.step_precision.scaler(number).get_scale() for number in (0, 1))
    assert discriminator == 2.0**16 / 2**8  # halved at every step
    assert generator > discriminator
    assert math.isfinite(losses_of(tmp_path / "run")[-1]["gradient_norm_generator"])
    assert all(torch.equal(a, b) for a, b in zip(before, module.discriminator.parameters(), strict=True))


@pytest.mark.slow
def test_scales_survive_a_resume(tmp_path):
    hardware = Hardware("cpu", "CPU", "16-mixed", 1)
    whole = tiny_fit(6, tmp_path / "whole", hardware=hardware)
    tiny_fit(3, tmp_path / "two", hardware=hardware)
    resumed = tiny_fit(6, tmp_path / "two", hardware=hardware)
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name
    state = torch.load(tmp_path / "two" / "checkpoints" / "last.ckpt", weights_only=True)
    assert len(state["scalers"]) == 2
    assert all(scaler["scale"] > SMALLEST_SCALE for scaler in state["scalers"])


def test_float32_uses_no_scaler():
    scaler = Precision("32-true").scaler(1)
    assert not scaler.is_enabled()
    assert Precision("bf16-mixed").scaler(0).scale(torch.ones(())) == 1.0


def test_a_gradient_that_is_not_finite_stops_training_and_names_network_and_clips(tmp_path, monkeypatch):
    step = RVCModule.generator_step

    def poisoned(self, optimizer, real, generated, *rest):
        generated.register_hook(lambda gradient: gradient * float("nan"))
        return step(self, optimizer, real, generated, *rest)

    monkeypatch.setattr(RVCModule, "generator_step", poisoned)
    with pytest.raises(DuettoError, match=r"gradient of the generator became nan at step 0, on clips clip\d"):
        tiny_fit(2, tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoints" / "last.ckpt").exists()
