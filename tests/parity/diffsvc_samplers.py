"""The sampler runs of the Diff-SVC reference: upstream's PNDM, and the samplers of its descendants."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from duetto.architectures.diffsvc import samplers, time_grids
from duetto.architectures.diffsvc.model import ConditionInputs, DiffSVC, Shallow
from duetto.architectures.diffsvc.prepared import PreparedDenoiser
from duetto.architectures.diffsvc.samplers import Denoise
from duetto.architectures.diffsvc.sampling import SamplerSettings, sample
from duetto.architectures.diffsvc.schedule import denormalise_mel, diffuse, normalise_mel
from duetto.architectures.diffsvc.shapes import published_shape
from duetto.architectures.diffsvc.time_grids import NoisePath

from .diffsvc_fill import filled_model

Arrays = dict[str, NDArray]

OBSERVED_STEPS = (1, 2, 3, 4, 10, 25, 49, 50)
UPSTREAM_STEPS = 50  # of 1000 timesteps: pndm_speedup 20
SHALLOW_START, SHALLOW_STEPS = 500, 25
DESCENDANTS_START, DESCENDANTS_MEL_RANGE = 100, (-12.0, 2.0)
OUR_NAMES = {
    "dpm_solver": "dpm_solver_uniform",
    "dpm_solverpp": "dpm_solver_pp_uniform",
    "unipc": "unipc_uniform",
    "ddim": "ddim_upstream",
    "pndm": "pndm_upstream",
}
DESCENDANT_RUNS = (  # name, start, speedup
    ("dpm_solver", 1000, 50),
    ("dpm_solverpp", 1000, 50),
    ("dpm_solverpp", 1000, 10),
    ("unipc", 1000, 50),
    ("unipc", 1000, 100),
    ("ddim", 1000, 50),
    ("pndm", 1000, 20),
    ("dpm_solver", 100, 10),
    ("dpm_solverpp", 100, 10),
    ("unipc", 100, 10),
    ("ddim", 100, 10),
    ("pndm", 100, 10),
)


def listening(denoise: Denoise, timesteps: list[float]) -> Denoise:
    """The same denoiser, noting at which timesteps it is called."""

    def call(x: Tensor, timestep: float) -> Tensor:
        timesteps.append(timestep)
        return denoise(x, timestep)

    return call


@torch.no_grad()
def pndm(inputs: Arrays) -> Arrays:
    """Upstream's default run with its states, and the same from a given mel."""
    model, _ = filled_model(published_shape("44k"))
    index = torch.from_numpy(inputs["mel2ph"])
    mask = (index > 0).float()[:, None]
    f0_hz = torch.exp2(torch.from_numpy(inputs["f0_log2"])).masked_fill(index == 0, 0.0)
    given = ConditionInputs(torch.from_numpy(inputs["hubert"]), f0_hz, mask, unit_index=index)
    condition = model.encode(given)
    denoise = PreparedDenoiser(model.denoiser, condition)  # upstream does not mask
    states, calls = observed_pndm(model, denoise, torch.from_numpy(inputs["x_T"])[:, 0])
    arrays: Arrays = {f"x_after_step{step}": states[step - 1][:, None].numpy() for step in OBSERVED_STEPS}
    noop = (states[-1] - states[-2]).abs().max()
    shallow_calls: list[float] = []
    shallow = Shallow(torch.from_numpy(inputs["shallow_gt_mel"]).mT, SHALLOW_START)
    x = model.noised(shallow, torch.from_numpy(inputs["shallow_noise"])[:, 0])
    settings = SamplerSettings("pndm_upstream", SHALLOW_STEPS)
    x_0 = sample(settings, listening(denoise, shallow_calls), x, model.schedule, SHALLOW_START)
    return (
        inputs
        | arrays
        | {
            "cond": condition.numpy(),
            "mel_out": log_mel(model, states[-1], mask),
            "denoiser_calls": np.array(calls),
            "steps": np.array(len(states)),
            "last_step_is_noop_maxabs": noop.double().numpy(),
            "shallow_mel_out": log_mel(model, x_0, mask),
            "shallow_calls": np.array(len(shallow_calls)),
        }
    )


def observed_pndm(model: DiffSVC, denoise: Denoise, x: Tensor) -> tuple[list[Tensor], int]:
    """x after every step of upstream's run from pure noise, and its network calls."""
    states: list[Tensor] = []
    timesteps: list[float] = []
    path = NoisePath.of(model.schedule)
    grid = time_grids.upstream_grid(path, len(model.schedule), UPSTREAM_STEPS)
    samplers.pndm(listening(denoise, timesteps), x, path, grid, states.append)
    return states, len(timesteps)


def log_mel(model: DiffSVC, x_0: Tensor, mask: Tensor) -> NDArray:
    """(B, T, M), masked."""
    return (denormalise_mel(x_0, model.mel_min, model.mel_max) * mask).mT.contiguous().numpy()


@torch.no_grad()
def descendants(inputs: Arrays, note: Callable[[str, list[float]], None] | None = None) -> Arrays:
    """Every run of the descendants' samplers on Diff-SVC's denoiser; `note` is told the timesteps of each."""
    model, _ = filled_model(published_shape("44k"))
    denoise = PreparedDenoiser(model.denoiser, torch.from_numpy(inputs["cond"]))
    low, high = (torch.full((1, 1, 1), value) for value in DESCENDANTS_MEL_RANGE)
    clean = normalise_mel(torch.from_numpy(inputs["shallow_gt_mel_ln"]).mT, low, high)
    last = torch.tensor([DESCENDANTS_START - 1])
    starts = {
        1000: torch.from_numpy(inputs["x_T"])[:, 0],
        DESCENDANTS_START: diffuse(model.schedule, clean, last, torch.from_numpy(inputs["shallow_noise"])[:, 0]),
    }
    arrays = dict(inputs)
    for name, start, speedup in DESCENDANT_RUNS:
        timesteps: list[float] = []
        settings = SamplerSettings(OUR_NAMES[name], start // speedup)
        x = sample(settings, listening(denoise, timesteps), starts[start], model.schedule, start)
        run = f"{'full' if start == len(model.schedule) else 'shallow100'}_{name}_speedup{speedup}"
        arrays[run] = x[:, None].numpy()
        if note is not None:
            note(run, timesteps)
    return arrays
