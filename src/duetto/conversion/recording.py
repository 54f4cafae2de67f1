"""Converts recordings at any rate: same rate, same number of samples, bounded memory."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from duetto.conversion.converter import ConversionRequest, Converter
from duetto.conversion.peak import PeakLimiter
from duetto.conversion.sources import Source
from duetto.errors import AudioError
from duetto.ownership.marking.layout import Pattern
from duetto.ownership.marking.stream import marked
from duetto.progress import ReportSeconds
from duetto.storage.audio import Waveform, read_blocks, resample_blocks, write_blocks
from duetto.storage.files import make_folder


@dataclass(frozen=True)
class ConvertedFile:
    """A converted file and how it was made."""

    output: Path
    seconds: float  # wall time, reading and writing included
    gain_db: float  # 0.0, or the strongest reduction of a peak to stay below full scale


def convert_file(
    converter: Converter,
    source: Source,
    output: Path,
    request: ConversionRequest,
    progress: ReportSeconds | None = None,
    tags: Mapping[str, str] | None = None,
    sample_rate: int | None = None,
    pattern: Pattern | None = None,
) -> ConvertedFile:
    """Convert one recording into a mono file of its length.

    Args:
        converter: The voice.
        source: From `check_source`.
        output: A .wav or .flac file, written atomically, with its tags.
        request: Settings of the conversion.
        progress: Called after each chunk with the seconds converted.
        tags: Its metadata, as for `write_audio`.
        sample_rate: Of the output, Hz; None = the source's, with exactly as many samples.
        pattern: Of the watermark; None = none is added.

    Raises:
        DuettoError: If the recording cannot be read or the output cannot be written; then there is no output.
    """
    start, rate = time.perf_counter(), sample_rate or source.sample_rate
    folder, limiter = make_folder(output.parent), PeakLimiter()
    mono = (np.clip(block.mean(axis=0), -source.ceiling, source.ceiling) for block in read_blocks(source.path))
    stream = Stream(mono, source.sample_rate, source.num_samples)
    with converted(converter, stream, request, progress, folder, rate) as blocks:
        told = blocks if pattern is None else marked(blocks, rate, pattern)
        write_blocks(output, limiter.limit(told), rate, tags=tags)
    return ConvertedFile(output, time.perf_counter() - start, limiter.gain_db)


def convert_waveform(
    converter: Converter,
    waveform: Waveform,
    sample_rate: int,
    request: ConversionRequest,
    pattern: Pattern | None = None,
) -> Waveform:
    """Convert a waveform (S,) of any rate to one of the same rate and length, with the samples of `convert_file`."""
    stream = Stream([waveform], sample_rate, len(waveform))
    with converted(converter, stream, request) as blocks:
        told = blocks if pattern is None else marked(blocks, sample_rate, pattern)
        return np.concatenate(list(PeakLimiter().limit(told)))


@dataclass(frozen=True)
class Stream:
    """A mono recording read block by block."""

    blocks: Iterable[Waveform]  # pieces (S,) in order
    sample_rate: int  # Hz
    num_samples: int  # of all blocks


@contextmanager
def converted(
    converter: Converter,
    source: Stream,
    request: ConversionRequest,
    progress: ReportSeconds | None = None,
    folder: Path | None = None,
    sample_rate: int | None = None,
) -> Iterator[Iterator[Waveform]]:
    """The conversion in blocks, of the source's length, at its rate or another; peaks are not limited yet."""
    rate = sample_rate or source.sample_rate
    at_model_rate = resample_blocks(source.blocks, source.sample_rate, converter.sample_rate)
    with converter.perform(at_model_rate, request, progress, folder) as stream:
        # One more frame, because a length rounded down at the model's rate would come back short.
        padded = chain(stream.finish(), [np.zeros(converter.grid.hop_length, np.float32)])
        num_samples = round(source.num_samples * rate / source.sample_rate)
        yield cut_to_length(resample_blocks(padded, converter.sample_rate, rate), num_samples)


def cut_to_length(blocks: Iterable[Waveform], num_samples: int) -> Iterator[Waveform]:
    """The first samples of a stream.

    Raises:
        AudioError: If there are fewer.
    """
    rest = num_samples
    for block in blocks:
        if rest > 0:
            yield block[:rest]
        rest -= len(block)
    if rest > 0:
        raise AudioError(f"The conversion came out {rest} samples short. This is a bug of ours: report it.")
