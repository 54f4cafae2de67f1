"""The conversion engine for every architecture: cutting, analysis, retrieval, joining, level, rumble, peak.

A recording is processed in blocks, so that memory does not grow with its length: it is cut at quiet points, each piece
is analysed and rendered by the architecture's `Renderer`, and pieces are cross-faded into a store. A second pass over
the store removes rumble and matches the level, which requires the whole recording.

Conventions: a converter takes a mono waveform (S,) at its own sample rate and returns exactly S samples, without any
shift in time.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from duetto.conversion.chunking import Chunk, Grid, cut_chunks, join_pieces
from duetto.conversion.curves.curve import PitchCurve
from duetto.conversion.formants import shift_formants
from duetto.conversion.level import RmsMeter, level_gain
from duetto.conversion.peak import limit_peak
from duetto.conversion.retrieval import RetrievalIndex
from duetto.conversion.rumble import lowest_pitch_hz, without_rumble
from duetto.conversion.samples import SampleStore
from duetto.errors import ConfigError
from duetto.features.cache import ClipFeatures
from duetto.features.encoder import ContentEncoder
from duetto.features.extract import analyse
from duetto.features.f0 import F0Extractor
from duetto.features.timing import pitch_times_s
from duetto.progress import ReportSeconds
from duetto.settings.config import DiffusionConfig, FeaturesConfig, RetrievalConfig
from duetto.storage.audio import Waveform
from duetto.units import semitones_to_ratio

Contour = NDArray[np.float32]  # f0_hz, (T,)


@dataclass(frozen=True)
class ConversionRequest:
    """Settings of one conversion."""

    transpose_semitones: float = 0.0
    speaker_id: int = 0
    retrieval: RetrievalConfig = field(default_factory=RetrievalConfig)
    diffusion: DiffusionConfig = field(default_factory=DiffusionConfig)
    chunk_s: float = 20.0  # longest piece converted at once
    seed: int = 0
    level_match: float = 0.0  # 0 = the voice's own level, 1 = the source's
    formant_semitones: float = 0.0  # shift of the spectral envelope; pitch and length are unchanged


@dataclass(frozen=True)
class Conversion:
    """A converted waveform and how it was made."""

    waveform: Waveform  # (S,), as long as the source
    num_chunks: int
    seconds: float  # wall time, features included
    gain_db: float  # 0.0, or the strongest reduction of a peak to stay below full scale


@dataclass(frozen=True)
class Tools:
    """What a converter needs besides its network: encoder, pitch tracker, index."""

    encoder: ContentEncoder | None  # None for a renderer that takes no content
    f0_extractor: F0Extractor
    index: RetrievalIndex | None  # None = no retrieval


class Renderer(Protocol):
    """A trained network: frames in, waveform out. One for each architecture."""

    uses_f0: bool  # False: a model without pitch, whose f0_hz is all zeros
    reads_content: bool  # False: a vocoder, which gets no content and does copy synthesis

    def render(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """Render T frames: content after retrieval, f0_hz after transposition, the source's waveform (T * hop,).

        Returns:
            (T * hop,) at the model's rate, aligned with the frames.
        """

    def copy_synthesise(self, frames: ClipFeatures, request: ConversionRequest, generator: torch.Generator) -> Waveform:
        """The frames' own waveform through the vocoder alone; `content` is empty. Returns (T * hop,)."""


Render = Callable[[ClipFeatures, torch.Generator], Waveform]


class ConversionStream:
    """A converted recording before the final pass. A context manager, because its samples may be on disk."""

    def __init__(self, sample_rate: int, level_match: float, folder: Path | None) -> None:
        self.sample_rate = sample_rate
        self.level_match = level_match
        self.samples = SampleStore(folder)
        self.source_level = RmsMeter(sample_rate)
        self.contours: list[Contour] = []  # one for each chunk
        self.num_samples = 0  # S of the source; the store is longer, because it holds whole frames

    def __enter__(self) -> "ConversionStream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.samples.__exit__(kind, error, trace)

    def meter(self, blocks: Iterable[Waveform]) -> Iterator[Waveform]:
        """Pass the source's blocks on, while counting and measuring them."""
        for block in blocks:
            self.num_samples += len(block)
            self.source_level.add(block)
            yield block

    def finish(self) -> Iterator[Waveform]:
        """The complete conversion in blocks, with rumble removed and level matched; padded to whole frames."""
        lowest_hz = lowest_pitch_hz(np.concatenate(self.contours))
        if self.level_match == 0:
            yield from without_rumble(self.samples, self.sample_rate, lowest_hz)
            return
        meter = RmsMeter(self.sample_rate)
        for block in without_rumble(self.samples, self.sample_rate, lowest_hz):
            meter.add(block)
        source, output, first = self.source_level.envelope(), meter.envelope(), 0
        for block in without_rumble(self.samples, self.sample_rate, lowest_hz):
            yield block * level_gain(source, output, first, len(block), meter.step, self.level_match)
            first += len(block)


class Converter:
    """A trained voice, ready to convert."""

    def __init__(
        self, renderer: Renderer, features: FeaturesConfig, tools: Tools, curve: PitchCurve | None = None
    ) -> None:
        self.curve = curve  # the source's pitch, in place of what the tracker finds
        self.renderer = renderer
        self.features = features
        self.tools = tools
        self.sample_rate = features.sample_rate
        self.frame_rate_hz = features.sample_rate / features.hop_length
        self.grid = Grid(features.sample_rate, features.hop_length)

    def with_curve(self, curve: PitchCurve) -> "Converter":
        """This voice with a pitch contour of the user, for the recording that it belongs to."""
        return Converter(self.renderer, self.features, self.tools, curve)

    def track(self, blocks: Iterable[Waveform], chunk_s: float) -> tuple[NDArray[np.float64], Contour]:
        """The source's pitch as a conversion reads it, before transposition.

        Args:
            blocks: The source in order, pieces (S,) at the converter's rate.
            chunk_s: Longest piece tracked at once, as in the request.

        Returns:
            Times (T,), s, and f0_hz (T,).
        """
        pieces = []
        for chunk, piece in cut_chunks(blocks, self.grid, chunk_s):
            own = slice(chunk.keep_start - chunk.read_start, chunk.keep_stop - chunk.read_start)
            pieces.append(self._pitch_only(chunk, piece).f0_hz[own])
        f0_hz = np.concatenate(pieces)
        return self._pitch_times_s(0, len(f0_hz)), f0_hz

    def convert(self, waveform: Waveform, request: ConversionRequest) -> Conversion:
        """Convert a source (S,) to the target voice, (S,)."""
        start = time.perf_counter()
        with self.perform([waveform], request) as stream:
            return _collect(stream, start)

    def copy_synthesise(self, waveform: Waveform, request: ConversionRequest) -> Conversion:
        """Copy synthesis of the target's own audio: the upper bound of this model."""

        def render(frames: ClipFeatures, generator: torch.Generator) -> Waveform:
            return self.renderer.copy_synthesise(frames, request, generator)

        start = time.perf_counter()
        plain = replace(request, level_match=0.0)
        with self._perform([waveform], plain, self._pitch_only, render) as stream:
            return _collect(stream, start)

    def perform(
        self,
        blocks: Iterable[Waveform],
        request: ConversionRequest,
        progress: ReportSeconds | None = None,
        folder: Path | None = None,
    ) -> ConversionStream:
        """Convert a stream in constant memory.

        Args:
            blocks: The source in order, pieces (S,) at the converter's rate.
            request: Settings of the conversion.
            progress: Called after each chunk.
            folder: Where the samples of a long recording are buffered.

        Raises:
            ConfigError: If the request transposes a voice without pitch.
        """
        if request.transpose_semitones and not self.renderer.uses_f0:
            raise ConfigError("This voice was trained without pitch and cannot be transposed. Leave transpose out.")

        def prepare(chunk: Chunk, piece: Waveform) -> ClipFeatures:
            return self._source_frames(chunk, piece, request)

        def render(frames: ClipFeatures, generator: torch.Generator) -> Waveform:
            waveform = self.renderer.render(frames, request, generator)
            return shift_formants(waveform, frames.f0_hz, self.grid, request.formant_semitones)

        return self._perform(blocks, request, prepare, render, progress, folder)

    def _perform(
        self,
        blocks: Iterable[Waveform],
        request: ConversionRequest,
        prepare: Callable[[Chunk, Waveform], ClipFeatures],
        render: Render,
        progress: ReportSeconds | None = None,
        folder: Path | None = None,
    ) -> ConversionStream:
        stream = ConversionStream(self.sample_rate, request.level_match, folder)
        generator = torch.Generator().manual_seed(request.seed)

        def sing() -> Iterator[tuple[Chunk, Waveform]]:
            for chunk, piece in cut_chunks(stream.meter(blocks), self.grid, request.chunk_s):
                frames = prepare(chunk, piece)
                stream.contours.append(frames.f0_hz)
                waveform = render(frames, generator)
                if progress is not None:
                    progress(min(chunk.keep_stop * self.grid.hop_length, stream.num_samples) / self.sample_rate)
                yield chunk, waveform

        try:
            for block in join_pieces(sing(), self.grid):
                stream.samples.append(block)
        except BaseException:
            stream.samples.__exit__(None, None, None)
            raise
        return stream

    def _source_frames(self, chunk: Chunk, piece: Waveform, request: ConversionRequest) -> ClipFeatures:
        if not self.renderer.reads_content or self.tools.encoder is None:
            return self._pitch_only(chunk, piece)
        frames = analyse(piece, self.features, self.tools.encoder, self.tools.f0_extractor)
        frames = replace(frames, f0_hz=self._drawn(chunk, frames.f0_hz))
        if not self.renderer.uses_f0:
            frames = replace(frames, f0_hz=np.zeros_like(frames.f0_hz))
        f0_hz = np.asarray(frames.f0_hz * semitones_to_ratio(request.transpose_semitones), np.float32)
        content, index = frames.content, self.tools.index
        if index is not None and request.retrieval.index_rate > 0:
            is_protected = (f0_hz == 0) & self.renderer.uses_f0
            content = index.blend(content, ~is_protected, request.retrieval)
        return replace(frames, content=content, f0_hz=f0_hz)

    def _pitch_only(self, chunk: Chunk, piece: Waveform) -> ClipFeatures:
        count = len(piece) // self.grid.hop_length
        f0_hz = self.tools.f0_extractor.extract_at(piece, self.sample_rate, self._pitch_times_s(0, count))
        return ClipFeatures(np.zeros((count, 0), np.float32), self._drawn(chunk, f0_hz), piece)

    def _drawn(self, chunk: Chunk, tracked_hz: Contour) -> Contour:
        """The user's contour in place of the tracker's, where there is one."""
        if self.curve is None:
            return tracked_hz
        return self.curve.at(self._pitch_times_s(chunk.read_start, len(tracked_hz)), tracked_hz)

    def _pitch_times_s(self, first: int, count: int) -> NDArray[np.float64]:
        """When the pitch of `count` frames from the `first` is taken, (T,), s."""
        hop_length = self.grid.hop_length
        times_s = pitch_times_s(count, hop_length, self.sample_rate, self.features.timing)
        return times_s + first * hop_length / self.sample_rate


def _collect(stream: ConversionStream, start: float) -> Conversion:
    whole = np.concatenate(list(stream.finish()))[: stream.num_samples]
    output, gain_db = limit_peak(whole)
    return Conversion(output, len(stream.contours), time.perf_counter() - start, gain_db)
