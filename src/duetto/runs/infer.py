"""`python infer.py`: recordings in, conversions out, each exactly as long as its source."""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from duetto.conversion.converter import ConversionRequest, Converter
from duetto.conversion.recording import ConvertedFile, convert_file
from duetto.conversion.sources import Source, check_source, expand_sources, plan_outputs
from duetto.errors import AudioError, ConfigError, DuettoError
from duetto.settings.config import RetrievalConfig
from duetto.settings.run_config import InferConfig
from duetto.voices.choose import choose_converter, choose_place
from duetto.voices.permission import mark_output, require_use
from duetto.voices.voice import VOICE_FOLDER, TrainedVoice


@dataclass
class Job:
    """A recording on its way."""

    path: Path
    output: Path
    source: Source | None = None  # None = it cannot be converted
    result: ConvertedFile | None = None
    error: DuettoError | None = None


def infer(config: InferConfig, console: Console) -> list[Path]:
    """Convert every source and say what was done; one that fails does not lose the others.

    Returns:
        The files written.

    Raises:
        DuettoError: If the run or the outputs cannot be used, or, at the end, if a source could not be converted.
    """
    paths = expand_sources(config.sources())
    run = choose_place(config)
    outputs = plan_outputs(paths, config.output, run, config.interval, f".{config.format}")
    jobs = [check(Job(path, output)) for path, output in zip(paths, outputs, strict=True)]
    if any(job.source for job in jobs):  # else no voice needs to be loaded
        converter, voice = choose_converter(config, run)
        require_use(voice.card, run / VOICE_FOLDER)
        if config.checkpoint is not None and config.index is None:
            console.print("No index given: nothing is retrieved (index=FILE.index adds it).")
        convert_jobs(jobs, converter, voice, make_request(config, find_speaker(config.speaker, voice)), console)
    return close(jobs, console, f"{run.name}, transpose {config.interval:+g}")


def convert_jobs(
    jobs: list[Job], converter: Converter, voice: TrainedVoice, request: ConversionRequest, console: Console
) -> None:
    """Convert what can be, with a bar for each recording; note results and errors in the jobs."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        for job in jobs:
            if job.source is None:
                continue
            task = bar.add_task(job.path.name, total=job.source.duration_s)
            try:
                job.result = convert_file(converter, job.source, job.output, request, partial(_show, bar, task))
                mark_output(job.output, voice.card, job.path, asdict(request))
            except DuettoError as error:
                job.error = error
            bar.update(task, visible=False)


def _show(bar: Progress, task: TaskID, done_s: float) -> None:
    bar.update(task, completed=done_s)


def check(job: Job) -> Job:
    """Read the source once; note why it cannot be converted."""
    try:
        job.source = check_source(job.path)
    except DuettoError as error:
        job.error = error
    return job


def close(jobs: list[Job], console: Console, title: str) -> list[Path]:
    """Print the table of what was done.

    Raises:
        DuettoError: If a source could not be converted.
    """
    failed = [job for job in jobs if job.error is not None]
    if len(jobs) == 1 and failed:
        assert failed[0].error is not None
        raise failed[0].error
    table = Table("source", title=title)
    table.add_column("output", overflow="fold")  # a path that is cut cannot be copied
    for name in ("seconds", "RTF", "peaks"):
        table.add_column(name, justify="right")
    for job in jobs:
        table.add_row(*describe(job))
    console.print(table)
    if failed:
        raise AudioError(
            f"{len(failed)} of {len(jobs)} recordings could not be converted (see the table); the others are done."
        )
    return [job.output for job in jobs]


def describe(job: Job) -> tuple[str, ...]:
    """A row of the table: name, output or reason, seconds, real-time factor, what peaks lost."""
    if job.source is None or job.result is None:
        return job.path.name, f"[red]failed:[/] {job.error}", "", "", ""
    channels = job.source.num_channels
    name = job.path.name if channels == 1 else f"{job.path.name} ({channels} channels, mixed to mono)"
    duration_s, gain_db = job.source.duration_s, job.result.gain_db
    peaks = f"{gain_db:+.1f} dB" if gain_db else "as they are"
    return name, str(job.output), f"{duration_s:.2f}", f"{job.result.seconds / duration_s:.2f}", peaks


def find_speaker(wanted: int | str, voice: TrainedVoice) -> int:
    """The row of the speaker table that a number or a name means.

    Raises:
        ConfigError: If the voice has no such speaker; lists those it has.
    """
    names = [str(name) for name in voice.card.get("speakers") or ()]
    if str(wanted) in names:
        return names.index(str(wanted))
    count = max(voice.model.num_speakers, 1)
    number = int(wanted) if str(wanted).isdecimal() else -1
    if 0 <= number < count:
        return number
    known = f"0 to {count - 1}" + (f" ({', '.join(names)})" if names else "")
    raise ConfigError(f"speaker={wanted}: this voice has speakers {known}.")


def make_request(config: InferConfig, speaker_id: int) -> ConversionRequest:
    """What the settings ask of every source."""
    return ConversionRequest(
        transpose_semitones=config.interval,
        speaker_id=speaker_id,
        retrieval=RetrievalConfig(config.index_rate, config.neighbours, config.protect),
        diffusion=config.diffusion,
        chunk_s=config.chunk_s,
        seed=config.seed,
        level_match=config.level_match,
        formant_semitones=config.formant,
    )
