"""Bytes of audio files of many formats: whole, joined, cut off, damaged or with a wrong header."""

import io
import struct
from collections.abc import Callable

import numpy as np
import soundfile

SECONDS = 2.0
RATE = 44_100
ALONE_HZ, SECOND_HZ = 330.0, 495.0


def sound(seconds: float, rate: int, channels: int, pitch_hz: float) -> np.ndarray:
    """A wavering tone with some noise, (S, channels)."""
    times = np.arange(round(seconds * rate)) / rate
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(times))
    tone = 0.3 * np.sin(2 * np.pi * pitch_hz * times) * (1 + 0.3 * np.sin(2 * np.pi * 3 * times))
    return np.stack([tone + noise] * channels, axis=1).astype(np.float32)


def sndfile(form: str, subtype: str, rate: int = RATE, channels: int = 1, pitch_hz: float = ALONE_HZ) -> bytes:
    """A file as libsndfile writes it."""
    file = io.BytesIO()
    soundfile.write(file, sound(SECONDS, rate, channels, pitch_hz), rate, format=form, subtype=subtype)
    return file.getvalue()


def libav(
    form: str,
    codec: str,
    rate: int = RATE,
    channels: int = 2,
    pitch_hz: float = ALONE_HZ,
    options: dict[str, str] | None = None,
) -> bytes:
    """A file as libav writes it; `options` are of the container, those with a colon in front of the codec."""
    import av

    layout = "stereo" if channels == 2 else "mono"
    chosen = options or {}
    file = io.BytesIO()
    of_container = {name: value for name, value in chosen.items() if name[0] != ":"}
    with av.open(file, "w", format=form, options=of_container) as container:
        of_codec = {name[1:]: value for name, value in chosen.items() if name[0] == ":"}
        stream = container.add_stream(codec, rate=rate, layout=layout, options=of_codec)
        context = stream.codec_context
        context.bit_rate = 128_000 if codec != "libopencore_amrnb" else 12_200
        context.open()
        samples = np.ascontiguousarray(sound(SECONDS, rate, channels, pitch_hz).T)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = rate, 0
        resampler = av.AudioResampler(context.format, layout, rate, frame_size=context.frame_size or None)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return file.getvalue()


def wav() -> bytes:
    return sndfile("WAV", "PCM_16")


def mp3(**more: object) -> bytes:
    return sndfile("MP3", "MPEG_LAYER_III", **more)  # type: ignore[arg-type]


def vbr_without_xing() -> bytes:
    """Two seconds of silence first, so that the first frames are small."""
    return libav("mp3", "libmp3lame", options={"write_xing": "0", ":flags": "+qscale", ":global_quality": "472"})


def data_length(length: int, riff: int | None = None) -> Callable[[], bytes]:
    """A WAV whose header gives another length of its samples."""

    def make() -> bytes:
        content = bytearray(wav())
        struct.pack_into("<I", content, content.index(b"data") + 4, length)
        if riff is not None:
            struct.pack_into("<I", content, 4, riff)
        return bytes(content)

    return make


def half(make: Callable[[], bytes], share: float = 0.5) -> Callable[[], bytes]:
    return lambda: (content := make())[: round(share * len(content))]


def holed(make: Callable[[], bytes], share: float = 0.2) -> Callable[[], bytes]:
    """Zeros in the middle."""

    def made() -> bytes:
        content = bytearray(make())
        length = round(share * len(content))
        first = (len(content) - length) // 2
        content[first : first + length] = bytes(length)
        return bytes(content)

    return made


def joined(*makes: Callable[[], bytes]) -> Callable[[], bytes]:
    return lambda: b"".join(make() for make in makes)


def flac_length(num_samples: int) -> Callable[[], bytes]:
    """A FLAC whose header counts other samples; 0 = unknown."""

    def make() -> bytes:
        content = bytearray(sndfile("FLAC", "PCM_16"))
        content[21] &= 0xF0
        struct.pack_into(">I", content, 22, num_samples)
        return bytes(content)

    return make


def xing_frames(count: int) -> Callable[[], bytes]:
    """An MP3 whose Xing header counts other frames."""

    def make() -> bytes:
        content = bytearray(mp3())
        place = max(content.find(b"Xing"), content.find(b"Info"))
        struct.pack_into(">I", content, place + 8, count)
        return bytes(content)

    return make


def id3(length: int) -> bytes:
    """An ID3v2 tag with a picture."""
    size = bytes((length >> shift) & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + b"APIC" + np.random.default_rng(0).integers(0, 255, length - 4, np.uint8).tobytes()


def ape_tag() -> bytes:
    fields = b"x" * 20_000
    ends = [struct.pack("<IIII8x", 2000, 32 + len(fields), 1, flags) for flags in (0xA0000000, 0x80000000)]
    return b"APETAGEX" + ends[0] + fields + b"APETAGEX" + ends[1]


def edited_m4a(skipped_s: float) -> bytes:
    """An m4a whose edit list begins later."""
    content = bytearray(libav("mov", "alac", options={"use_editlist": "1"}))
    place = content.index(b"elst") + 4
    timescale = struct.unpack_from(">I", content, content.index(b"mvhd") + 16)[0]
    struct.pack_into(">IIIi", content, place, 0, 1, round((SECONDS - skipped_s) * timescale), round(skipped_s * RATE))
    return bytes(content)
