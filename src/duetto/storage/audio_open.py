"""Opens an audio file with the library that reads all of it, chosen by content and never by suffix.

libsndfile reads uncompressed files to the sample. Of compressed ones it stops at a length that it estimated (MP3
without a Xing header), at the first of several streams (Ogg), or at damage; libav continues, and what it skips is
counted. If the preferred library refuses a file, the other one is tried.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from duetto.errors import AudioError
from duetto.storage import audio_libav, audio_libsndfile
from duetto.storage.audio_chunks import MAGICS
from duetto.storage.audio_file import AudioFile, Blocks
from duetto.storage.audio_libsndfile import unread_bytes

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
    decoders = [audio_libsndfile.open_audio, audio_libav.open_audio]
    with path.open("rb") as start:
        is_plain = start.read(4) in MAGICS
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
            return _with_chunks(path, file) if is_plain else file
        if file.info.num_samples > 0:
            return file
        empty.append(file)  # a header of length 0, left by a recorder that was not stopped
    if empty:
        return empty[0]
    raise refusals[0]


def _with_chunks(path: Path, file: AudioFile) -> AudioFile:
    """A file that libav reads in place of libsndfile, with what its chunks promise added to `unread`."""

    def blocks() -> Blocks:
        done = 0
        for block in file.blocks:
            yield block
            done += block.shape[1]
        if not file.unread:
            file.unread.extend(unread_bytes(path, done / file.info.sample_rate))

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
