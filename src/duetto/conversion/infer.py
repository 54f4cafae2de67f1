"""`python infer.py`: recordings in, conversions out, each exactly as long as its source."""

from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from duetto.audio import read_audio, read_info, resample, write_audio
from duetto.config import RetrievalConfig
from duetto.conversion.choose import choose_converter, choose_place
from duetto.conversion.converter import Conversion, ConversionRequest, Converter
from duetto.conversion.permission import mark_output, require_use
from duetto.conversion.voice import VOICE_FOLDER
from duetto.errors import AudioError, ConfigError
from duetto.run_config import InferConfig

MIN_SOURCE_S = 0.1  # shorter than a phone: nothing to convert
SILENCE_PEAK = 1e-4  # -80 dBFS


def infer(config: InferConfig, console: Console) -> list[Path]:
    """Convert every source and say what was done.

    Raises:
        DuettoError: If the run, a source or the output cannot be used; sources are checked before
            the first is converted.
    """
    sources = [Path(source) for source in config.sources()]
    run = choose_place(config)
    outputs = plan_outputs(sources, config.output, run, config.transpose)
    for source in sources:
        check_source(source)
    converter, voice = choose_converter(config, run)
    require_use(voice.card, run / VOICE_FOLDER)
    if not 0 <= config.speaker < max(voice.model.num_speakers, 1):
        raise ConfigError(f"speaker={config.speaker}: this voice has speakers 0 to {voice.model.num_speakers - 1}.")
    if config.checkpoint is not None and config.index is None:
        console.print("No index given: nothing is retrieved (index=FILE.index adds it).")
    retrieval = RetrievalConfig(config.index_rate, config.neighbours, config.protect)
    request = ConversionRequest(config.transpose, config.speaker, retrieval, config.chunk_s, config.seed)
    table = Table("source", title=f"{run.name}, transpose {config.transpose:+g}")
    table.add_column("output", overflow="fold")  # a path that is cut cannot be copied
    for name in ("seconds", "RTF", "level"):
        table.add_column(name, justify="right")
    pairs = list(zip(sources, outputs, strict=True))
    for source, output in track(pairs, "Converting", console=console, transient=True):
        conversion, duration_s = convert_file(converter, source, output, request)
        mark_output(output, voice.card, source, asdict(request))
        level = f"{conversion.gain_db:+.1f} dB" if conversion.gain_db else "as is"
        table.add_row(source.name, str(output), f"{duration_s:.2f}", f"{conversion.seconds / duration_s:.2f}", level)
    console.print(table)
    return outputs


def convert_file(
    converter: Converter, source: Path, output: Path, request: ConversionRequest
) -> tuple[Conversion, float]:
    """Convert one file; the output has the source's sample rate and number of samples.

    Returns:
        The conversion and the source's length in seconds.
    """
    waveform, file_rate = read_audio(source)
    conversion = converter.convert(resample(waveform, file_rate, converter.sample_rate), request)
    restored = resample(conversion.waveform, converter.sample_rate, file_rate)
    exact = restored[: len(waveform)]
    if len(exact) < len(waveform):
        missing = len(waveform) - len(exact)
        raise AudioError(f"Conversion of {source} came out {missing} samples short. This is a bug of ours: report it.")
    write_audio(output, exact, file_rate)
    return conversion, len(waveform) / file_rate


def check_source(source: Path) -> None:
    """Refuse what cannot be converted.

    Raises:
        AudioError: If a source is unreadable, too short, silent, or not finite.
    """
    info = read_info(source)
    if info.duration_s < MIN_SOURCE_S:
        raise AudioError(f"{source} is {info.duration_s:.3f} s long; expected at least {MIN_SOURCE_S} s.")
    waveform, _ = read_audio(source)
    if abs(waveform).max() < SILENCE_PEAK:
        raise AudioError(f"{source} is silent (peak below -80 dBFS): there is nothing to convert.")


def plan_outputs(sources: list[Path], output: str | None, run: Path, transpose: float) -> list[Path]:
    """Where each conversion goes; never onto a source, never two onto one.

    Raises:
        ConfigError: If one output file is named for several sources, or would overwrite a source.
    """
    if output is not None and Path(output).suffix:
        if Path(output).suffix.lower() not in (".wav", ".flac"):
            raise ConfigError(f"output={output}: expected a .wav or .flac file, or a folder.")
        if len(sources) > 1:
            raise ConfigError("output names one file, but there are several sources. Name a folder instead.")
        outputs = [Path(output)]
    else:
        folder = Path(output) if output else run / "conversions"
        suffix = f"_{transpose:+g}" if transpose else ""
        outputs = [folder / f"{source.stem}{suffix}.wav" for source in sources]
    if len(set(outputs)) < len(outputs):
        raise ConfigError("Two sources share a name, so their outputs would too. Convert them into different folders.")
    for source, target in zip(sources, outputs, strict=True):
        if target.resolve() == source.resolve():
            raise ConfigError(f"The output would overwrite its source {source}. Choose another output.")
    return outputs
