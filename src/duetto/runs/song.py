"""A song in one command: separates the voice, converts it, and mixes it back with the backing as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import TaskProgressColumn

from duetto.conversion.converter import ConversionRequest, Converter
from duetto.conversion.recording import Stream, converted
from duetto.conversion.sources import require_convertible
from duetto.errors import AudioError, ConfigError
from duetto.preprocess.segment import Segment
from duetto.preprocess.separator_packages import PACKAGES, separate_by_package
from duetto.preprocess.spleeter import package_version
from duetto.preprocess.steps.separate import Separate, separate_centre
from duetto.progress import ReportSeconds
from duetto.runs.applicable import refuse_idle_files
from duetto.runs.infer import find_speaker, make_request, open_voice
from duetto.runs.named import check_conversion_files
from duetto.runs.song_files import Cover, Stems, folder_of_song, write_cover
from duetto.runs.transposition import fit_to_register, melody_of
from duetto.settings.run_config import AUTO, InferConfig
from duetto.storage.audio import Waveform, read_channels
from duetto.terminal import bars, print_places
from duetto.voices.find import called, choose_place
from duetto.voices.marks import marked_source, marking_of

KEEP = "keep"  # of backing
MAX_MINUTES = 20.0  # all stems are in memory


def convert_song(config: InferConfig, console: Console) -> Path:
    """Make a cover, and print where its files are.

    Returns:
        The folder with cover, stems and page.

    Raises:
        DuettoError: If the run, the song or the folder cannot be used, or the song holds no voice.
    """
    song = Path(str(config.song))
    run = choose_place(config)
    check_conversion_files(config)
    refuse_idle_files(config)
    folder = folder_of_song(config, run)
    mix, sample_rate = read_song(song)
    converter, voice = open_voice(config, run, console)
    with waiting(console, f"Separating {song.name}"):
        stems = separate(mix, sample_rate, config.separator)
        if config.backing == KEEP:
            stems = keep_backing_voices(stems, mix)
    console.print(f"{song.name}: {stems.said}.", markup=False)
    mono = stems.lead.mean(axis=0, dtype=np.float32)
    require_convertible("The voice in the song", len(mono) / sample_rate, float(np.max(np.abs(mono))))
    melody = melody_of(converter, [mono], sample_rate)
    semitones, fitted = fit_to_register(config, melody, voice.card, only_octaves=True)
    if fitted:
        console.print(f"{song.name}: {fitted}", markup=False)
    request = replace(make_request(config, find_speaker(config.speaker, voice)), transpose_semitones=semitones)
    with converting(console, song.name, len(mono) / sample_rate) as report:
        sung = sing(converter, Stream([mono], sample_rate, len(mono)), request, report)
    notes = tuple(note for note in (f"{stems.said.capitalize()}.", fitted, marked_source(song)) if note)
    cover = Cover(song, called(run), stems, sung, voice.card, request, notes, marking_of(config))
    page = write_cover(cover, folder, config.format)
    print_places(console, {"cover, stems and players": page})
    return folder


def read_song(path: Path) -> tuple[Waveform, int]:
    """The mix, at most two channels (C, S), and its sample rate.

    Raises:
        AudioError: If it cannot be read, or is too long, too short or silent.
    """
    channels, sample_rate = read_channels(path)
    duration_s = channels.shape[1] / sample_rate
    if duration_s > 60 * MAX_MINUTES:
        raise AudioError(
            f"{path} is {duration_s / 60:.0f} minutes long; a song may have {MAX_MINUTES:g}: cut it first."
        )
    require_convertible(str(path), duration_s, float(np.max(np.abs(channels))))
    return channels[:2], sample_rate


def separate(mix: Waveform, sample_rate: int, separator: str) -> Stems:
    """Separate the voice of a mix (C, S) by one of the methods of the preprocessing step.

    Args:
        mix: The song.
        sample_rate: Hz.
        separator: auto, mask, spleeter, a package with or without its model, or a command with {input} and {output}.

    Raises:
        ConfigError: If a package or program is missing, or the program fails.
        AudioError: If the program did not write audio of the mix's length.
    """
    name, _, model = separator.partition(":")
    if name in PACKAGES:
        voice, which = separate_by_package(mix, sample_rate, name, model)
        return Stems(voice, mix - voice, sample_rate, f"voice separated by {which}")
    method = separator
    if separator == AUTO:
        method = "spleeter" if package_version() else "mask"
    step = Separate("command", separator) if "{" in separator else Separate(method)
    (lead,), (remark,) = step.apply((Segment(mix, sample_rate, "song"),))
    voice = lead.channels
    return Stems(voice, mix - voice, sample_rate, remark.reason)


def keep_backing_voices(stems: Stems, mix: Waveform) -> Stems:
    """Leave voices beside the middle of a stereo song in the backing, so that the lead alone is converted.

    Raises:
        ConfigError: If the song is mono.
    """
    if len(mix) != 2:
        raise ConfigError("backing=keep: a mono song has no middle to tell its lead by. Leave it out.")
    lead = separate_centre(stems.lead, stems.sample_rate)
    said = f"{stems.said}; its lead is what is in the middle, and other voices are kept"
    return Stems(lead, mix - lead, stems.sample_rate, said)


@contextmanager
def waiting(console: Console, text: str) -> Iterator[None]:
    """A bar without an end while something takes its time."""
    with bars(console) as bar:
        bar.add_task(text, total=None)
        yield


@contextmanager
def converting(console: Console, name: str, duration_s: float) -> Iterator[ReportSeconds]:
    """A bar that shows the seconds converted."""
    with bars(console, TaskProgressColumn()) as bar:
        task = bar.add_task(f"Converting {name}", total=duration_s)
        yield lambda seconds: bar.update(task, completed=seconds)


def sing(converter: Converter, lead: Stream, request: ConversionRequest, report: ReportSeconds) -> Waveform:
    """The converted lead, (S,), before its level is matched."""
    with converted(converter, lead, request, report) as blocks:
        return np.concatenate(list(blocks))
