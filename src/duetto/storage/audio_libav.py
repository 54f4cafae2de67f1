"""Decodes compressed audio (MP3, Ogg, FLAC, m4a, aac, wma, webm ...) through PyAV.

A file is read from beginning to end, packet by packet; packets that cannot be decoded are skipped and counted.
`duetto.storage.audio_packets` derives from the count what was not read. Only `duetto.storage.audio_open` calls this.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.errors import AudioError
from duetto.storage.audio_file import AudioFile, AudioInfo, Blocks, Unread
from duetto.storage.audio_links import RestOfFile, next_part
from duetto.storage.audio_packets import LARGEST_PACKET, PacketCount, longest_possible_s, unread_packets

MAX_CHANNELS = 64
MICROSECONDS = 1e6  # libav's unit for the length of a container
BLOCK_SAMPLES = 2**16  # frames are joined into blocks of about this size
LOSSLESS_SUBTYPES = {"s16": "PCM_16", "s16p": "PCM_16", "s32": "PCM_24", "s32p": "PCM_24"}
LOSSLESS_CODECS = frozenset({"flac", "alac", "wavpack", "tta", "ape"})
DEMUXERS = (  # no playlist: it would open other files
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,iff,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,nut,ogg,rm,tak,"
    "truehd,tta,voc,w64,wav,wv"
)
OPTIONS = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}


@contextmanager
def open_audio(path: Path) -> Iterator[AudioFile]:
    """The first audio stream of a file at its own rate.

    Raises:
        AudioError: If no decoder is installed or it does not know the file, or, from the blocks, if nothing can be
            decoded.
    """
    av = _load(path)
    errors = (av.FFmpegError, ValueError, OverflowError)
    try:
        container = av.open(f"file:{path.absolute()}", mode="r", options=OPTIONS)
    except errors as error:
        raise _unreadable(path, error) from error
    with container:
        try:
            stream = _stream(container, path)
            info = _info(container, stream)
        except errors as error:
            raise _unreadable(path, error) from error
        if info.sample_rate <= 0 or not 1 <= info.num_channels <= MAX_CHANNELS:
            raise AudioError(
                f"{path} claims {info.num_channels} channels at {info.sample_rate} Hz: the header is damaged."
            )
        file = AudioFile(info, iter(()), [])
        yield AudioFile(info, joined(_decode(path, container, stream, file.unread)), file.unread)


def _info(container: Any, stream: Any) -> AudioInfo:
    context = stream.codec_context
    rate, channels, name = int(stream.rate or 0), int(context.channels or 0), str(context.name)
    if stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    else:
        seconds = float(container.duration or 0) / MICROSECONDS
    is_lossless = name in LOSSLESS_CODECS and context.format is not None
    subtype = LOSSLESS_SUBTYPES.get(context.format.name, name) if is_lossless else name
    return AudioInfo(rate, max(0, round(seconds * rate)), channels, subtype)


def _decode(path: Path, container: Any, stream: Any, unread: list[Unread]) -> Blocks:
    av, begin = _load(path), 0
    resample = _Resampler(av, int(stream.rate), int(stream.codec_context.channels))
    with ExitStack() as stack:
        while True:
            count = _new_count(stream)
            yield from _decode_part(path, (container, stream), resample, count)
            after = next_part(path, begin + count.end) if count.is_broken and container.format.name == "ogg" else None
            count.is_broken = count.is_broken and after is None
            unread += unread_packets(path, container, stream, count, begin)
            others = len(container.streams.audio) - 1
            if others:
                unread.append(Unread(0.0, f"holds {others + 1} audio streams, of which the first was read"))
            if after is None:
                break
            begin = after
            rest = RestOfFile(stack.enter_context(path.open("rb")), begin)
            try:
                container = stack.enter_context(av.open(rest, mode="r", options=OPTIONS))
                stream = _stream(container, path)
            except (av.FFmpegError, ValueError, OverflowError) as error:
                raise AudioError(f"{path} breaks off while decoding ({_reason(error)}).") from error
        yield from resample(None)


def _decode_part(path: Path, opened: tuple[Any, Any], resample: "_Resampler", count: PacketCount) -> Blocks:
    longest_s = longest_possible_s(path)
    for frames in _packets(*opened, _load(path), count):
        for frame in frames:
            count.seconds += frame.samples / max(1, frame.sample_rate)
            yield from resample(frame)
        if count.seconds > longest_s:
            raise AudioError(f"{path} decodes to more audio than its bytes can hold: it is damaged or hostile.")
    if count.seconds == 0 and count.error:
        raise AudioError(f"{path} breaks off while decoding ({count.error}).")


def _new_count(stream: Any) -> PacketCount:
    return PacketCount(LARGEST_PACKET.get(stream.codec_context.name, sys.maxsize))


def _packets(container: Any, stream: Any, av: Any, count: PacketCount) -> Iterator[list[Any]]:
    """The decoded frames of each packet that is found; damaged packets yield none."""
    errors = (av.FFmpegError, ValueError, OverflowError)
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except errors as error:
            count.breaks_off(_reason(error))
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except errors as error:
            frames = []
            count.is_damaged(_reason(error))
        base = packet.time_base or 0
        at_s = None if packet.pts is None else float(packet.pts * base)
        count.add(packet.pos, packet.size, at_s, float((packet.duration or 0) * base))
        yield frames


class _Resampler:
    """Converts frames to float32 at one rate and channel count, even if they change within the file.

    Frames are interleaved: of planar ones PyAV 18.1.0 reads the ninth channel and those after it from the wrong place,
    which may end the process.
    """

    def __init__(self, av: Any, rate: int, channels: int) -> None:
        self.av, self.rate, self.channels = av, rate, channels
        self.form: tuple[Any, ...] = ()
        self.resampler: Any = None

    def __call__(self, frame: Any) -> Iterator[NDArray[np.float32]]:
        """The samples that are ready after a frame; after None, the rest."""
        if frame is None:
            yield from self._resampled(None)
            return
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self.form:
            yield from self._resampled(None)
            self.form, self.resampler = form, self.av.AudioResampler(format="flt", rate=self.rate)
        frame.pts = None  # otherwise the resampler would fill gaps between time stamps
        yield from self._resampled(frame)

    def _resampled(self, frame: Any) -> Iterator[NDArray[np.float32]]:
        for plain in self.resampler.resample(frame) if self.resampler is not None else ():
            block = np.ascontiguousarray(plain.to_ndarray().reshape(-1, plain.layout.nb_channels).T)
            if block.shape[1]:
                yield block if len(block) == self.channels else _to_width(block, self.channels)


def _to_width(block: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Convert to another channel count by mixing equally and repeating."""
    return np.repeat(block.mean(axis=0, dtype=np.float32)[None], channels, axis=0)


def joined(frames: Blocks) -> Blocks:
    """The same samples in fewer, larger blocks."""
    held: list[NDArray[np.float32]] = []
    num_samples = 0
    for frame in frames:
        held.append(frame)
        num_samples += frame.shape[1]
        if num_samples >= BLOCK_SAMPLES:
            yield np.concatenate(held, axis=1)
            held, num_samples = [], 0
    if held:
        yield np.concatenate(held, axis=1)


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
    return AudioError(f"{path} cannot be read as audio ({_reason(error)}). Export it as WAV or FLAC.")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
