"""Finds the recordings to convert, checks each, and plans the path of its output."""

import glob
import math
import re
from dataclasses import dataclass
from pathlib import Path

from duetto.errors import AudioError, ConfigError
from duetto.storage.audio import checked
from duetto.storage.audio_file import Unread
from duetto.storage.audio_open import open_audio
from duetto.storage.audio_suffixes import AUDIO_SUFFIXES, is_hidden, is_recording, say_passed_over
from duetto.storage.full_scale import LoudSamples
from duetto.storage.run_folder import RunFolder
from duetto.storage.standard_level import say_quiet

MIN_SOURCE_S = 0.1  # shorter than a phone: nothing to convert
SILENCE_PEAK = 1e-4  # -80 dBFS
FORMATS = (".wav", ".flac")  # of outputs
FILE_TYPE = re.compile(r"\.[A-Za-z]\w{1,4}")  # ".2)" of "takes (v1.2)" does not match


@dataclass(frozen=True)
class Source:
    """A recording that can be converted, read once from end to end."""

    path: Path
    sample_rate: int  # Hz
    num_samples: int
    num_channels: int  # mixed equally to mono
    unread: tuple[Unread, ...] = ()  # what the file holds or promises beyond what was read
    ceiling: float = math.inf  # only damaged samples exceed it; they are limited to it
    remarks: tuple[str, ...] = ()  # in words that follow its name

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate


def expand_sources(names: list[str]) -> list[Path]:
    """The recordings named by files, folders (their audio files) and patterns (`songs/*.wav`); each once, in order.

    Raises:
        ConfigError: If a folder or pattern names none.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = sorted(item for item in path.iterdir() if item.is_file() and is_recording(item))
        elif not path.exists() and glob.has_magic(name):
            matches = (Path(item) for item in glob.glob(name, recursive=True))  # noqa: PTH207
            inside = sorted(item for item in matches if item.is_file() and not is_hidden(item.name))
        else:
            inside = [path]
        if not inside:
            raise ConfigError(f"source={name} names no recording. Expected {', '.join(sorted(AUDIO_SUFFIXES))} files.")
        found.extend(inside)
    return list(dict.fromkeys(found))


def tell_passed_over(names: list[str]) -> list[str]:
    """A sentence for each folder among the sources that contains anything other than recordings."""
    sentences = []
    for name in names:
        if Path(name).is_dir():
            others = [item for item in Path(name).iterdir() if not is_hidden(item.name)]
            files = [item.name for item in others if item.is_file() and not is_recording(item)]
            folders = sorted(item.name for item in others if item.is_dir())
            said = [say_passed_over(files)] if files else []
            said += [f"its subfolders were not searched: {', '.join(folders)}"] if folders else []
            sentences += [f"source={name}: {'; '.join(said)}."] if said else []
    return sentences


def check_source(path: Path) -> Source:
    """Read a recording once, in constant memory, and refuse one that cannot be converted.

    Raises:
        AudioError: If it is unreadable, too short, silent, or not finite.
    """
    loud = LoudSamples()
    with open_audio(path) as file:
        for block in checked(path, file):
            loud.add(block.mean(axis=0))
    info = file.info
    require_convertible(str(path), loud.num_samples / info.sample_rate, loud.peak)
    return Source(
        path,
        info.sample_rate,
        loud.num_samples,
        info.num_channels,
        tuple(file.unread),
        loud.ceiling,
        tuple(said for said in (loud.say_limited(), say_quiet(loud.peak, info.subtype)) if said),
    )


def require_convertible(name: str, duration_s: float, peak: float) -> None:
    """Refuse a recording with nothing to convert.

    Raises:
        AudioError: If it is too short or silent.
    """
    if duration_s < MIN_SOURCE_S:
        raise AudioError(f"{name} is {duration_s:.3f} s long; expected at least {MIN_SOURCE_S} s.")
    if peak < SILENCE_PEAK:
        raise AudioError(f"{name} is silent (peak below -80 dBFS): there is nothing to convert.")


def names_file(output: str) -> bool:
    """Whether an output names a file: it has a suffix, and is neither an existing folder nor ends with a separator."""
    return bool(FILE_TYPE.fullmatch(Path(output).suffix)) and not output.endswith("/") and not Path(output).is_dir()


def plan_outputs(
    sources: list[Path], output: str | None, run: Path, transpose: float | str, suffix: str = ".wav"
) -> list[Path]:
    """Output path of each conversion: never a source, and no two equal.

    Args:
        sources: The recordings.
        output: A file (one recording) or a folder; None = in the run's folder.
        run: The run's folder.
        transpose: Semitones, or a word, for the name.
        suffix: Format of files in a folder.

    Raises:
        ConfigError: If one output file is given for several sources, or an output would overwrite a source.
    """
    if output is not None and names_file(output):
        if Path(output).suffix.lower() not in FORMATS:
            raise ConfigError(f"output={output}: expected a .wav or .flac file, or a folder.")
        if len(sources) > 1:
            raise ConfigError("output names one file, but there are several sources. Name a folder instead.")
        outputs = [Path(output)]
    else:
        folder = Path(output) if output else RunFolder(run).conversions
        said = transpose if isinstance(transpose, str) else f"{transpose:+g}" if transpose else ""
        interval = f"_{said}" if said else ""
        outputs = [folder / f"{source.stem}{interval}{suffix}" for source in sources]
    if len(set(outputs)) < len(outputs):
        raise ConfigError("Two sources share a name, so their outputs would too. Convert them into different folders.")
    for target in outputs:
        if target.resolve() in {source.resolve() for source in sources}:
            raise ConfigError(f"The output would overwrite its source {target}. Choose another output.")
    return outputs
