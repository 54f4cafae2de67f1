"""How far each sampler ends from the exact solution of the reverse process, by network calls.

    python -m benchmarks.samplers

The denoiser is the best possible one for data of known distribution: independent Gaussian values of deviation s, whose
exact solution is a formula, and a mixture of two Gaussians, whose solution a run of 4000 calls stands for.

Errors are root mean squares in units of the normalised mel (1.0 = half the training set's range; at Diff-SVC's 44.1 kHz
range of 5 in log10, 1.0 is 50 dB). All samplers of a table begin with the same noise.
"""

from collections.abc import Callable
from functools import partial

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from duetto.models.diffsvc.analytic import GaussianData, MixtureData
from duetto.models.diffsvc.samplers import Denoise
from duetto.models.diffsvc.sampling import DETERMINISTIC, SamplerSettings, count_calls, sample
from duetto.models.diffsvc.schedule import NoiseSchedule, linear_betas
from duetto.models.diffsvc.time_grids import NoisePath

CALLS = (5, 10, 15, 20, 30, 51, 101)
DEVIATIONS = (0.05, 0.1, 0.3)
MIXTURE_MEAN, MIXTURE_DEVIATION = 0.5, 0.1
MIXTURE_REFERENCE_STEPS = 4000
NUM_VALUES = 20_000
SEED = 0

Error = Callable[[SamplerSettings], float]


def rms(difference: Tensor) -> float:
    """Root mean square."""
    return float(difference.double().square().mean().sqrt())


def settings_for(name: str, calls: int) -> SamplerSettings:
    """The sampler with the most steps that stay within `calls` network calls."""
    steps = calls
    while steps > 1 and count_calls(SamplerSettings(name, steps), 1000) > calls:
        steps -= 1
    return SamplerSettings(name, steps)


def error_of(
    denoise: Denoise, noise: Tensor, exact: Tensor, schedule: NoiseSchedule, sampler: SamplerSettings
) -> float:
    """Distance of one run from the exact solution."""
    return rms(sample(sampler, denoise, noise, schedule) - exact)


def analytic_errors() -> dict[str, Error]:
    """What each kind of data says about a sampler."""
    schedule = NoiseSchedule(linear_betas(1000, 0.02))
    path = NoisePath.of(schedule)
    drawn = torch.Generator().manual_seed(SEED)
    noise, means = (torch.randn(1, 1, NUM_VALUES, generator=drawn, dtype=torch.float64) for _ in range(2))
    errors: dict[str, Error] = {}
    for deviation in DEVIATIONS:
        data = GaussianData(path, means.clamp(-2, 2) / 2, deviation)
        errors[f"Gaussian, s = {deviation}"] = partial(error_of, data, noise, data.exact(noise, 999.0), schedule)
    mixture = MixtureData(path, MIXTURE_MEAN, MIXTURE_DEVIATION)
    exact = sample(SamplerSettings("dpm_solver_pp", MIXTURE_REFERENCE_STEPS), mixture, noise, schedule)
    errors["two Gaussians"] = partial(error_of, mixture, noise, exact, schedule)
    return errors


def print_table(title: str, error: Error) -> None:
    """A row for each sampler, a column for each number of calls."""
    table = Table(title=title, title_justify="left")
    table.add_column("sampler")
    for calls in CALLS:
        table.add_column(f"{calls} calls", justify="right")
    for name in DETERMINISTIC:
        table.add_row(name, *(f"{error(settings_for(name, calls)):.5f}" for calls in CALLS))
    Console(width=110).print(table)


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    for title, error in analytic_errors().items():
        print_table(title, error)


if __name__ == "__main__":
    main()
