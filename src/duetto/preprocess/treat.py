"""Preprocesses one clip: applies the steps, writes what is left into files, and records what happened in rows.

A clip longer than five minutes is processed in parts, which are cut where it is softest and read from disk one at a
time, so that memory does not grow with the clip.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from duetto.corpus.jobs import Outcome, clip_files
from duetto.corpus.manifest import Clip, Dropped
from duetto.errors import CorpusError
from duetto.preprocess.damage import measure_damage
from duetto.preprocess.intermediates import NOT_KEPT, RECORDED, write_intermediate
from duetto.preprocess.segment import Drops, Origin, Segment, Segments, Step, takes_channels, total_s
from duetto.preprocess.steps.slice import HOP_S, Slice, cut_softest, frame_energies, levels_db
from duetto.spans import Span
from duetto.storage.audio import read_span, write_audio, write_blocks
from duetto.storage.files import link_or_copy, sha256_file
from duetto.storage.full_scale import gain_to_fit, limit_peaks
from duetto.units import amplitude_to_db, seconds_to_samples

LIMITED_SHARE, LEAST_LIMITED_S = 0.01, 0.05  # of a clip that may be limited; where it is more, all is turned down
WHOLE_S = 0.001  # a segment that is shorter than its clip by no more than this is the whole clip
LONGEST_S = 300.0  # treated at once
SCANNED_HOPS = 6000  # read at once when a long clip is looked through for soft places: a minute

NamedStep = tuple[str, Step]


@dataclass
class Treated:
    """The results of a clip's parts so far."""

    clips: list[Clip] = field(default_factory=list)
    intermediates: list[Clip] = field(default_factory=list)  # to listen to
    dropped: list[Dropped] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    whole: list[Segment] = field(default_factory=list)  # before slicing, as source and reference


@dataclass(frozen=True)
class TreatClip:
    """A job that applies all steps to one clip."""

    folder: Path
    clip: Clip
    steps: tuple[NamedStep, ...]
    makes_pair: bool = False  # whether the clip before slicing also becomes source and reference
    keep_intermediates: bool = False  # whether the clip is kept after each step

    @property
    def name(self) -> str:
        """Unique in the corpus."""
        return _file_name(self.clip.id)

    def run(self, folder: Path) -> Outcome:
        """Write a file for each remaining segment."""
        treated = Treated()
        _pass_files(self.folder, folder, self.clip, with_audio=False)
        for part in self._parts():
            for segment in self._treat(folder, part, treated):
                treated.clips.append(self._write(folder, segment, len(treated.clips)))
        if self.makes_pair and treated.whole:
            treated.clips += self._write_pair(folder, treated.whole)
        clips = (*treated.clips, *treated.intermediates)
        return Outcome(clips, tuple(treated.dropped), {"ledger": treated.rows})

    def _treat(self, folder: Path, part: Segment, treated: Treated) -> Segments:
        """Apply all steps to a part."""
        segments: Segments = (part,)
        treated.intermediates += self._intermediate(folder, part, (0, RECORDED), segments)
        for number, (name, step) in enumerate(self.steps, 1):
            if not takes_channels(step):
                segments = _mixed(segments)
            if isinstance(step, Slice) and self.makes_pair:
                treated.whole += _fit_full_scale(_mixed(segments))[0]
            after, lost = _apply(step, segments)
            row = {"clip": self.clip.id, "step": name, "start_s": part.start / part.sample_rate}
            row |= _seconds(segments, after, lost) | measure_damage(segments, after).as_dict()
            treated.rows.append(row)
            treated.dropped += lost
            segments = after
            treated.intermediates += self._intermediate(folder, part, (number, name), segments)
        segments, remarks = _fit_full_scale(_mixed(segments))
        treated.dropped += remarks
        return segments

    def _intermediate(self, folder: Path, part: Segment, done: tuple[int, str], segments: Segments) -> tuple[Clip, ...]:
        is_kept = self.keep_intermediates and done[1] not in NOT_KEPT
        return write_intermediate(folder, self.clip, part.start, done, segments) if is_kept else ()

    def _parts(self) -> Iterator[Segment]:
        """The clip, or its parts in order if it is long."""
        path = _existing(self.folder, self.clip.path)
        rate = self.clip.sample_rate
        origin = Origin(self.clip.song, self.clip.start / rate, self.clip.duration_s)
        with_channels = bool(self.steps) and takes_channels(self.steps[0][1])
        for first, last in part_spans(path, self.clip.num_samples, rate):
            channels = read_span(path, first, last)
            segment = Segment(channels, rate, self.clip.id, first, origin).with_waveform(channels)
            yield segment if with_channels else segment.mixed()

    def _write(self, folder: Path, segment: Segment, number: int) -> Clip:
        is_whole = segment.start == 0 and segment.num_samples / segment.sample_rate >= self.clip.duration_s - WHOLE_S
        path = f"audio/{self.clip.id}_{number:04d}.wav"
        write_audio(folder / path, segment.waveform, segment.sample_rate)
        return replace(
            self.clip,
            id=f"{self.clip.id}#{number:04d}",
            path=path,
            sha256=sha256_file(folder / path),
            sample_rate=segment.sample_rate,
            num_samples=segment.num_samples,
            text=self.clip.text if is_whole else None,
            start=round(self.clip.start * segment.sample_rate / self.clip.sample_rate) + segment.start,
        )

    def _write_pair(self, folder: Path, segments: list[Segment]) -> tuple[Clip, Clip]:
        """Source and reference: the preprocessed clip in one piece."""
        name, rate = self.clip.id.rpartition("/")[2], segments[0].sample_rate
        path = f"audio/treated/{name}.wav"
        num_samples = write_blocks(folder / path, (segment.waveform for segment in segments), rate)
        source = replace(
            self.clip,
            id=f"source/{name}",
            role="source",
            path=path,
            sha256=sha256_file(folder / path),
            sample_rate=rate,
            num_samples=num_samples,
            start=round(self.clip.start * rate / self.clip.sample_rate) + segments[0].start,
        )
        return source, replace(source, id=f"reference/{name}", role="reference")


@dataclass(frozen=True)
class PassClip:
    """A job that passes a source or reference on unchanged."""

    folder: Path
    clip: Clip

    @property
    def name(self) -> str:
        """Unique in the corpus."""
        return _file_name(self.clip.id)

    def run(self, folder: Path) -> Outcome:
        """Link the clip's files."""
        _pass_files(self.folder, folder, self.clip, with_audio=True)
        return Outcome((self.clip,))


def part_spans(path: Path, num_samples: int, sample_rate: int) -> tuple[Span, ...]:
    """Spans of a clip's parts: at most five minutes each, cut where the clip is softest."""
    longest = seconds_to_samples(LONGEST_S, sample_rate)
    if num_samples <= longest:
        return ((0, num_samples),)
    hop = max(1, seconds_to_samples(HOP_S, sample_rate))
    block = SCANNED_HOPS * hop
    energies = [
        frame_energies(read_span(path, first, min(first + block, num_samples)).mean(axis=0, dtype=np.float32), hop)
        for first in range(0, num_samples, block)
    ]
    level_db = levels_db(np.concatenate(energies), hop)
    return tuple(cut_softest((0, num_samples), longest, longest // 4, level_db, hop))


def _apply(step: Step, segments: Segments) -> tuple[Segments, Drops]:
    """Apply a step, and check that seconds in = seconds out + seconds dropped."""
    treated, lost = step.apply(segments)
    missing_s = total_s(segments) - total_s(treated) - sum(entry.seconds for entry in lost)
    if segments and abs(missing_s) > 0.5 / segments[0].sample_rate:
        raise RuntimeError(f"{type(step).__name__} does not account for {missing_s} s of {segments[0].clip_id}")
    return treated, lost


def _seconds(before: Segments, after: Segments, lost: Drops) -> dict[str, Any]:
    """The first columns of a row of the ledger: seconds in = out + those dropped for each reason."""
    dropped: dict[str, float] = {}
    for entry in lost:
        if entry.seconds:
            dropped[entry.reason] = dropped.get(entry.reason, 0.0) + entry.seconds
    remarks = [entry.reason for entry in lost if not entry.seconds]
    return {"seconds_in": total_s(before), "seconds_out": total_s(after), "dropped_s": dropped, "remarks": remarks}


def _mixed(segments: Segments) -> Segments:
    return tuple(segment.mixed() for segment in segments)


def _fit_full_scale(segments: Segments) -> tuple[Segments, tuple[Dropped, ...]]:
    """Bring a clip within what 24 bit hold: limited where a step lifted a few peaks, else turned down as a whole."""
    peak = max((float(np.max(np.abs(segment.waveform), initial=0.0)) for segment in segments), default=0.0)
    if peak <= 1.0:
        return segments, ()
    limited = [limit_peaks(segment.waveform, segment.sample_rate) for segment in segments]
    limited_s = sum(seconds for _, seconds in limited)
    clip_id, over_db = segments[0].clip_id, amplitude_to_db(peak)
    if limited_s <= max(LEAST_LIMITED_S, LIMITED_SHARE * total_s(segments)):
        fitted = tuple(segment.with_waveform(part) for segment, (part, _) in zip(segments, limited, strict=True))
        said = f"peaks up to {over_db:.1f} dB over full scale are limited where they are, {limited_s:.3f} s in all"
        return fitted, (Dropped(clip_id, 0.0, said),)
    gain = np.float32(gain_to_fit(peak))
    remark = Dropped(clip_id, 0.0, f"turned down by {amplitude_to_db(float(gain)):.1f} dB to fit full scale")
    return tuple(segment.with_waveform((segment.waveform * gain).astype(np.float32)) for segment in segments), (remark,)


def _pass_files(origin: Path, folder: Path, clip: Clip, with_audio: bool) -> None:
    """Link score, reference and, if asked, audio of a clip into another corpus."""
    for name in clip_files(clip):
        if name != clip.path or with_audio:
            link_or_copy(_existing(origin, name), folder / name)


def _existing(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise CorpusError(f"{folder} is incomplete: {name} is missing. Delete the folder and run again.")
    return path


def _file_name(clip_id: str) -> str:
    return clip_id.replace("/", "--")
