"""Reading, writing and resampling audio: the only file that touches audio files.

Conventions: waveforms are float32, full scale +-1.0, shape (S,) when mono and (channels, S)
otherwise. Files go through libsndfile (WAV, FLAC, OGG, MP3, AIFF; m4a needs conversion first).
"""

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from duetto.errors import AudioError
from duetto.files import atomic_path

Waveform = NDArray[np.float32]
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"})
MAX_HOURS = 12.0  # longer than any stem; a header that claims more is damaged or hostile
MAX_LEVEL = 1e9  # beyond it samples are as good as infinite: sums of them are
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
    if not path.is_file():
        raise AudioError(f"There is no audio file {path}.")
    try:
        info = soundfile.info(_file_name(path))
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path} cannot be read as audio ({error.error_string.strip()}). Expected WAV, FLAC, OGG, MP3 or AIFF."
        ) from error
    if info.samplerate <= 0 or info.frames > MAX_HOURS * 3600 * info.samplerate:
        raise AudioError(f"{path} claims {info.frames} samples at {info.samplerate} Hz: the header is damaged.")
    return AudioInfo(info.samplerate, info.frames, info.channels, info.subtype)


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
    info = read_info(path)
    try:
        samples = _read_blocks(path)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path} breaks off while reading ({error.error_string.strip()}).") from error
    if samples.shape[1] == 0:
        raise AudioError(f"{path} holds no samples.")
    if not -MAX_LEVEL <= samples.min() <= samples.max() <= MAX_LEVEL:  # false for NaN too
        bad_s = int(np.argmin((np.abs(samples) <= MAX_LEVEL).all(axis=0))) / info.sample_rate
        raise AudioError(
            f"{path} holds NaN or infinite samples, the first at {bad_s:.3f} s. Render or export it again."
        )
    return samples, info.sample_rate


def _read_blocks(path: Path) -> Waveform:
    """All samples, (channels, S), read in blocks: a header's length is not believed, let alone allocated."""
    with soundfile.SoundFile(_file_name(path)) as file:
        size = max(1, BLOCK_VALUES // file.channels)
        blocks = [np.ascontiguousarray(file.read(size, dtype="float32", always_2d=True).T)]
        while blocks[-1].shape[1] == size:
            blocks.append(np.ascontiguousarray(file.read(size, dtype="float32", always_2d=True).T))
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)


def write_audio(path: Path, waveform: Waveform, sample_rate: int, subtype: str = "PCM_24") -> None:
    """Write a WAV (or FLAC, by suffix) atomically.

    Args:
        path: Where; the suffix names the format.
        waveform: (S,) or (channels, S), +-1.0. Louder peaks would clip in PCM and are refused.
        sample_rate: Hz.
        subtype: libsndfile's name of the sample format.

    Raises:
        AudioError: If a sample is not finite or, for PCM, beyond full scale.
        StorageError: If the folder cannot be written.
    """
    if not np.isfinite(waveform).all():
        raise AudioError(f"Refused to write {path}: the waveform holds NaN or infinite samples.")
    peak = float(np.max(np.abs(waveform), initial=0.0))
    if subtype.startswith("PCM") and peak > 1.0:
        raise AudioError(f"Refused to write {path}: peak {peak:.2f} would clip. Lower the level first.")
    with atomic_path(path) as temporary:
        try:
            soundfile.write(_file_name(temporary), waveform.T, sample_rate, subtype=subtype)
        except soundfile.LibsndfileError as error:
            raise OSError(errno.EIO, error.error_string.strip()) from error


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


def _file_name(path: Path) -> str | bytes:
    """The name as libsndfile wants it: bytes, so that names which are not UTF-8 open too."""
    return str(path) if os.name == "nt" else os.fsencode(path)
