"""The method pages say what the code is."""

import re
from pathlib import Path

import pytest
import torch
import yaml

from duetto.architectures.rvc.config import RVCConfig
from duetto.architectures.rvc.shapes import discriminator_periods, ecosystem_shape
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.layers.discriminators import MultiPeriodDiscriminator
from duetto.settings.config import RetrievalConfig
from duetto.settings.model_config import LossConfig, OptimizerConfig

ROOT = Path(__file__).resolve().parents[2]
METHODS = ROOT / "docs" / "methods"
RVC = (METHODS / "rvc.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(METHODS.glob("*.md")), ids=lambda page: page.stem)
def test_every_source_file_that_a_method_page_names_exists(page: Path):
    named = re.findall(r"`([\w/.-]+/[\w.-]*)`", page.read_text(encoding="utf-8"))
    for name in named:
        assert (ROOT / "src" / "duetto" / name).exists() or (ROOT / name).exists(), name


def table_row(first: str) -> list[str]:
    (row,) = [line for line in RVC.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize("size", ["v1_32k", "v1_40k", "v1_48k", "v2_32k", "v2_40k", "v2_48k", "compact"])
def test_the_shapes_of_rvc_are_those_of_conf(size: str):
    shape = yaml.safe_load((ROOT / "conf" / "shape" / f"rvc_{size}.yaml").read_text(encoding="utf-8"))
    features, model = shape["features"], shape["model"]
    numbers = [features[name] for name in ("sample_rate", "hop_length", "n_fft", "n_mels")]
    upsampling = [model["generator"][name] for name in ("upsample_rates", "upsample_kernel_sizes")]
    expected = [*map(str, numbers), *(" ".join(map(str, each)) for each in upsampling), str(model["segment_frames"])]
    assert table_row(size)[1:] == expected


def millions(module: torch.nn.Module, digits: int = 1) -> str:
    return f"{sum(parameter.numel() for parameter in module.parameters()) / 1e6:.{digits}f}"


def test_the_numbers_of_parameters_of_rvc_are_true():
    with torch.device("meta"):
        trained = {
            name: Synthesizer(ecosystem_shape(f"{name}_f0")) for name in ("v1_40k", "v2_32k", "v2_40k", "v2_48k")
        }
        published = [millions(Synthesizer(ecosystem_shape(f"{name}_f0", has_posterior=False))) for name in trained]
        judges = {each: millions(MultiPeriodDiscriminator(discriminator_periods(each))) for each in ("v1", "v2")}
    sizes = [millions(network) for network in trained.values()]
    flat = " ".join(RVC.split())
    assert f"v1 40k has {sizes[0]} M parameters, v2 32k {sizes[1]}, v2 40k {sizes[2]}, v2 48k {sizes[3]}" in flat
    assert f"as voices are published, {published[0]}, {published[1]}, {published[2]} and {published[3]}." in flat
    assert f"| {judges['v2']} M (v1: {judges['v1']} M) |" in flat
    network = trained["v2_40k"]
    for part, module in (
        ("prior encoder", network.prior_encoder),
        ("posterior encoder (training, copy synthesis)", network.posterior_encoder),
        ("flow", network.flow),
        ("generator", network.generator),
    ):
        assert table_row(part)[3] == f"{millions(module, 2)} M"


def test_the_settings_of_rvc_are_the_defaults():
    loss, optimizer = LossConfig(), OptimizerConfig()
    weights = {
        "mel": loss.mel,
        "KL": loss.kl,
        "feature matching": loss.feature_matching,
        "adversarial": loss.adversarial,
    }
    for name, weight in weights.items():
        assert table_row(name)[1] == f"{weight:g}"
    assert (optimizer.learning_rate, optimizer.beta_1, optimizer.beta_2) == (1e-4, 0.8, 0.99)
    assert f"({RVCConfig.noise_scale})" in RVC
    assert f"k = {RetrievalConfig().neighbours} training frames" in RVC
