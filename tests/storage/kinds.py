"""Audio files of many kinds: whole, joined, cut off, damaged or with a wrong header.

Each comes with the seconds that it holds.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.storage.making_audio import (
    RATE,
    SECONDS,
    ape_tag,
    data_length,
    edited_m4a,
    flac_length,
    half,
    holed,
    id3,
    joined,
    libav,
    mp3,
    sndfile,
    vbr_without_xing,
    wav,
    xing_frames,
)


@dataclass(frozen=True)
class Kind:
    """How to make a file, and what it holds."""

    make: Callable[[], bytes]
    held_s: float = SECONDS
    tolerance_s: float = 0.0  # 0 = to the sample
    told_s: float = 0.0  # of which so many cannot be read


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
