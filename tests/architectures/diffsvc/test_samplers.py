import pytest
import torch

from duetto.architectures.diffsvc.analytic import GaussianData, MixtureData
from duetto.architectures.diffsvc.sampling import SAMPLER_NAMES, SamplerSettings, count_calls, sample
from duetto.architectures.diffsvc.schedule import NoiseSchedule, linear_betas
from duetto.architectures.diffsvc.time_grids import NoisePath, log_snr_grid, upstream_grid
from duetto.errors import ConfigError

SCHEDULE = NoiseSchedule(linear_betas(1000, 0.02))
PATH = NoisePath.of(SCHEDULE)
SOLVERS = [name for name in SAMPLER_NAMES if name != "ddpm"]


def gaussian(deviation: float = 0.3, batch: int = 3) -> tuple[GaussianData, torch.Tensor]:
    drawn = torch.Generator().manual_seed(0)
    data = GaussianData(PATH, torch.randn(batch, 4, 6, generator=drawn, dtype=torch.float64), deviation)
    return data, torch.randn(batch, 4, 6, generator=drawn, dtype=torch.float64)


def error(name: str, steps: int, deviation: float = 0.3) -> float:
    data, x = gaussian(deviation)
    found = sample(SamplerSettings(name, steps), data, x, SCHEDULE)
    return float((found - data.exact(x, 999.0)).square().mean().sqrt())


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_converges_to_the_exact_solution(name):
    assert error(name, 250) < min(0.03, 0.5 * error(name, 10) + 1e-9)


@pytest.mark.parametrize(("name", "order"), [("ddim", 1), ("dpm_solver_pp", 2), ("unipc", 2)])
def test_twice_the_steps_cut_the_error_as_the_order_promises(name, order):
    assert error(name, 40) / error(name, 80) > 2 ** (order - 0.5)


@pytest.mark.parametrize("name", SAMPLER_NAMES)
def test_calls_are_counted_told_and_kept_to(name):
    data, x = gaussian()
    settings, told, timesteps = SamplerSettings(name, 7), [], []

    def denoise(x: torch.Tensor, timestep: float) -> torch.Tensor:
        timesteps.append(timestep)
        return data(x, timestep)

    sample(settings, denoise, x, SCHEDULE, start=30, progress=lambda made, total: told.append((made, total)))
    expected = count_calls(settings, 30)
    assert len(timesteps) == expected
    assert told == [(call + 1, expected) for call in range(expected)]


@pytest.mark.parametrize("name", SOLVERS)
def test_a_batch_gives_what_its_members_give_alone(name):
    data, x = gaussian()
    together = sample(SamplerSettings(name, 5), data, x, SCHEDULE)
    for row in range(len(x)):
        alone = GaussianData(PATH, data.mean[row : row + 1], data.deviation)
        torch.testing.assert_close(
            together[row : row + 1], sample(SamplerSettings(name, 5), alone, x[row : row + 1], SCHEDULE)
        )


def test_upstreams_last_call_changes_nothing():
    grid = upstream_grid(PATH, 1000, 50)
    assert len(grid) == 51
    assert grid[:2].tolist() == [980.0, 960.0]
    assert grid[-2:].tolist() == [0.0, 0.0]
    assert count_calls(SamplerSettings("pndm_upstream", 50), 1000) == 51
    assert error("pndm", 50) < error("pndm_upstream", 50)


def test_a_log_snr_grid_takes_equal_steps_of_lambda():
    grid = log_snr_grid(PATH, 600, 10)
    lambdas = torch.tensor([PATH.half_log_snr(t) for t in grid])
    assert grid[0] == 599
    assert grid[-1] == 0
    torch.testing.assert_close(lambdas.diff(), lambdas.diff().mean().expand(10), rtol=1e-3, atol=0)


def test_a_mixture_is_sampled_into_its_two_halves():
    data, x = MixtureData(PATH, 0.6, 0.05), torch.linspace(-2, 2, 9, dtype=torch.float64).view(1, 1, 9)
    found = sample(SamplerSettings("unipc", 60), data, x, SCHEDULE).flatten()
    torch.testing.assert_close(found[5:], -found[:4].flip(0))
    assert ((found[5:] - 0.6).abs() < 0.2).all()


def test_ancestral_samples_have_the_data_s_spread():
    drawn = torch.Generator().manual_seed(0)
    data = GaussianData(PATH, torch.full((1, 1, 4000), 0.2), 0.15)
    x = torch.randn(1, 1, 4000, generator=drawn)
    found = sample(SamplerSettings("ddpm"), data, x, SCHEDULE, generator=drawn)
    assert float(found.mean()) == pytest.approx(0.2, abs=0.01)
    assert float(found.std()) == pytest.approx(0.15, rel=0.1)


@pytest.mark.parametrize(("settings", "start"), [({"name": "euler"}, 10), ({"steps": 0}, 10), ({}, 1), ({}, 1001)])
def test_an_impossible_run_is_refused_in_words(settings, start):
    data, x = gaussian()
    with pytest.raises(ConfigError, match=r"sampler|noise levels"):
        sample(SamplerSettings(**settings), data, x, SCHEDULE, start)


def test_a_network_that_knows_nothing_is_kept_within_the_training_sets_range():
    def knows_nothing(x: torch.Tensor, timestep: float) -> torch.Tensor:
        return torch.zeros_like(x)

    x = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(0))
    free = sample(SamplerSettings("unipc", 10), knows_nothing, x, SCHEDULE)
    kept = sample(SamplerSettings("unipc", 10), knows_nothing, x, SCHEDULE, is_clamped=True)
    assert float(free.abs().max()) > 10.0
    assert float(kept.abs().max()) < 1.1


def test_where_nothing_leaves_the_range_clamping_changes_nothing():
    data = GaussianData(PATH, torch.zeros(1, 4, 6, dtype=torch.float64), 0.05)
    x = torch.randn(1, 4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    results = [sample(SamplerSettings("unipc", 20), data, x, SCHEDULE, is_clamped=flag) for flag in (False, True)]
    assert torch.allclose(*results, atol=1e-9)
