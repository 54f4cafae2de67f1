"""What a run is going to do and how long that takes, said before it starts.

The constants were measured on two cores whose matrix product reaches `REFERENCE_GFLOPS`
a quick probe scales them to this machine.
"""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from duetto.config import TrainConfig
from duetto.training.hardware import REFERENCE_GFLOPS, Hardware, measure_gflops

RENDER_S_PER_SONG = 2.2  # wall, one song of half a minute by one voice, both cores at work
PREPROCESS_S_PER_SONG = 0.5
FEATURES_S_PER_SONG = 0.8
HELD_OUT_SHARE = 0.06  # of the training time, spent on held-out conversions
TRIAL_S_PER_SONG = 9.0  # conversion, resynthesis and scoring
CLOSING_S = 10.0  # index, page, tracker
START_S = 10.0  # imports, workers, and the first compilation of numba


@dataclass(frozen=True)
class Station:
    """One line of the plan."""

    name: str
    what: str
    seconds: float


def make_plan(config: TrainConfig, speed: float) -> list[Station]:
    """Stations with their expected wall seconds.

    Args:
        config: The run.
        speed: This machine's speed relative to the reference machine.
    """
    data = config.data
    num_train, num_test = len(data.train_songs), len(data.test_songs)
    if config.eval.max_songs:
        num_test = min(num_test, config.eval.max_songs)
    held_out = (len(data.val_songs) + len(data.test_songs)) * (1 + len(data.sources))
    renders = num_train + held_out
    stations = [
        Station("corpus", f"{renders} songs sung (kept for later runs)", renders * RENDER_S_PER_SONG),
        Station(
            "preprocess",
            f"{config.preprocess.name}: {', '.join(config.preprocess.steps)}",
            num_train * PREPROCESS_S_PER_SONG,
        ),
        Station(
            "features",
            f"{config.features.content.encoder} content, {config.features.f0.method} f0",
            num_train * FEATURES_S_PER_SONG,
        ),
    ]
    scaled = [Station(s.name, s.what, s.seconds / speed) for s in stations]
    minutes = config.trainer.max_minutes
    what = f"{config.model.name} {config.model.size}, up to {config.trainer.max_steps} steps"
    limit = f"{what}, at most {minutes:g} minutes" if minutes else what
    training = Station("training", limit, minutes * 60 * (1 + HELD_OUT_SHARE) if minutes else float("nan"))
    trial = Station(
        "trial", f"{num_test} songs converted and scored", num_test * len(data.sources) * TRIAL_S_PER_SONG / speed
    )
    return [*scaled, training, trial, Station("closing", "page and tracking", (CLOSING_S + START_S) / speed)]


def announce(config: TrainConfig, hardware: Hardware, console: Console) -> None:
    """Print the plan."""
    speed = measure_gflops(hardware.num_threads) / REFERENCE_GFLOPS
    table = Table("station", "what", "expected", title="Plan", title_justify="left")
    stations = make_plan(config, speed)
    for station in stations:
        table.add_row(station.name, station.what, clock_text(station.seconds))
    table.add_row("all", f"{hardware.device_name}, {hardware.precision}", clock_text(sum(s.seconds for s in stations)))
    console.print(table)
    if Path(config.data.root).is_dir():
        console.print("What an earlier run left in the caches is not done again, so it may be sooner.")


def clock_text(seconds: float) -> str:
    """Seconds as minutes and seconds; an unknown time as a dash."""
    if seconds != seconds:
        return "until the last step"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
