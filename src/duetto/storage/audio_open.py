"""Opens an audio file with the library that reads all of it, chosen by content and never by suffix.

libsndfile reads uncompressed files to the sample. Of compressed ones it stops at a length that it estimated (MP3
without a Xing header), at the first of several streams (Ogg), or at damage; libav continues, and what it skips is
counted. If the preferred library refuses a file, the other one is tried.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from duetto.errors import AudioError
from duetto.storage import audio_libav, audio_libsndfile
from duetto.storage.audio_chunks import MAGICS, SoundBytes, find_sound
from duetto.storage.audio_file import AudioFile, Blocks
from duetto.storage.audio_libsndfile import unread_bytes

Decoder = Callable[[Path], AbstractContextManager[AudioFile]]

MAX_HOURS = 12.0  # longer than any stem; a header that claims more is damaged or hostile
LOWEST_RATE, HIGHEST_RATE = 4000, 384_000  # Hz; lower rates retain little of a voice but its pitch


@contextmanager
def open_audio(path: Path) -> Iterator[AudioFile]:
    """The header of a file and its blocks, read as they are asked for.

    Raises:
        AudioError: If the file is missing, is not audio, or has an implausible header.
    """
    if not path.is_file():
        raise AudioError(f"There is no audio file {path}.")
    with ExitStack() as stack:
        file = _open(path, stack)
        _require_plausible(path, file)
        yield file


def _open(path: Path, stack: ExitStack) -> AudioFile:
    opened = stack.enter_context(path.open("rb", buffering=0))
    is_plain = opened.read(4) in MAGICS
    decoders: list[Decoder] = [partial(audio_libsndfile.open_audio, opened=opened), audio_libav.open_audio]
    if not is_plain:
        decoders.reverse()
    refusals: list[AudioError] = []
    empty: list[AudioFile] = []
    for decoder in decoders:
        try:
            file = stack.enter_context(decoder(path))
        except AudioError as error:
            refusals.append(error)
            continue
        if decoder is audio_libav.open_audio:
            return _with_chunks(file, find_sound(opened)) if is_plain else file
        if file.info.num_samples > 0:
            return file
        empty.append(file)  # a header of length 0, left by a recorder that was not stopped
    if empty:
        return empty[0]
    raise refusals[0]


def _with_chunks(file: AudioFile, sound: SoundBytes | None) -> AudioFile:
    """A file that libav reads in place of libsndfile, with what its chunks promise added to `unread`."""

    def blocks() -> Blocks:
        done = 0
        for block in file.blocks:
            yield block
            done += block.shape[1]
        if not file.unread:
            file.unread.extend(unread_bytes(sound, done / file.info.sample_rate))

    return replace(file, blocks=blocks())


def _require_plausible(path: Path, file: AudioFile) -> None:
    rate, num_samples = file.info.sample_rate, file.info.num_samples
    if rate <= 0 or num_samples > MAX_HOURS * 3600 * rate:
        raise AudioError(f"{path} claims {num_samples} samples at {rate} Hz: the header is damaged.")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise AudioError(
            f"{path} is sampled at {rate} Hz; expected {LOWEST_RATE} to {HIGHEST_RATE} Hz. "
            "Export it again, at 44,100 Hz."
        )
