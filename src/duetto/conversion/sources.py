"""The recordings to convert, whether each can be converted, and the path of its output."""

import glob
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from duetto.errors import AudioError, ConfigError
from duetto.storage.audio import AUDIO_SUFFIXES, read_blocks, read_info
from duetto.storage.audio_libav import LIBAV_SUFFIXES
from duetto.storage.run_folder import RunFolder

MIN_SOURCE_S = 0.1  # shorter than a phone: nothing to convert
SILENCE_PEAK = 1e-4  # -80 dBFS
READABLE = AUDIO_SUFFIXES | LIBAV_SUFFIXES
FORMATS = (".wav", ".flac")  # of outputs
FILE_TYPE = re.compile(r"\.[A-Za-z]\w{1,4}")  # ".2)" of "takes (v1.2)" is none


@dataclass(frozen=True)
class Source:
    """A recording that can be converted, read once from end to end."""

    path: Path
    sample_rate: int  # Hz
    num_samples: int
    num_channels: int  # mixed equally to mono

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate


def expand_sources(names: list[str]) -> list[Path]:
    """Recordings that files, folders (their audio files) and patterns (`songs/*.wav`) name; each once, in order.

    Raises:
        ConfigError: If a folder or pattern names none.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = sorted(item for item in path.iterdir() if item.is_file() and item.suffix.lower() in READABLE)
        elif not path.exists() and glob.has_magic(name):
            inside = sorted(Path(item) for item in glob.glob(name, recursive=True) if Path(item).is_file())  # noqa: PTH207
        else:
            inside = [path]
        if not inside:
            raise ConfigError(f"source={name} names no recording. Expected {', '.join(sorted(READABLE))} files.")
        found.extend(inside)
    return list(dict.fromkeys(found))


def check_source(path: Path) -> Source:
    """Read a recording once, in flat memory, and refuse what cannot be converted.

    Raises:
        AudioError: If it is unreadable, too short, silent, or not finite.
    """
    info = read_info(path)
    num_samples, peak = 0, 0.0
    for block in read_blocks(path):
        num_samples += block.shape[1]
        peak = max(peak, float(np.abs(block.mean(axis=0)).max()))
    require_convertible(str(path), num_samples / info.sample_rate, peak)
    return Source(path, info.sample_rate, num_samples, info.num_channels)


def require_convertible(name: str, duration_s: float, peak: float) -> None:
    """Refuse a recording in which there is nothing to convert.

    Raises:
        AudioError: If it is too short or silent.
    """
    if duration_s < MIN_SOURCE_S:
        raise AudioError(f"{name} is {duration_s:.3f} s long; expected at least {MIN_SOURCE_S} s.")
    if peak < SILENCE_PEAK:
        raise AudioError(f"{name} is silent (peak below -80 dBFS): there is nothing to convert.")


def names_file(output: str) -> bool:
    """Whether an output is meant as a file: by its suffix, unless it is a folder or ends as one."""
    return bool(FILE_TYPE.fullmatch(Path(output).suffix)) and not output.endswith("/") and not Path(output).is_dir()


def plan_outputs(
    sources: list[Path], output: str | None, run: Path, transpose: float, suffix: str = ".wav"
) -> list[Path]:
    """Output path of each conversion; never a source, never the same twice.

    Args:
        sources: The recordings.
        output: A file (one recording) or a folder; None = in the run's folder.
        run: The run's folder.
        transpose: Semitones, for the name.
        suffix: Format of files in a folder.

    Raises:
        ConfigError: If one output file is named for several sources, or would overwrite a source.
    """
    if output is not None and names_file(output):
        if Path(output).suffix.lower() not in FORMATS:
            raise ConfigError(f"output={output}: expected a .wav or .flac file, or a folder.")
        if len(sources) > 1:
            raise ConfigError("output names one file, but there are several sources. Name a folder instead.")
        outputs = [Path(output)]
    else:
        folder = Path(output) if output else RunFolder(run).conversions
        interval = f"_{transpose:+g}" if transpose else ""
        outputs = [folder / f"{source.stem}{interval}{suffix}" for source in sources]
    if len(set(outputs)) < len(outputs):
        raise ConfigError("Two sources share a name, so their outputs would too. Convert them into different folders.")
    for target in outputs:
        if target.resolve() in {source.resolve() for source in sources}:
            raise ConfigError(f"The output would overwrite its source {target}. Choose another output.")
    return outputs
