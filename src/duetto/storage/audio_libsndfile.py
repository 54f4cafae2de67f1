"""Reads uncompressed audio, and rare formats, through libsndfile.

Only `duetto.storage.audio_open` calls this.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from duetto.errors import AudioError
from duetto.storage.audio_chunks import SoundBytes, find_sound
from duetto.storage.audio_file import AudioFile, AudioInfo, Blocks, Unread

BLOCK_VALUES = 2**22  # read at once: 44 s of stereo at 48 kHz
LEFT_TO_LIBAV = frozenset({"MP3", "OGG", "FLAC"})  # which libsndfile may truncate silently
TOLERANCE_S = 0.001


@contextmanager
def open_audio(path: Path, opened: BinaryIO) -> Iterator[AudioFile]:
    """Read a file with libsndfile.

    Args:
        path: Named in errors.
        opened: The same file, without a buffer. libsndfile gets its descriptor: from a Python object soundfile 0.14.0
            reads through callbacks, whose errors are printed and not raised.

    Raises:
        AudioError: If that fails, yields no sample, or may not read all of a file in this format.
    """
    sound = find_sound(opened)
    opened.seek(0)
    try:
        file = soundfile.SoundFile(opened.fileno(), closefd=False)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path} cannot be read as audio ({error.error_string.strip()}).") from error
    with file:
        if file.format in LEFT_TO_LIBAV:
            raise AudioError(f"{path} cannot be read as audio (it is damaged).")
        info = AudioInfo(file.samplerate, file.frames, file.channels, file.subtype)
        unread: list[Unread] = []
        yield AudioFile(info, _decode(path, file, sound, unread), unread)


def _decode(path: Path, file: soundfile.SoundFile, sound: SoundBytes | None, unread: list[Unread]) -> Blocks:
    """Non-empty blocks; the length in the header is neither trusted nor allocated."""
    size, done = max(1, BLOCK_VALUES // file.channels), 0
    try:
        while len(block := file.read(size, dtype="float32", always_2d=True)):
            yield np.ascontiguousarray(block.T)
            done += len(block)
            if len(block) < size:
                break
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path} breaks off while reading ({error.error_string.strip()}).") from error
    unread += unread_bytes(sound, done / file.samplerate)


def unread_bytes(sound: SoundBytes | None, seconds: float) -> list[Unread]:
    """What a file's chunks hold, or promise, beyond the seconds that were read."""
    if sound is None or sound.present == 0 or seconds == 0:
        return []
    byte_s = seconds / sound.present
    found = [
        Unread(sound.missing * byte_s, "breaks off: its header promises more"),
        Unread(sound.behind * byte_s, "goes on behind the end that its header gives, and that was not read"),
    ]
    return [entry for entry in found if entry.seconds > TOLERANCE_S]


def file_name(path: Path) -> str | bytes:
    """The name for libsndfile, as bytes, so that names that are not UTF-8 work too."""
    return str(path) if os.name == "nt" else os.fsencode(path)
