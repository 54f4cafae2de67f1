"""How far each sampler ends from the exact solution of the reverse process, by network calls.

    python -m benchmarks.samplers
    python -m benchmarks.samplers run=logs/RUN song=data/SOURCE.wav

Without a run, the denoiser is the best possible one for data of known distribution: independent Gaussian values of
deviation s, whose exact solution is a formula, and a mixture of two Gaussians, whose solution a run of 4000 calls
stands for. With a run, it is the trained network on up to 4 s of a song, and a run of 1000 calls stands for the exact
solution.

Errors are root mean squares in units of the normalised mel (1.0 = half the training set's range; at Diff-SVC's 44.1 kHz
range of 5 in log10, 1.0 is 50 dB). All samplers of a table begin with the same noise.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from duetto.architectures.diffsvc.analytic import GaussianData, MixtureData
from duetto.architectures.diffsvc.model import ConditionInputs
from duetto.architectures.diffsvc.prepared import PreparedDenoiser
from duetto.architectures.diffsvc.renderer import mel_energy, mel_for
from duetto.architectures.diffsvc.samplers import Denoise
from duetto.architectures.diffsvc.sampling import DETERMINISTIC, SamplerSettings, count_calls, sample
from duetto.architectures.diffsvc.schedule import NoiseSchedule, linear_betas
from duetto.architectures.diffsvc.time_grids import NoisePath
from duetto.features.content import build_encoder
from duetto.features.extract import analyse
from duetto.features.f0 import build_f0_extractor
from duetto.features.frames import pad_to_frames
from duetto.storage.audio import read_audio
from duetto.storage.run_folder import VOICE_FOLDER
from duetto.voices.find import find_run
from duetto.voices.voice import load_voice

CALLS = (5, 10, 15, 20, 30, 51, 101)
DEVIATIONS = (0.05, 0.1, 0.3)
MIXTURE_MEAN, MIXTURE_DEVIATION = 0.5, 0.1
MIXTURE_REFERENCE_STEPS = 4000
RUN_REFERENCE_STEPS = 1000
SONG_S = 4.0
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


def trained_error(run: Path, song: Path) -> Error:
    """The same for the voice of a finished run, on the beginning of a song."""
    voice = load_voice(find_run(Path("logs"), str(run)) / VOICE_FOLDER)
    acoustic, features = voice.network.acoustic, voice.features
    waveform, _ = read_audio(song, features.sample_rate)
    piece = pad_to_frames(waveform[: round(SONG_S * features.sample_rate)], features.hop_length)
    frames = analyse(piece, features, build_encoder(features.content), build_f0_extractor(features.f0))
    f0_hz = torch.from_numpy(frames.f0_hz)[None]
    inputs = ConditionInputs(
        content=torch.from_numpy(np.array(frames.content))[None],
        f0_hz=f0_hz,
        mask=torch.ones(1, 1, f0_hz.shape[1]),
        speaker_id=torch.zeros(1, dtype=torch.long),
        energy=mel_energy(mel_for(voice.model, torch.from_numpy(piece)[None], features)),
    )
    with torch.no_grad():
        denoise = PreparedDenoiser(acoustic.denoiser, acoustic.encode(inputs), inputs.mask)
    drawn = torch.Generator().manual_seed(SEED)
    noise = torch.randn(1, voice.model.n_mels, f0_hz.shape[1], generator=drawn)
    exact = sample(SamplerSettings("dpm_solver_pp", RUN_REFERENCE_STEPS), denoise, noise, acoustic.schedule)
    return partial(error_of, denoise, noise, exact, acoustic.schedule)


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
    options = dict(argument.split("=", 1) for argument in sys.argv[1:])
    if "run" in options:
        print_table(f"trained model, {options['run']}", trained_error(Path(options["run"]), Path(options["song"])))
        return
    for title, error in analytic_errors().items():
        print_table(title, error)


if __name__ == "__main__":
    main()
