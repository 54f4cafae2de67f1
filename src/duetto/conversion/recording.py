"""One recording on disk in, its conversion on disk out: the same rate, the same number of samples, flat memory."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from duetto.conversion.converter import ConversionRequest, Converter, Progress
from duetto.conversion.peak import PeakLimiter
from duetto.conversion.sources import Source
from duetto.errors import AudioError
from duetto.storage.audio import Waveform, read_blocks, resample_blocks, write_blocks
from duetto.storage.files import make_folder


@dataclass(frozen=True)
class ConvertedFile:
    """What came of a recording."""

    output: Path
    num_chunks: int
    seconds: float  # wall time, reading and writing included
    gain_db: float  # 0.0, or the most that was taken off a peak to keep it below full scale


def convert_file(
    converter: Converter,
    source: Source,
    output: Path,
    request: ConversionRequest,
    progress: Progress | None = None,
) -> ConvertedFile:
    """Convert one recording into a mono file of its sample rate and length.

    Args:
        converter: The voice.
        source: From `check_source`.
        output: A .wav or .flac file; written under a temporary name first.
        request: What is asked.
        progress: Told the seconds converted after each chunk.

    Raises:
        DuettoError: If the recording cannot be read or the output not be written; then there is no output.
    """
    start = time.perf_counter()
    folder, limiter = make_folder(output.parent), PeakLimiter()
    mono = (block.mean(axis=0) for block in read_blocks(source.path))
    at_model_rate = resample_blocks(mono, source.sample_rate, converter.sample_rate)
    with converter.perform(at_model_rate, request, progress, folder) as performance:
        # A frame more, because a length that was rounded down at the model's rate comes back short.
        padded = chain(performance.finish(), [np.zeros(converter.grid.hop_length, np.float32)])
        restored = resample_blocks(padded, converter.sample_rate, source.sample_rate)
        exact = cut_to_length(restored, source)
        write_blocks(output, limiter.limit(exact), source.sample_rate)
    return ConvertedFile(output, len(performance.contours), time.perf_counter() - start, limiter.gain_db)


def cut_to_length(blocks: Iterable[Waveform], source: Source) -> Iterator[Waveform]:
    """The first samples of a stream, as many as the source has.

    Raises:
        AudioError: If there are fewer.
    """
    rest = source.num_samples
    for block in blocks:
        if rest > 0:
            yield block[:rest]
        rest -= len(block)
    if rest > 0:
        raise AudioError(
            f"Conversion of {source.path} came out {rest} samples short. This is a bug of ours: report it."
        )
