"""`python infer.py`: recordings in, conversions out, each exactly as long as its source."""

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID, TaskProgressColumn
from rich.table import Table

from duetto.conversion.converter import ConversionRequest, Converter
from duetto.conversion.recording import ConvertedFile, convert_file
from duetto.conversion.sources import Source, check_source, expand_sources, plan_outputs, tell_passed_over
from duetto.errors import AudioError, ConfigError, DuettoError
from duetto.runs.applicable import refuse_idle_files, refuse_inapplicable
from duetto.runs.artefacts import artefact_of_file
from duetto.runs.named import check_conversion_files
from duetto.runs.own_contour import open_contour, with_contour
from duetto.runs.registration import register
from duetto.runs.transposition import fit_to_register, melody_of
from duetto.settings.config import RetrievalConfig
from duetto.settings.run_config import AUTO, InferConfig
from duetto.storage.audio import read_blocks
from duetto.storage.leftovers import sweep_leftovers
from duetto.storage.run_folder import VOICE_FOLDER
from duetto.terminal import bars, print_places
from duetto.voices.choose import choose_converter
from duetto.voices.find import choose_place
from duetto.voices.marks import Marking, marked_source, marking_of
from duetto.voices.permission import output_tags, require_use, write_origin
from duetto.voices.voice import TrainedVoice


@dataclass
class ConversionTask:
    """A recording to convert, and its result or error."""

    path: Path
    output: Path
    source: Source | None = None  # None = it cannot be converted
    semitones: float = 0.0  # transposition
    result: ConvertedFile | None = None
    error: DuettoError | None = None


@dataclass(frozen=True)
class Outputs:
    """What the files written have in common."""

    marking: Marking
    sample_rate: int | None = None  # Hz; None = the source's


def infer(config: InferConfig, console: Console) -> list[Path]:
    """Convert every source and report the results; the failure of one does not stop the others.

    Returns:
        The files written.

    Raises:
        DuettoError: If the run or the outputs cannot be used, or, at the end, if a source could not be converted.
    """
    paths = expand_sources(config.sources())
    for sentence in tell_passed_over(config.sources()):
        console.print(sentence, markup=False)
    run = choose_place(config)
    check_conversion_files(config)
    refuse_idle_files(config)
    curve = open_contour(config, len(paths))
    interval = AUTO if config.is_fitted else config.interval
    outputs = plan_outputs(paths, config.output, run, interval, f".{config.format}")
    tasks = [check(ConversionTask(path, output)) for path, output in zip(paths, outputs, strict=True)]
    for folder in {output.parent for output in outputs}:
        sweep_leftovers(folder, in_subfolders=False)
    if any(task.source for task in tasks):  # otherwise no voice has to be loaded
        converter, voice = open_voice(config, run, console)
        for task in tasks:
            if task.source is not None:  # of one source only, if there is a contour
                converter = with_contour(converter, curve, config, task.source)
        request = make_request(config, find_speaker(config.speaker, voice))
        fit_all(tasks, config, converter, voice, console)
        tell_marked(tasks, console)
        convert_all(tasks, converter, voice, request, console, Outputs(marking_of(config), config.rate))
        if config.f0_out is not None:
            print_places(console, {"contour": Path(config.f0_out).expanduser()})
    return close(tasks, console, escape(run.name), config.rate)


def open_voice(config: InferConfig, run: Path, console: Console) -> tuple[Converter, TrainedVoice]:
    """Load the voice that the settings choose, and check that it may and can do what they say.

    Raises:
        DuettoError: If it cannot be read, its owner does not allow conversion, or it does not read a setting.
    """
    converter, voice = choose_converter(config, run)
    require_use(voice.card, run / VOICE_FOLDER)
    voice.model.validate_diffusion(config.diffusion)
    refuse_inapplicable(config, voice, converter)
    if config.checkpoint is not None and config.index is None:
        console.print("No index given, so nothing is retrieved. Add one with index=FILE.index.")
    return converter, voice


def fit_all(
    tasks: list[ConversionTask], config: InferConfig, converter: Converter, voice: TrainedVoice, console: Console
) -> None:
    """Decide the transposition of every readable source, and say what of its melody the voice never learned.

    Raises:
        ConfigError: If `transpose=auto` and the voice's card holds no register.
    """
    for task in tasks:
        task.semitones = config.interval
        if task.source is None or not converter.renderer.uses_f0:
            continue
        mono = (block.mean(axis=0) for block in read_blocks(task.path))
        melody = melody_of(converter, mono, task.source.sample_rate)
        task.semitones, said = fit_to_register(config, melody, voice.card)
        if said:
            console.print(f"{task.path.name}: {said}", markup=False)


def tell_marked(tasks: list[ConversionTask], console: Console) -> None:
    """Say which sources are conversions themselves, by the watermark in their first seconds."""
    for task in tasks:
        said = marked_source(task.path) if task.source else None
        if said:
            console.print(said, markup=False, soft_wrap=True)


def convert_all(
    tasks: list[ConversionTask],
    converter: Converter,
    voice: TrainedVoice,
    request: ConversionRequest,
    console: Console,
    outputs: Outputs,
) -> None:
    """Convert every readable source, with a progress bar for each; store results and errors in the tasks."""
    with bars(console, TaskProgressColumn()) as bar:
        for task in tasks:
            if task.source is None:
                continue
            shown = bar.add_task(escape(task.path.name), total=task.source.duration_s)
            try:
                report, tags = partial(_show, bar, shown), output_tags(voice.card)
                own = replace(request, transpose_semitones=task.semitones)
                marking = outputs.marking
                task.result = convert_file(
                    converter, task.source, task.output, own, report, tags, outputs.sample_rate, marking.pattern
                )
                origin = write_origin(task.output, voice.card, task.path, asdict(own), marking)
                register([artefact_of_file(origin)])
            except DuettoError as error:
                task.error = error
            bar.update(shown, visible=False)


def _show(bar: Progress, task: TaskID, done_s: float) -> None:
    bar.update(task, completed=done_s)


def check(task: ConversionTask) -> ConversionTask:
    """Read the source once; if it cannot be converted, store the reason."""
    try:
        task.source = check_source(task.path)
    except DuettoError as error:
        task.error = error
    return task


def close(tasks: list[ConversionTask], console: Console, title: str, sample_rate: int | None = None) -> list[Path]:
    """Print the table of results.

    Raises:
        DuettoError: If a source could not be converted.
    """
    failed = [task for task in tasks if task.error is not None]
    if len(tasks) == 1 and failed:
        assert failed[0].error is not None
        raise failed[0].error
    table = Table("source", title=title)
    for name in ("seconds", "semitones", "output", "RTF", "peaks"):
        table.add_column(name, justify="right")
    for task in tasks:
        table.add_row(*describe(task, sample_rate))
    console.print(table)
    print_places(console, {task.path.name: task.output for task in tasks if task.error is None})
    if failed:
        raise AudioError(
            f"{len(failed)} of {len(tasks)} recordings could not be converted (see the table); the others are done."
        )
    return [task.output for task in tasks]


def describe(task: ConversionTask, sample_rate: int | None = None) -> tuple[str, ...]:
    """A row: name with remarks or reason of a failure, seconds, semitones, rate, real-time factor, gain of peaks."""
    name = escape(task.path.name)
    if task.source is None or task.result is None:
        return f"{name} [red]failed:[/] {escape(str(task.error))}", "", "", "", "", ""
    channels = task.source.num_channels
    notes = [f"{channels} channels, mixed to mono"] if channels > 1 else []
    notes += [f"{entry.seconds:.2f} s not read: {entry.reason}" for entry in task.source.unread]
    notes += task.source.remarks
    name = f"{name} ({escape('; '.join(notes))})" if notes else name
    duration_s, gain_db = task.source.duration_s, task.result.gain_db
    peaks = f"{gain_db:+.1f} dB" if gain_db else "unchanged"
    rate = f"{(sample_rate or task.source.sample_rate) / 1000:g} kHz"
    speed = f"{task.result.seconds / duration_s:.2f}"
    return name, f"{duration_s:.2f}", f"{task.semitones:+g}", rate, speed, peaks


def find_speaker(wanted: int | str, voice: TrainedVoice) -> int:
    """The row of the speaker table that a number or a name selects.

    Raises:
        ConfigError: If the voice has no such speaker; lists its speakers.
    """
    names = [str(name) for name in voice.card.get("speakers") or ()]
    if str(wanted) in names:
        return names.index(str(wanted))
    count = max(voice.model.num_speakers, 1)
    number = int(wanted) if str(wanted).isdecimal() else -1
    if 0 <= number < count:
        return number
    known = f"0 to {count - 1}" + (f" ({', '.join(names)})" if names else "")
    raise ConfigError(f"speaker={wanted}: this voice has the speakers {known}.")


def make_request(config: InferConfig, speaker_id: int) -> ConversionRequest:
    """The conversion request that the settings describe, the same for every source."""
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
