"""Decoding what libsndfile cannot (m4a, mp4, aac, wma, webm …), through PyAV where it is installed.

Only `duetto.storage.audio` calls this. Conventions as there: float32, (channels, S).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.errors import AudioError

LIBAV_SUFFIXES = frozenset({".m4a", ".mp4", ".aac", ".wma", ".webm", ".mka", ".ape", ".wv"})
MAX_CHANNELS = 64
LEAST_BITS_PER_S = 500  # AAC of silence needs four times as many; a file that lasts longer is a bomb
GRACE_S = 10.0
MICROSECONDS = 1e6  # in which libav gives the length of a container


Header = tuple[int, int, int, str]  # sample rate (Hz), estimated number of samples, channels and codec
Blocks = Iterator[NDArray[np.float32]]


@contextmanager
def open_audio(path: Path) -> Iterator[tuple[Header, Blocks]]:
    """The header of the first audio stream, and blocks of samples (channels, S) at its own rate, as they are decoded.

    Raises:
        AudioError: If there is no decoder here, or the file is none that it knows; from the blocks, when it breaks off.
    """
    av = _load(path)
    errors = (av.FFmpegError, ValueError, OverflowError)
    try:
        container = av.open(str(path), mode="r")
    except errors as error:
        raise _unreadable(path, error) from error
    with container:
        try:
            stream = _stream(container, path)
            header = _header(container, stream)
        except errors as error:
            raise _unreadable(path, error) from error
        rate, _, channels, _ = header
        if rate <= 0 or not 1 <= channels <= MAX_CHANNELS:
            raise AudioError(f"{path} claims {channels} channels at {rate} Hz: the header is damaged.")
        yield header, _decode(path, container, stream, av)


def _header(container: Any, stream: Any) -> Header:
    rate, channels = int(stream.rate or 0), int(stream.codec_context.channels or 0)
    if stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    else:
        seconds = float(container.duration or 0) / MICROSECONDS
    return rate, max(0, round(seconds * rate)), channels, str(stream.codec_context.name)


def _decode(path: Path, container: Any, stream: Any, av: Any) -> Blocks:
    try:
        resampler = av.AudioResampler(format="fltp")
        longest_s, done_s = GRACE_S + 8 * path.stat().st_size / LEAST_BITS_PER_S, 0.0
        for frame in container.decode(stream):
            for plain in resampler.resample(frame):
                yield plain.to_ndarray()
                done_s += plain.samples / max(1, plain.sample_rate)
            if done_s > longest_s:
                raise AudioError(f"{path} goes on for longer than its bytes can hold: it is damaged or hostile.")
    except (av.FFmpegError, ValueError, OverflowError) as error:
        raise AudioError(f"{path} breaks off while decoding ({_reason(error)}).") from error


def _load(path: Path) -> Any:
    try:
        import av
        import av.logging
    except ImportError as error:
        raise AudioError(
            f"{path} needs a decoder that is not installed here: pip install av, or convert it to WAV or FLAC."
        ) from error
    av.logging.set_level(None)
    return av


def _stream(container: Any, path: Path) -> Any:
    if not container.streams.audio:
        raise AudioError(f"{path} holds no audio stream.")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise AudioError(f"{path} is in a codec that cannot be decoded here. Export it as WAV or FLAC.")
    return stream


def _unreadable(path: Path, error: Exception) -> AudioError:
    return AudioError(f"{path} cannot be decoded ({_reason(error)}). Export it as WAV or FLAC.")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
