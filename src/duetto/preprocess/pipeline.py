"""Running the steps of a preprocessing over a corpus.

Only clips of role `target` are treated: what was done to the training data, good or bad, stays in
the training data. Sources and truths pass through untouched (linked, or copied across disks), so
that every preprocessing is judged on the same songs against the same truth.
"""

import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from duetto import __version__
from duetto.audio import read_audio, write_audio
from duetto.corpus.manifest import Clip, Ledger, Loss, Manifest, load_manifest
from duetto.corpus.plan import Job, Outcome, Plan, Progress, build_folder, clip_files, thread_pool
from duetto.errors import CorpusError
from duetto.files import make_folder, sha256_file, sha256_json, storage_error
from duetto.preprocess.segment import Segment, Segments, Step, total_s
from duetto.preprocess.steps.slice import HOP_S, cut_softest, frame_levels_db
from duetto.units import amplitude_to_db, seconds_to_samples

PEAK_LIMIT = 0.99
LONGEST_S = 300.0  # treated at once


def preprocess_corpus(
    folder: Path,
    steps: Mapping[str, Step],
    cache: Path,
    settings: dict[str, Any],
    progress: Progress | None = None,
    workers: int | None = None,
) -> Path:
    """Treat a corpus, or find it treated.

    Args:
        folder: A complete corpus.
        steps: Name -> step, applied in this order to each clip of role `target`.
        cache: Where treated corpora are kept.
        settings: The steps as JSON values: with the corpus' content they name the result.
        progress: Called with (job, jobs done, jobs in all) after each clip.
        workers: Threads; None = as many as there are cores.

    Returns:
        A corpus folder of the same form, `cache/<12 digits>`. Its ledger goes on from that of
        `folder`: seconds in = used + dropped.

    Raises:
        CorpusError: If the corpus is incomplete, or no step leaves anything to train on.
        StorageError: If the cache cannot be written.
    """
    manifest = load_manifest(folder)
    origin = {
        "duetto": __version__,
        "corpus": manifest.content_hash(),
        "consent": manifest.consent,
        "ledger": sha256_json([[loss.clip_id, loss.seconds, loss.reason] for loss in manifest.ledger.losses]),
        "preprocess": settings,
        "steps": list(steps),
    }
    jobs: tuple[Job, ...] = (
        *(TreatClip(folder, clip, tuple(steps.values())) for clip in manifest.select("target")),
        *(PassClip(folder, clip) for clip in manifest.clips if clip.role != "target"),
    )
    target = Path(cache) / sha256_json(origin)[:12]

    def assemble(_: Path, outcomes: tuple[Outcome, ...]) -> Manifest:
        return _assemble(manifest, outcomes, settings)

    with thread_pool(workers) as executor:
        return build_folder(target, Plan(jobs, assemble), executor, progress)


@dataclass(frozen=True)
class TreatClip:
    """A job: all steps over one clip."""

    folder: Path
    clip: Clip
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """Unique in the corpus."""
        return _file_name(self.clip.id)

    def run(self, folder: Path) -> Outcome:
        """Write a file for each segment that is left."""
        waveform, sample_rate = read_audio(_existing(self.folder, self.clip.path))
        segments = _manageable(Segment(waveform, sample_rate, self.clip.id))
        losses: tuple[Loss, ...] = ()
        for step in self.steps:
            before_s = total_s(segments)
            segments, lost = step.apply(segments)
            missing_s = before_s - total_s(segments) - sum(loss.seconds for loss in lost)
            if abs(missing_s) > 0.5 / sample_rate:
                raise RuntimeError(f"{type(step).__name__} does not account for {missing_s} s of {self.clip.id}")
            losses += lost
        segments, remarks = _fit_full_scale(segments)
        _pass_files(self.folder, folder, self.clip, with_audio=False)
        clips = tuple(self._write(folder, segment, number) for number, segment in enumerate(segments))
        return Outcome(clips, losses + remarks)

    def _write(self, folder: Path, segment: Segment, number: int) -> Clip:
        path = f"audio/{self.clip.id}_{number:04d}.wav"
        write_audio(folder / path, segment.waveform, segment.sample_rate)
        return replace(
            self.clip,
            id=f"{self.clip.id}#{number:04d}",
            path=path,
            sha256=sha256_file(folder / path),
            sample_rate=segment.sample_rate,
            num_samples=len(segment.waveform),
            start=self.clip.start + segment.start,
        )


@dataclass(frozen=True)
class PassClip:
    """A job: a source or truth goes through untouched."""

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


def _assemble(manifest: Manifest, outcomes: tuple[Outcome, ...], settings: dict[str, Any]) -> Manifest:
    clips = tuple(clip for outcome in outcomes for clip in outcome.clips)
    losses = manifest.ledger.losses + tuple(loss for outcome in outcomes for loss in outcome.losses)
    used_s = sum(clip.duration_s for clip in clips if clip.role == "target")
    in_s = manifest.ledger.seconds_dropped + sum(clip.duration_s for clip in manifest.select("target"))
    if not any(clip.role == "target" and clip.split == "train" for clip in clips):
        reasons = sorted({loss.reason for loss in losses if loss.seconds > 0})
        raise CorpusError(
            f"Preprocessing left nothing to train on ({'; '.join(reasons) or 'the corpus has no train clip'}). "
            "Lower preprocess.slice.threshold_db or look at the recordings."
        )
    return manifest.with_clips(clips, Ledger(in_s, used_s, losses), {**manifest.settings, "preprocess": settings})


def _manageable(segment: Segment) -> Segments:
    """The clip in segments of at most five minutes, cut where it is softest: memory does not grow with the clip."""
    hop = max(1, seconds_to_samples(HOP_S, segment.sample_rate))
    longest = seconds_to_samples(LONGEST_S, segment.sample_rate)
    level_db = frame_levels_db(segment.waveform, hop)
    return tuple(
        replace(segment, waveform=segment.waveform[first:last], start=first)
        for first, last in cut_softest((0, len(segment.waveform)), longest, longest // 4, level_db, hop)
    )


def _fit_full_scale(segments: Segments) -> tuple[Segments, tuple[Loss, ...]]:
    """Turn a clip down whose peak a step has lifted beyond what 24 bit hold."""
    peak = max((float(np.max(np.abs(segment.waveform), initial=0.0)) for segment in segments), default=0.0)
    if peak <= 1.0:
        return segments, ()
    gain = np.float32(PEAK_LIMIT / peak)
    remark = Loss(segments[0].clip_id, 0.0, f"turned down by {amplitude_to_db(float(gain)):.1f} dB to fit full scale")
    return tuple(segment.with_waveform((segment.waveform * gain).astype(np.float32)) for segment in segments), (remark,)


def _pass_files(origin: Path, folder: Path, clip: Clip, with_audio: bool) -> None:
    """Link score, truth and, if asked, audio of a clip into another corpus."""
    for name in clip_files(clip):
        if name != clip.path or with_audio:
            _link(_existing(origin, name), folder / name)


def _existing(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise CorpusError(f"{folder} is incomplete: {name} is missing. Delete the folder and run again.")
    return path


def _link(origin: Path, place: Path) -> None:
    """A hard link, or a copy where the file system has none; whole or not at all."""
    make_folder(place.parent)
    temporary = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    try:
        try:
            os.link(origin.resolve(), temporary)
        except OSError:
            shutil.copyfile(origin, temporary)
        temporary.replace(place)
    except OSError as error:
        raise storage_error(place, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _file_name(clip_id: str) -> str:
    return clip_id.replace("/", "--")
