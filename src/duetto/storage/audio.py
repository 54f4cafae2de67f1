"""Reading, writing and resampling audio; all other modules access audio files through this one.

Conventions: waveforms are float32, full scale +-1.0, shape (S,) when mono and (channels, S)
otherwise. `duetto.storage.audio_open` chooses the decoder of a file. Files of any length are read and written block by
block in constant memory. Only our own files are read from the middle; in lossy files there is no seeking.
"""

import errno
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from duetto.errors import AudioError
from duetto.storage.audio_file import AudioFile, AudioInfo
from duetto.storage.audio_libsndfile import file_name
from duetto.storage.audio_open import MAX_HOURS, open_audio
from duetto.storage.files import atomic_path

Waveform = NDArray[np.float32]
MAX_LEVEL = 1e9  # larger samples count as infinite, because their sums overflow
SEEKABLE = frozenset({"WAV", "WAVEX", "RF64", "FLAC"})  # the formats that we write ourselves
FULL_BYTES = 2**20  # a disk with less left is full


def read_info(path: Path) -> AudioInfo:
    """Read the header of an audio file.

    Raises:
        AudioError: If the file is missing, is not audio, or has an implausible header.
    """
    with open_audio(path) as file:
        return file.info


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
    with open_audio(path) as file:
        blocks = list(checked(path, file))
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1), file.info.sample_rate


def read_blocks(path: Path) -> Iterator[Waveform]:
    """The samples of a file in order, in blocks (channels, S) of a few megabytes at most.

    Yields:
        At least one block, none of them empty.

    Raises:
        AudioError: As `read_audio`; blocks before the fault have been yielded by then.
    """
    with open_audio(path) as file:
        yield from checked(path, file)


def checked(path: Path, file: AudioFile) -> Iterator[Waveform]:
    """The blocks of an open file, each checked for plausible samples.

    Raises:
        AudioError: As `read_audio`.
    """
    done, info = 0, file.info
    for block in file.blocks:
        if not -MAX_LEVEL <= block.min() <= block.max() <= MAX_LEVEL:  # false for NaN too
            bad = done + int(np.argmin((np.abs(block) <= MAX_LEVEL).all(axis=0)))
            raise AudioError(
                f"{path} holds NaN or infinite samples, the first at {bad / info.sample_rate:.3f} s. "
                "Render or export it again."
            )
        yield block
        done += block.shape[1]
        if done > MAX_HOURS * 3600 * info.sample_rate:
            raise AudioError(f"{path} is longer than {MAX_HOURS:g} hours: cut it first.")
    if done == 0:
        raise AudioError(f"{path} holds no samples.")


def read_span(path: Path, first: int, last: int) -> Waveform:
    """Samples `first` to `last` (one past the end) of a WAV or FLAC file, (channels, S).

    Raises:
        AudioError: If the file cannot be read or ends earlier.
    """
    try:
        with soundfile.SoundFile(file_name(path)) as file:
            if file.format not in SEEKABLE:
                raise AudioError(f"{path} is {file.format}, which can only be read from its beginning.")
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
        path: Output file; the suffix selects the format.
        waveform: (S,) or (channels, S), +-1.0. Louder peaks would clip in PCM and are refused.
        sample_rate: Hz.
        subtype: libsndfile's name of the sample format.
        tags: Metadata for the file, by libsndfile's names: title, artist, comment, copyright, software.

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
    """As `write_audio`, from blocks with equally many channels; returns the number of samples written."""
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
        except soundfile.LibsndfileError as error:  # reports "System error." whatever the cause
            is_full = shutil.disk_usage(path.parent).free < FULL_BYTES
            raise OSError(errno.ENOSPC if is_full else errno.EIO, error.error_string.strip()) from error
        finally:
            if file is not None:
                file.close()
        if file is None:
            raise AudioError(f"Refused to write {path}: there is nothing to write.")
    return num_samples


def _create(path: Path, channels: int, sample_rate: int, subtype: str, tags: Mapping[str, str]) -> soundfile.SoundFile:
    file = soundfile.SoundFile(file_name(path), "w", sample_rate, channels, subtype=subtype)
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
    """`resample` of a mono stream: the same samples and the same length, in constant memory.

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
