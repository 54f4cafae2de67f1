"""Audio files of many kinds: whole, joined, cut off, damaged or with a wrong header.

Each comes with the seconds that it holds.
"""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import soundfile

SECONDS = 2.0
RATE = 44_100
ALONE_HZ, SECOND_HZ = 330.0, 495.0


@dataclass(frozen=True)
class Kind:
    """How to make a file, and what it holds."""

    make: Callable[[], bytes]
    held_s: float = SECONDS
    tolerance_s: float = 0.0  # 0 = to the sample
    told_s: float = 0.0  # of which so many cannot be read


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


def _uncompressed() -> Iterator[tuple[str, Kind]]:
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"):
        yield f"wav {subtype}", Kind(lambda subtype=subtype: sndfile("WAV", subtype))
    for subtype in ("IMA_ADPCM", "MS_ADPCM", "GSM610"):
        yield f"wav {subtype}", Kind(lambda subtype=subtype: sndfile("WAV", subtype), tolerance_s=0.1)
    for form, subtype in (
        ("WAVEX", "PCM_16"),
        ("WAVEX", "PCM_24"),
        ("WAVEX", "FLOAT"),
        ("RF64", "PCM_24"),
        ("W64", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("AIFF", "PCM_24"),
        ("AIFF", "FLOAT"),
        ("AIFF", "ALAW"),
        ("CAF", "PCM_16"),
        ("CAF", "FLOAT"),
        ("CAF", "ALAC_16"),
        ("AU", "PCM_16"),
        ("AU", "ULAW"),
        ("NIST", "PCM_16"),
        ("VOC", "PCM_16"),
        ("IRCAM", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("FLAC", "PCM_24"),
    ):
        yield f"{form} {subtype}".lower(), Kind(lambda a=form, b=subtype: sndfile(a, b, channels=2), tolerance_s=2e-4)


def _headers() -> Iterator[tuple[str, Kind]]:
    yield "wav of length 0", Kind(data_length(0, 0))
    yield "wav of length 0xffffffff", Kind(data_length(0xFFFFFFFF, 0xFFFFFFFF))
    yield "wav of length 0x7fffffff", Kind(data_length(0x7FFFFFFF))
    yield "wav that promises a second more", Kind(data_length(2 * 3 * RATE), SECONDS + 1.0, told_s=1.0)
    yield "wav that promises half", Kind(data_length(2 * RATE), told_s=1.0)
    yield "wav with chunks behind", Kind(lambda: wav() + b"LIST" + struct.pack("<I", 4) + b"INFO")
    yield "wav joined", Kind(joined(wav, wav), 2 * SECONDS, 0.01, told_s=SECONDS)
    for form, subtype in (
        ("WAV", "PCM_16"),
        ("RF64", "PCM_24"),
        ("W64", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("CAF", "PCM_16"),
        ("CAF", "ALAC_16"),
        ("AU", "PCM_16"),
        ("FLAC", "PCM_16"),
    ):
        whole = lambda a=form, b=subtype: sndfile(a, b)  # noqa: E731
        yield f"{form} {subtype} cut off".lower(), Kind(half(whole), tolerance_s=0.01, told_s=1.0)
    yield "flac of unknown length", Kind(flac_length(0))
    yield "flac that promises more", Kind(flac_length(3 * RATE), 3.0, told_s=1.0)
    yield "flac that promises less", Kind(flac_length(RATE))
    yield "flac with an id3 tag", Kind(lambda: id3(40_004) + sndfile("FLAC", "PCM_16"))
    yield "flac joined", Kind(joined(*[lambda: sndfile("FLAC", "PCM_16")] * 2), 2 * SECONDS)
    yield "flac with a hole", Kind(holed(lambda: sndfile("FLAC", "PCM_16")), told_s=0.4, tolerance_s=0.1)


def _mp3() -> Iterator[tuple[str, Kind]]:
    yield "mp3", Kind(mp3, tolerance_s=0.01)
    yield "mp3 cbr", Kind(lambda: libav("mp3", "libmp3lame"), tolerance_s=0.01)
    yield "mp3 of 22 kHz", Kind(lambda: mp3(rate=22_050), tolerance_s=0.01)
    yield "mp3 vbr without xing", Kind(vbr_without_xing, tolerance_s=0.06)
    yield (
        "mp3 cbr without xing",
        Kind(lambda: libav("mp3", "libmp3lame", options={"write_xing": "0"}), tolerance_s=0.06),
    )
    yield "mp3 without its first frame", Kind(lambda: mp3()[_first_frame(mp3()) :], tolerance_s=0.06)
    for frames in (0, 10, 10_000):
        yield f"mp3 whose xing counts {frames}", Kind(xing_frames(frames), tolerance_s=0.06)
    yield "mp3 behind a large id3 tag", Kind(lambda: id3(400_004) + mp3(), tolerance_s=0.01)
    yield "mp3 with an ape tag", Kind(lambda: mp3() + ape_tag(), tolerance_s=0.03)
    yield "mp3 with an id3v1 tag", Kind(lambda: mp3() + b"TAG" + b"x" * 125, tolerance_s=0.01)
    yield "mp3 joined", Kind(joined(mp3, mp3), 2 * SECONDS, 0.1)
    yield "mp3 joined with a tag", Kind(lambda: mp3() + id3(100_004) + mp3(), 2 * SECONDS, 0.1)
    yield "mp3 of two rates", Kind(joined(mp3, lambda: mp3(rate=48_000)), 2 * SECONDS, 0.1)
    yield "mp3 of one channel and two", Kind(joined(mp3, lambda: mp3(channels=2)), 2 * SECONDS, 0.1)
    yield "mp3 vbr without xing joined", Kind(joined(vbr_without_xing, vbr_without_xing), 2 * SECONDS, 0.15)
    yield "mp3 cut off", Kind(half(mp3), tolerance_s=0.1, told_s=1.0)
    yield "mp3 with a hole", Kind(holed(mp3), tolerance_s=0.15, told_s=0.4)
    yield "mp3 called wav in avi", Kind(lambda: libav("avi", "mp3"), tolerance_s=0.05)
    yield "mp2", Kind(lambda: libav("mp2", "mp2"), tolerance_s=0.05)


def _first_frame(content: bytes) -> int:
    return content.index(b"\xff\xfb", 4)


def _ogg() -> Iterator[tuple[str, Kind]]:
    def vorbis(rate: int = RATE, channels: int = 1) -> Callable[[], bytes]:
        return lambda: sndfile("OGG", "VORBIS", rate, channels)

    def opus(channels: int = 1) -> Callable[[], bytes]:
        return lambda: sndfile("OGG", "OPUS", 48_000, channels)

    def flac() -> bytes:
        return libav("ogg", "flac")

    yield "ogg vorbis", Kind(vorbis(), tolerance_s=0.01)
    yield "ogg opus", Kind(opus(), tolerance_s=0.01)
    yield "ogg flac", Kind(flac, tolerance_s=0.01)
    yield "ogg vorbis joined", Kind(joined(vorbis(), vorbis()), 2 * SECONDS, 0.03)
    yield "ogg vorbis of three parts", Kind(joined(*[vorbis()] * 3), 3 * SECONDS, 0.05)
    yield "ogg opus joined", Kind(joined(opus(), opus()), 2 * SECONDS, 0.03)
    yield "ogg vorbis of two rates", Kind(joined(vorbis(), vorbis(48_000)), 2 * SECONDS, 0.03)
    yield "ogg vorbis of one channel and two", Kind(joined(vorbis(), vorbis(channels=2)), 2 * SECONDS, 0.03)
    yield "ogg opus of two channels and one", Kind(joined(opus(2), opus(1)), 2 * SECONDS, 0.03)
    yield "ogg vorbis and opus", Kind(joined(vorbis(), opus()), 2 * SECONDS, 0.03)
    yield "ogg opus and vorbis", Kind(joined(opus(), vorbis()), 2 * SECONDS, 0.03)
    yield "ogg vorbis with a hole", Kind(holed(vorbis(), 0.05), tolerance_s=0.05, told_s=1.0)


def _others() -> Iterator[tuple[str, Kind]]:
    for name, form, codec, rate in (
        ("m4a aac", "ipod", "aac", RATE),
        ("m4a alac", "ipod", "alac", RATE),
        ("mp4 opus", "mp4", "libopus", 48_000),
        ("mp4 mp3", "mp4", "mp3", RATE),
        ("3gp aac", "3gp", "aac", RATE),
        ("mov pcm", "mov", "pcm_s16le", RATE),
        ("aac adts", "adts", "aac", RATE),
        ("webm opus", "webm", "libopus", 48_000),
        ("mka opus", "matroska", "libopus", 48_000),
        ("wma 1", "asf", "wmav1", RATE),
        ("wma 2", "asf", "wmav2", RATE),
        ("wavpack", "wv", "wavpack", RATE),
        ("tta", "tta", "tta", RATE),
        ("ac3", "ac3", "ac3", RATE),
        ("eac3", "eac3", "eac3", RATE),
        ("mpeg-ts aac", "mpegts", "aac", RATE),
    ):
        yield name, Kind(lambda a=form, b=codec, c=rate: libav(a, b, c), tolerance_s=0.1)
    yield "amr", Kind(lambda: libav("amr", "libopencore_amrnb", 8000, 1), tolerance_s=0.1)
    fragments = {"movflags": "frag_keyframe+empty_moov"}
    yield "mp4 in fragments", Kind(lambda: libav("mp4", "aac", options=fragments), tolerance_s=0.1)
    yield "m4a that begins later", Kind(lambda: edited_m4a(0.5), SECONDS - 0.5, 0.1)
    yield "aac adts joined", Kind(joined(*[lambda: libav("adts", "aac")] * 2), 2 * SECONDS, 0.15)
    yield "mka cut off", Kind(half(lambda: libav("matroska", "libopus", 48_000)), tolerance_s=0.1, told_s=1.0)
    yield "wavpack cut off", Kind(half(lambda: libav("wv", "wavpack")), tolerance_s=0.1, told_s=1.0)
    yield "tta cut off", Kind(half(lambda: libav("tta", "tta"), 0.8), tolerance_s=0.1, told_s=1.0)


KINDS = dict([*_uncompressed(), *_headers(), *_mp3(), *_ogg(), *_others()])
