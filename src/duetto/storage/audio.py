"""Reading, writing and resampling audio: the only file that touches audio files.

Conventions: waveforms are float32, full scale +-1.0, shape (S,) when mono and (channels, S)
otherwise. Files go through libsndfile (WAV, FLAC, OGG, MP3, AIFF), m4a and its like through
`duetto.storage.audio_libav`. A file of any length is read and written block by block in flat memory.
"""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from duetto.errors import AudioError
from duetto.storage import audio_libav
from duetto.storage.audio_libav import LIBAV_SUFFIXES
from duetto.storage.files import atomic_path

Waveform = NDArray[np.float32]
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"})
MAX_HOURS = 12.0  # longer than any stem; a header that claims more is damaged or hostile
MAX_LEVEL = 1e9  # beyond it samples are as good as infinite: sums of them are
FULL_BYTES = 2**20  # a disk with less left is full
BLOCK_VALUES = 2**22  # read at once: 44 s of stereo at 48 kHz


@dataclass(frozen=True)
class AudioInfo:
    """What the header of an audio file says."""

    sample_rate: int
    num_samples: int
    num_channels: int
    subtype: str

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate


def read_info(path: Path) -> AudioInfo:
    """Read the header of an audio file.

    Raises:
        AudioError: If the file is missing, is no audio, or its header makes no sense.
    """
    with _open_audio(path) as (info, _):
        return info


@contextmanager
def _open_audio(path: Path) -> Iterator[tuple[AudioInfo, Iterator[Waveform]]]:
    """The header of a file and its blocks, none of them empty; the blocks are read as they are asked for."""
    if not path.is_file():
        raise AudioError(f"There is no audio file {path}.")
    if path.suffix.lower() in LIBAV_SUFFIXES:
        with audio_libav.open_audio(path) as (header, blocks):
            yield _plausible(path, AudioInfo(*header)), (block for block in blocks if block.shape[1])
        return
    try:
        file = soundfile.SoundFile(_file_name(path))
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path} cannot be read as audio ({error.error_string.strip()}). Expected WAV, FLAC, OGG, MP3 or AIFF."
        ) from error
    with file:
        info = AudioInfo(file.samplerate, file.frames, file.channels, file.subtype)
        yield _plausible(path, info), _decoded(path, file)


def _plausible(path: Path, info: AudioInfo) -> AudioInfo:
    if info.sample_rate <= 0 or info.num_samples > MAX_HOURS * 3600 * info.sample_rate:
        raise AudioError(f"{path} claims {info.num_samples} samples at {info.sample_rate} Hz: the header is damaged.")
    return info


def _decoded(path: Path, file: soundfile.SoundFile) -> Iterator[Waveform]:
    """Blocks that are not empty; a header's length is not believed, let alone allocated."""
    size = max(1, BLOCK_VALUES // file.channels)
    try:
        while len(block := file.read(size, dtype="float32", always_2d=True)):
            yield np.ascontiguousarray(block.T)
            if len(block) < size:
                return
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path} breaks off while reading ({error.error_string.strip()}).") from error


def read_audio(path: Path, sample_rate: int | None = None) -> tuple[Waveform, int]:
    """Read a file as mono float32, mixing channels equally and resampling if asked.

    Args:
        path: An audio file.
        sample_rate: Rate wanted, Hz; None keeps the file's.

    Returns:
        The waveform (S,) and its sample rate, Hz.

    Raises:
        AudioError: If it cannot be read, is empty, or holds NaN or infinite samples.
    """
    channels, file_rate = read_channels(path)
    waveform = cast(Waveform, channels.mean(axis=0, dtype=np.float32))
    if sample_rate is None or sample_rate == file_rate:
        return waveform, file_rate
    return resample(waveform, file_rate, sample_rate), sample_rate


def read_channels(path: Path) -> tuple[Waveform, int]:
    """Read a file as float32, shape (channels, S), with its sample rate in Hz.

    Raises:
        AudioError: As `read_audio`.
    """
    with _open_audio(path) as (info, unchecked):
        blocks = list(_checked(path, info, unchecked))
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1), info.sample_rate


def read_blocks(path: Path) -> Iterator[Waveform]:
    """The samples of a file in order, (channels, S) of at most some megabytes each.

    Yields:
        At least one block, none of them empty.

    Raises:
        AudioError: As `read_audio`; blocks before the bad place have been given by then.
    """
    with _open_audio(path) as (info, blocks):
        yield from _checked(path, info, blocks)


def _checked(path: Path, info: AudioInfo, blocks: Iterator[Waveform]) -> Iterator[Waveform]:
    """The blocks, as long as they are sound."""
    done = 0
    for block in blocks:
        if not -MAX_LEVEL <= block.min() <= block.max() <= MAX_LEVEL:  # false for NaN too
            bad = done + int(np.argmin((np.abs(block) <= MAX_LEVEL).all(axis=0)))
            raise AudioError(
                f"{path} holds NaN or infinite samples, the first at {bad / info.sample_rate:.3f} s. "
                "Render or export it again."
            )
        yield block
        done += block.shape[1]
        if done > MAX_HOURS * 3600 * info.sample_rate:
            raise AudioError(f"{path} goes on beyond {MAX_HOURS:g} hours: cut it first.")
    if done == 0:
        raise AudioError(f"{path} holds no samples.")


def read_span(path: Path, first: int, last: int) -> Waveform:
    """Samples `first` to `last` (one past the end) of a WAV or FLAC file, (channels, S).

    Raises:
        AudioError: If the file cannot be read or ends before.
    """
    try:
        with soundfile.SoundFile(_file_name(path)) as file:
            file.seek(first)
            samples = file.read(last - first, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path} cannot be read from sample {first} on ({error.error_string.strip()}).") from error
    if len(samples) < last - first:
        raise AudioError(f"{path} ends at sample {first + len(samples)}; expected {last}. Build the corpus again.")
    return np.ascontiguousarray(samples.T)


def write_audio(
    path: Path,
    waveform: Waveform,
    sample_rate: int,
    subtype: str = "PCM_24",
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write a WAV (or FLAC, by suffix) atomically.

    Args:
        path: Where; the suffix names the format.
        waveform: (S,) or (channels, S), +-1.0. Louder peaks would clip in PCM and are refused.
        sample_rate: Hz.
        subtype: libsndfile's name of the sample format.
        tags: Texts for the file's own metadata, by libsndfile's names: title, artist, comment, copyright, software.

    Raises:
        AudioError: If a sample is not finite or, for PCM, beyond full scale.
        StorageError: If the folder cannot be written.
    """
    write_blocks(path, (waveform,), sample_rate, subtype, tags)


def write_blocks(
    path: Path,
    blocks: Iterable[Waveform],
    sample_rate: int,
    subtype: str = "PCM_24",
    tags: Mapping[str, str] | None = None,
) -> int:
    """As `write_audio`, from blocks of one width; returns the number of samples written."""
    num_samples = 0
    with atomic_path(path) as temporary:
        file = None
        try:
            for block in blocks:
                _check_levels(path, block, subtype)
                if file is None:
                    file = _create(temporary, 1 if block.ndim == 1 else len(block), sample_rate, subtype, tags or {})
                file.write(block.T)
                num_samples += block.shape[-1]
        except soundfile.LibsndfileError as error:  # says "System error." whatever the system said
            is_full = shutil.disk_usage(path.parent).free < FULL_BYTES
            raise OSError(errno.ENOSPC if is_full else errno.EIO, error.error_string.strip()) from error
        finally:
            if file is not None:
                file.close()
        if file is None:
            raise AudioError(f"Refused to write {path}: there is nothing to write.")
    return num_samples


def _create(path: Path, channels: int, sample_rate: int, subtype: str, tags: Mapping[str, str]) -> soundfile.SoundFile:
    file = soundfile.SoundFile(_file_name(path), "w", sample_rate, channels, subtype=subtype)
    for name, text in tags.items():
        setattr(file, name, text)
    return file


def _check_levels(path: Path, waveform: Waveform, subtype: str) -> None:
    if not np.isfinite(waveform).all():
        raise AudioError(f"Refused to write {path}: the waveform holds NaN or infinite samples.")
    peak = float(np.max(np.abs(waveform), initial=0.0))
    if subtype.startswith("PCM") and peak > 1.0:
        raise AudioError(f"Refused to write {path}: peak {peak:.2f} would clip. Lower the level first.")


def resample(waveform: Waveform, from_rate: int, to_rate: int) -> Waveform:
    """Resample (S,) or (channels, S) with soxr's very-high-quality filter; length rounds to S * to / from."""
    if from_rate == to_rate:
        return waveform
    num_samples = round(waveform.shape[-1] * to_rate / from_rate)
    resampled = soxr.resample(np.ascontiguousarray(waveform.T), from_rate, to_rate, quality="VHQ").T
    missing = num_samples - resampled.shape[-1]
    if missing > 0:
        resampled = np.pad(resampled, [(0, 0)] * (resampled.ndim - 1) + [(0, missing)])
    return np.ascontiguousarray(resampled[..., :num_samples], dtype=np.float32)


def resample_blocks(blocks: Iterable[Waveform], from_rate: int, to_rate: int) -> Iterator[Waveform]:
    """`resample` of a mono stream: the same samples and the same length, in flat memory.

    Args:
        blocks: Pieces (S,) of a waveform in order.
        from_rate: Hz.
        to_rate: Hz.

    Yields:
        Blocks, none of them empty; round(S * to / from) samples altogether.
    """
    if from_rate == to_rate:
        yield from blocks
        return
    stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality="VHQ")
    taken = given = 0
    for block in blocks:
        resampled = stream.resample_chunk(np.ascontiguousarray(block))
        taken, given = taken + len(block), given + len(resampled)
        if len(resampled):
            yield resampled
    rest = round(taken * to_rate / from_rate) - given
    tail = stream.resample_chunk(np.zeros(0, np.float32), last=True)[: max(rest, 0)]
    if rest > 0:
        yield np.pad(tail, (0, rest - len(tail)))


def _file_name(path: Path) -> str | bytes:
    """The name as libsndfile wants it: bytes, so that names which are not UTF-8 open too."""
    return str(path) if os.name == "nt" else os.fsencode(path)
