"""Every array of the Diff-SVC reference files, computed with our networks: `compute(NAME, inputs)`.

Inputs come from the stored file of the same run, or from a formula; those of `encoder_energy` and
`encoder_fs2_legacy_24k` are given by the caller. Array names and layouts, (B, 1, M, T) for spectrograms, are the
reference's.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from duetto.architectures.diffsvc import schedule as diffusion
from duetto.architectures.diffsvc.condition import pitch_class
from duetto.architectures.diffsvc.denoiser import Denoiser, step_embedding
from duetto.architectures.diffsvc.model import ConditionInputs, DiffSVC
from duetto.architectures.diffsvc.samplers import ancestral_step
from duetto.architectures.diffsvc.schedule import linear_betas
from duetto.architectures.diffsvc.shapes import DiffSVCShape, published_shape
from duetto.architectures.vocoder.shapes import OPENVPI_44K, OPENVPI_44K_PC, VocoderShape
from duetto.features.mel import (
    log10_to_natural,
)
from duetto.features.timing import deal_units
from tests.parity.older_shapes import with_energy, with_legacy_encoder

from .diffsvc_fill import filled_model, filled_vocoder
from .diffsvc_mel import Arrays, mel_24k, mel_44k, mel_44k_keyshift
from .diffsvc_samplers import descendants, pndm
from .fill import coarse_pitch

REFERENCE = Path(__file__).parent / "reference" / "diffsvc"
INTEGER_TIMESTEPS = (0, 1, 250, 999)
MIXED_TIMESTEPS = (17, 873)
FRACTIONAL_TIMESTEP = 123.4
PROBED_LAYER = 3
CHAIN_STEPS = 10
ALIGNMENTS = ((172, 100), (861, 499), (50, 29), (375, 100))  # frames, units
LEARNING_RATE, BETAS, CLIPPED_NORM, UPDATES = 8e-4, (0.9, 0.98), 1.0, 3


def stored(name: str) -> Arrays:
    """The reference file of a run."""
    with np.load(REFERENCE / f"{name}.npz") as file:
        return dict(file)


def spectrogram(array: NDArray) -> Tensor:
    """(B, 1, M, T) -> (B, M, T)."""
    return torch.from_numpy(array)[:, 0]


def schedule(_: Arrays) -> Arrays:
    """The noise schedule's buffers."""
    model = DiffSVC(published_shape("44k"))
    names = {
        "betas": "beta",
        "alphas_cumprod": "alpha_bar",
        "alphas_cumprod_prev": "alpha_bar_previous",
        "sqrt_alphas_cumprod": "sqrt_alpha_bar",
        "sqrt_one_minus_alphas_cumprod": "sqrt_one_minus_alpha_bar",
        "log_one_minus_alphas_cumprod": "log_one_minus_alpha_bar",
        "sqrt_recip_alphas_cumprod": "sqrt_reciprocal_alpha_bar",
        "sqrt_recipm1_alphas_cumprod": "sqrt_reciprocal_alpha_bar_minus_one",
        "posterior_variance": "posterior_variance",
        "posterior_log_variance_clipped": "posterior_log_variance",
        "posterior_mean_coef1": "posterior_weight_of_x_0",
        "posterior_mean_coef2": "posterior_weight_of_x_t",
    }
    arrays = {theirs: getattr(model.schedule, ours).numpy() for theirs, ours in names.items()}
    return arrays | {
        "betas_f64": linear_betas(1000, 0.02),
        "spec_min": model.mel_min.numpy(),
        "spec_max": model.mel_max.numpy(),
    }


@torch.no_grad()
def denoiser_arrays(network: Denoiser, spec: NDArray, cond: NDArray) -> Arrays:
    """The network's outputs at whole, mixed and fractional timesteps, and what happens inside."""
    x, condition = spectrogram(spec), torch.from_numpy(cond)
    batch = len(x)
    moments = {f"t{t}": torch.full((batch,), t) for t in INTEGER_TIMESTEPS}
    moments["t17_t873"] = torch.tensor(MIXED_TIMESTEPS[:batch])
    moments["tfloat_123p4"] = torch.full((batch,), FRACTIONAL_TIMESTEP)
    arrays: Arrays = {"spec": spec, "cond": cond}
    arrays |= {f"out_{name}": network(x, t, condition)[:, None].numpy() for name, t in moments.items()}
    embedded = step_embedding(torch.tensor([250]), network.channels)
    layer = network.layers[PROBED_LAYER]
    step = layer.step_projection(network.step_mlp(embedded))
    hidden = torch.relu(network.input_projection(x))
    residual, skip = layer(hidden, step, layer.condition_projection(condition), None)
    arrays |= {"step_embedding_t250": embedded.numpy(), "step_mlp_t250": network.step_mlp(embedded).numpy()}
    return arrays | {"block3_residual": residual.numpy(), "block3_skip": skip.numpy()}


def denoiser(inputs: Arrays) -> Arrays:
    """The 44.1 kHz denoiser."""
    model, _ = filled_model(published_shape("44k"))
    return denoiser_arrays(model.denoiser, inputs["spec"], inputs["cond"])


@torch.no_grad()
def ddpm(inputs: Arrays) -> Arrays:
    """Forward process, posterior steps, and a short chain of them."""
    model, _ = filled_model(published_shape("44k"))
    timestep = torch.from_numpy(inputs["t"])
    x_0, noise = spectrogram(inputs["x_start"]), spectrogram(inputs["noise"])
    arrays = {"q_sample": diffusion.diffuse(model.schedule, x_0, timestep, noise)[:, None].numpy()}
    x_t, condition = spectrogram(inputs["x_t"]), torch.from_numpy(inputs["cond"])
    for t in (500, 1, 0):
        at = torch.full((len(x_t),), t)
        predicted = model.denoiser(x_t, at, condition)
        mean, log_variance = diffusion.denoising_posterior(model.schedule, x_t, at, predicted)
        drawn = ancestral_step(model.schedule, x_t, t, predicted, spectrogram(inputs["p_noise"]))
        arrays[f"p_sample_t{t}"], arrays[f"p_mean_t{t}"] = drawn[:, None].numpy(), mean[:, None].numpy()
        arrays[f"p_logvar_t{t}"] = log_variance[:, 0, 0].numpy()
    x = x_t[:1]
    for step, t in enumerate(reversed(range(CHAIN_STEPS))):
        predicted = model.denoiser(x, torch.tensor([t]), condition[:1])
        x = ancestral_step(model.schedule, x, t, predicted, spectrogram(inputs["chain_noise"][step]))
    arrays["chain_out"] = x[:, None].numpy()
    mel = torch.from_numpy(inputs["mel_log10"]).mT
    arrays["norm_spec"] = model.normalise(mel).mT.numpy()
    denormalised = diffusion.denormalise_mel(x_t[:1], model.mel_min, model.mel_max)
    arrays["denorm_spec_of_x_t"] = denormalised.mT.numpy()
    return inputs | arrays


def train_step(inputs: Arrays) -> Arrays:
    """Losses and gradients of three updates on one batch."""
    model, _ = filled_model(published_shape("44k"))
    network = model.denoiser
    timestep, condition = torch.from_numpy(inputs["t"]), torch.from_numpy(inputs["cond"])
    noise = spectrogram(inputs["noise"])
    x_t = diffusion.diffuse(model.schedule, spectrogram(inputs["x_start"]), timestep, noise)
    with torch.no_grad():
        predicted = network(x_t, timestep, condition)
        arrays = {
            "loss_l2": diffusion.noise_loss(noise, predicted).numpy(),
            "loss_l1": diffusion.noise_loss(noise, predicted, is_absolute=True).numpy(),
        }
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=0.0)
    losses, norms = [], []
    for update in range(UPDATES):
        loss = diffusion.noise_loss(noise, network(x_t, timestep, condition))
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.nn.utils.clip_grad_norm_(network.parameters(), CLIPPED_NORM).item())
        if update == 0:
            output, step = network.output_projection.bias, network.layers[PROBED_LAYER].step_projection.bias
            arrays["grad0_output_projection_bias"] = output.grad.clone().numpy()
            arrays["grad0_block3_diffusion_projection_bias"] = step.grad.clone().numpy()
        optimizer.step()
    arrays["train_losses"], arrays["train_grad_norms_before_clip"] = np.array(losses), np.array(norms)
    arrays["after3_output_projection_bias"] = network.output_projection.bias.detach().numpy()
    return inputs | arrays


@torch.no_grad()
def condition_arrays(shape: DiffSVCShape, inputs: Arrays) -> Arrays:
    """The condition encoder on upstream's inputs: log2 f0 of all frames, units dealt out by an index."""
    model, _ = filled_model(shape)
    index = torch.from_numpy(inputs["mel2ph"])
    f0_hz = torch.exp2(torch.from_numpy(inputs["f0_log2"])).masked_fill(index == 0, 0.0)
    energy = torch.from_numpy(inputs["energy"]) if "energy" in inputs else None
    content = torch.from_numpy(inputs["hubert"])
    mask = (index > 0).float()[:, None]
    condition = model.encode(ConditionInputs(content, f0_hz, mask, energy=energy, unit_index=index))
    limits = shape.condition.f0_min_hz, shape.condition.f0_max_hz
    arrays = {
        "decoder_inp": condition.mT.contiguous().numpy(),
        "f0_denorm": f0_hz.numpy(),
        "pitch_coarse": pitch_class(f0_hz, *limits).numpy(),
    }
    if shape.condition.legacy_layers:
        arrays["encoder_out"] = model.condition_encoder.encode_content(content).numpy()
    return arrays


def encoder(inputs: Arrays) -> Arrays:
    """Condition, pitch classes and alignments of the 44.1 kHz model."""
    shape = published_shape("44k")
    limits = shape.condition.f0_min_hz, shape.condition.f0_max_hz
    arrays = condition_arrays(shape, inputs)
    arrays |= log2_melody(inputs)
    coarse_f0_hz = inputs["coarse_f0_hz"]
    arrays["coarse_torch_plus_half"] = pitch_class(torch.from_numpy(coarse_f0_hz).float(), *limits).numpy()
    arrays["coarse_numpy_rint"] = coarse_pitch(coarse_f0_hz, *limits)
    arrays |= {f"align_mel{frames}_units{units}": deal_units(frames, units) for frames, units in ALIGNMENTS}
    return inputs | arrays


def log2_melody(inputs: Arrays) -> Arrays:
    """log2 f0, unvoiced gaps bridged in log2, and the unvoiced flags, padded with zeros."""
    contours = [inputs["f0_hz_0"], inputs["f0_hz_1"]]
    f0_log2, unvoiced = np.zeros_like(inputs["f0_log2"]), np.zeros_like(inputs["uv"])
    for row, f0_hz in enumerate(contours):
        frames, voiced = np.arange(len(f0_hz)), f0_hz > 0
        if voiced.any():
            f0_log2[row, : len(f0_hz)] = np.interp(frames, frames[voiced], np.log2(f0_hz[voiced]))
        unvoiced[row, : len(f0_hz)] = ~voiced
    return {"f0_log2": f0_log2, "uv": unvoiced}


def encoder_energy(inputs: Arrays) -> Arrays:
    """The condition encoder with a loudness table."""
    inputs = stored("encoder") | inputs
    found = condition_arrays(with_energy(published_shape("44k")), inputs)
    return {"energy": inputs["energy"]} | found


def encoder_fs2_legacy_24k(inputs: Arrays) -> Arrays:
    """The 24 kHz model with the legacy content encoder; its denoiser too, if a spectrogram is among the inputs."""
    inputs = stored("encoder") | inputs
    shape = with_legacy_encoder(published_shape("24k"))
    arrays = condition_arrays(shape, inputs)
    for name in [name for name in inputs if name.endswith("spec")]:
        prefix = name.removesuffix("spec")
        model, _ = filled_model(shape)
        found = denoiser_arrays(model.denoiser, inputs[name], inputs[f"{prefix}cond"])
        arrays |= {prefix + key: value for key, value in found.items()}
    return arrays


@torch.no_grad()
def vocoder(shape: VocoderShape, inputs: Arrays) -> Arrays:
    """Source, first convolution and waveform, in float32 and in float64; no random phase, no noise."""
    network, _ = filled_vocoder(shape)
    arrays: Arrays = {"mel_log10": inputs["mel_log10"], "f0": inputs["f0"]}
    mel, f0_hz = log10_to_natural(torch.from_numpy(inputs["mel_log10"])), torch.from_numpy(inputs["f0"])
    silent = torch.zeros(1)
    for suffix, dtype in (("", torch.float32), ("_f64", torch.float64)):
        network.to(dtype)
        generator = network.generator
        source = generator.excite(f0_hz) if shape.has_mini_source else generator.source(f0_hz, silent)
        arrays[f"har_source{suffix}"] = source.mT.float().numpy()
        arrays[f"wav{suffix}"] = network(mel.to(dtype), f0_hz, silent).flatten().float().numpy()
        if dtype == torch.float32:
            arrays["conv_pre_out"] = generator.input_convolution(mel).numpy()
    return arrays


RUNS: dict[str, Callable[[Arrays], Arrays]] = {
    "schedule": schedule,
    "denoiser": denoiser,
    "ddpm": ddpm,
    "train_step": train_step,
    "encoder": encoder,
    "encoder_energy": encoder_energy,
    "encoder_fs2_legacy_24k": encoder_fs2_legacy_24k,
    "pndm": pndm,
    "samplers_descendants": descendants,
    "nsf_hifigan_44k": lambda inputs: vocoder(OPENVPI_44K, inputs),
    "nsf_hifigan_44k_openvpi_current": lambda inputs: vocoder(OPENVPI_44K, inputs),
    "pc_nsf_hifigan_44k_2025_02": lambda inputs: vocoder(OPENVPI_44K_PC, inputs),
    "mel_44k": mel_44k,
    "mel_24k": mel_24k,
    "mel_44k_keyshift_descendants": mel_44k_keyshift,
}
INPUTS_OF = {"nsf_hifigan_44k_openvpi_current": "nsf_hifigan_44k", "pc_nsf_hifigan_44k_2025_02": "nsf_hifigan_44k"}
NEEDS_INPUTS = {"encoder_energy": ("energy",), "encoder_fs2_legacy_24k": ()}  # beyond those of `encoder`


def compute(name: str, inputs: Arrays | None = None) -> Arrays:
    """Every array of the reference file `name`; `inputs` replace the stored ones."""
    source = REFERENCE / f"{INPUTS_OF.get(name, name)}.npz"
    available = stored(source.stem) if source.exists() else {}
    return RUNS[name](available | (inputs or {}))
