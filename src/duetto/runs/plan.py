"""The plan of a run: its stages and their expected time, printed before it starts.

The constants, and the costs in each architecture's record, were measured on two cores whose matrix product reaches
`REFERENCE_GFLOPS`; a quick benchmark scales them to this machine. What earlier runs took here counts more (`pace`).
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from duetto.architectures.registry import architecture_of, get_architecture
from duetto.corpus.embedded_cases.case_a import ABOVE
from duetto.runs.pace import NO_PACE, Pace, read_pace
from duetto.settings.config import DataConfig
from duetto.settings.run_config import TrainConfig
from duetto.training.hardware import REFERENCE_GFLOPS, Hardware, measure_gflops

RENDER_S_PER_SONG = 2.2  # wall, one song of half a minute by one voice, on two cores
RENDER_S_PER_READING = 0.9  # wall, one text by a reading voice, on two cores
RENDER_S_PER_TEXT = 3.0  # half of the CPU seconds of one text of the ensemble in one timbre
MIX_S_PER_SONG = 1.5  # band, reverberation and stems of case C
PREPROCESS_S_PER_SONG = 0.5
FEATURES_S_PER_SONG = 0.8
VALIDATION_SHARE = 0.06  # of the training time, if a step's cost is unknown
TEST_S_PER_SONG = 9.0  # conversion, copy synthesis and scoring
CLOSING_S = 20.0  # imports and workers at the start, index, page and tracker at the end
UNKNOWN = math.nan


@dataclass(frozen=True)
class Stage:
    """One line of the plan."""

    name: str
    what: str
    seconds: float  # wall; NaN = not known in advance
    units: float = UNKNOWN  # songs, steps or validations that it consists of


def make_plan(config: TrainConfig, speed: float, pace: Pace = NO_PACE) -> list[Stage]:
    """Stages with their expected wall seconds.

    Args:
        config: Settings of the run.
        speed: This machine's speed relative to the reference machine.
        pace: What earlier runs took on this machine, which counts more.
    """
    tested_songs = count_tested_songs(config)
    tested = "your held-out recordings" if math.isnan(tested_songs) else f"{tested_songs:g} songs"
    steps = f"{config.preprocess.name}: {', '.join(config.preprocess.steps)}"
    encoders = f"{config.features.content.encoder} content, {config.features.f0.method} f0"
    num_train = len(config.data.train_songs) or UNKNOWN
    stages = [
        corpus_stage(config, speed),
        Stage("preprocess", steps, num_train * PREPROCESS_S_PER_SONG / speed, num_train),
        Stage("features", encoders, num_train * FEATURES_S_PER_SONG / speed, num_train),
        *preliminary_stages(config, speed, pace),
        training_stage(config, speed, pace),
        validation_stage(config, speed, pace),
        Stage("test", f"{tested} converted and scored", tested_songs * TEST_S_PER_SONG / speed, tested_songs),
        Stage("closing", "index, page and tracking", CLOSING_S / speed, 1),
    ]
    return [replace(stage, seconds=pace.seconds(stage.name, stage.units, stage.seconds)) for stage in stages]


def many_voices(data: DataConfig) -> tuple[str, float]:
    """What the corpora for pretrained weights consist of, and the seconds that rendering them takes."""
    parts, seconds = [], 0.0
    if data.case == "ensemble":
        texts = data.ensemble.voices * data.ensemble.texts * data.ensemble.timbres
        parts, seconds = [f"{texts} texts said by natural voices"], texts * RENDER_S_PER_TEXT
    if data.case == "choir" or data.ensemble.has_choir:
        songs, readings = data.choir.voices * data.choir.songs, data.choir.readers * data.choir.songs
        parts.append(f"{songs} songs sung, {readings} texts read")
        seconds += songs * RENDER_S_PER_SONG + readings * RENDER_S_PER_READING
    return ", ".join(parts), seconds


def corpus_stage(config: TrainConfig, speed: float) -> Stage:
    """Rendering of songs by the embedded voices, or reading of recordings."""
    data = config.data
    if data.case in ("choir", "ensemble"):
        what, seconds = many_voices(data)
        return Stage("corpus", f"{what} (kept for later runs)", seconds / speed)
    if not data.train_songs:
        return Stage("corpus", "your recordings read and split", UNKNOWN)
    num_targets = len(data.train_songs) + len(data.val_songs) + len(data.test_songs)
    renders = num_targets + (len(data.val_songs) + len(data.test_songs)) * len(data.sources)
    renders += count_test_songs(data) - len(data.test_songs)  # the target at further pitches
    what, seconds, units = f"{renders} songs sung", renders * RENDER_S_PER_SONG, renders
    if data.case == "case_c" and data.mix.vocal_to_backing_db is not None:
        what, seconds = f"{what} and {num_targets} mixed", seconds + num_targets * MIX_S_PER_SONG
    if data.case == "case_d" and data.fragments.fragment_ms is not None:
        what = f"{what}, then cut every {data.fragments.fragment_ms:g} ms"
    return Stage("corpus", f"{what} (kept for later runs)", seconds / speed, units)


def preliminary_stages(config: TrainConfig, speed: float, pace: Pace = NO_PACE) -> list[Stage]:
    """The training that precedes the voice's own, if there is one."""
    first = architecture_of(config.model).preliminary_training(config.model)
    if first is None:
        return []
    steps = min(first.steps(config.model), config.trainer.max_steps)
    step_s = get_architecture(first.architecture).cost(config.model.size).step_s / speed
    seconds = pace.seconds(first.architecture, steps, steps * step_s)
    if config.trainer.max_minutes:
        limit_s = 60 * first.share * config.trainer.max_minutes
        seconds = limit_s if math.isnan(seconds) else min(seconds, limit_s)
    return [Stage(first.architecture, f"up to {steps} steps on the target's recordings", seconds)]


def training_stage(config: TrainConfig, speed: float, pace: Pace = NO_PACE) -> Stage:
    """The training time: its limit, or the cost of the steps if that is known."""
    if architecture_of(config.model).is_closed_form:
        what = f"{config.model.name} {config.model.size}, solved in one pass over the data: no steps, no minutes"
        return Stage("training", what, step_seconds(config, speed), 1)
    minutes = config.trainer.max_minutes
    epochs = config.trainer.max_epochs
    limit = f"{epochs:g} epochs" if epochs else f"{config.trainer.max_steps} steps"
    what = f"{config.model.name} {config.model.size}, up to {limit}{batch_text(config)}"
    if minutes:
        left_s = minutes * 60 - sum(stage.seconds for stage in preliminary_stages(config, speed, pace))
        all_s = pace.seconds("training", config.trainer.max_steps, UNKNOWN)  # NaN, which min() passes over
        return Stage("training", f"{what}, at most {minutes:g} minutes in all", min(left_s, all_s))
    if epochs:
        return Stage("training", what, UNKNOWN)  # as many steps as the recordings make
    seconds = config.trainer.max_steps * step_seconds(config, speed)
    return Stage("training", what, seconds, config.trainer.max_steps)


def step_seconds(config: TrainConfig, speed: float) -> float:
    """Seconds per step; NaN if not measured."""
    world = config.trainer.devices * config.trainer.nodes
    return architecture_of(config.model).cost(config.model.size).step_s / speed / world


def batch_text(config: TrainConfig) -> str:
    """How several processes divide a batch; nothing with one."""
    trainer = config.trainer
    world = trainer.devices * trainer.nodes
    if world == 1:
        return ""
    return f", batches of {trainer.batch_size}: {trainer.batch_size // world} in each of {world} processes"


def validation_stage(config: TrainConfig, speed: float, pace: Pace = NO_PACE) -> Stage:
    """Held-out conversions during training: one at every interval and one at the end."""
    if architecture_of(config.model).is_closed_form:
        return Stage("validation", "none: a solution in closed form has no steps to select from", 0.0)
    every, minutes = config.trainer.evaluate_every_steps, config.trainer.max_minutes
    if not every:
        return Stage("validation", "none (trainer.evaluate_every_steps=0)", 0.0)
    step_s = pace.seconds("training", 1, step_seconds(config, speed))
    if math.isnan(step_s):
        what = f"a held-out conversion every {every} steps"
        return Stage("validation", what, minutes * 60 * VALIDATION_SHARE if minutes else UNKNOWN)
    steps = min(config.trainer.max_steps, minutes * 60 / step_s) if minutes else config.trainer.max_steps
    validations = math.ceil(steps / every)
    validation_s = architecture_of(config.model).cost(config.model.size).validation_s / speed
    songs = len(config.own_songs())
    what = f"{validations} held-out conversions" + (f", {songs} of your songs at each" if songs else "")
    return Stage("validation", what, validations * validation_s * (1 + songs), validations * (1 + songs))


def count_tested_songs(config: TrainConfig) -> float:
    """Number of songs to convert in the test; NaN for recordings, which are not split yet."""
    if not config.data.train_songs:
        return UNKNOWN
    count = count_test_songs(config.data) * len(config.data.sources)
    return min(count, config.eval.max_songs) if config.eval.max_songs else count


def count_test_songs(data: DataConfig) -> int:
    """Number of test songs; each pitch at which a song is sung counts."""
    stays = sum(song.startswith(ABOVE) for song in data.test_songs) if data.case == "case_a" else 0
    return stays + (len(data.test_songs) - stays) * len(data.transpositions)


def announce(config: TrainConfig, hardware: Hardware, console: Console) -> None:
    """Print the plan."""
    speed = measure_gflops(hardware.num_threads) / REFERENCE_GFLOPS
    table = Table("stage", "what", "expected", title="Plan", title_justify="left")
    pace = read_pace(config, hardware)
    stages = make_plan(config, speed, pace)
    for stage in stages:
        table.add_row(stage.name, stage.what, clock_text(stage.seconds))
    known = sum(stage.seconds for stage in stages if not math.isnan(stage.seconds))
    is_complete = not any(math.isnan(stage.seconds) for stage in stages)
    total = clock_text(known) if is_complete else f"{clock_text(known)} plus the unknown stages"
    table.add_row("all", f"{hardware.description}, {hardware.precision}", total)
    console.print(table)
    if hardware.complaint:
        console.print(f"[yellow]warning:[/] {hardware.complaint}")
    if pace.num_runs:
        console.print(f"Times as in {pace.num_runs} earlier run{'s' * (pace.num_runs > 1)} on this machine.")
    elif Path(config.data.root).is_dir():
        console.print("Work that earlier runs left in the caches is not repeated, so it may be faster.")


def clock_text(seconds: float) -> str:
    """Seconds as minutes and seconds."""
    if math.isnan(seconds):
        return "not known yet"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
