"""Running the steps of a preprocessing over a corpus.

Only clips of role `target` are treated: what was done to the training data, good or bad, stays in
the training data. Sources and truths pass through untouched (linked, or copied across disks), so
that every preprocessing is judged on the same songs against the same truth.

Recordings are mono to a step unless it takes channels (`needs_channels`, see `segment`): a clip is
read with its channels if the first step takes them, and keeps them up to the first step that does
not. What is written is mono. Beside the manifest lies `ledger.json`: a row for each clip and step
with the seconds in and out and the damage done (see `damage`).
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
from duetto.audio import read_channels, write_audio
from duetto.corpus.manifest import Clip, Ledger, Loss, Manifest, load_manifest
from duetto.corpus.plan import Job, Outcome, Plan, Progress, build_folder, clip_files, thread_pool
from duetto.errors import CorpusError
from duetto.files import make_folder, sha256_file, sha256_json, storage_error, write_json
from duetto.preprocess.damage import measure_damage
from duetto.preprocess.segment import Losses, Segment, Segments, Step, fingerprint, takes_channels, total_s
from duetto.preprocess.steps.slice import HOP_S, cut_softest, frame_levels_db
from duetto.units import amplitude_to_db, seconds_to_samples

PEAK_LIMIT = 0.99
LONGEST_S = 300.0  # treated at once
LEDGER_NAME = "ledger.json"
LEDGER_FORM = 1  # of its rows; another form makes another folder

NamedStep = tuple[str, Step]


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
        "fingerprints": [fingerprint(step) for step in steps.values()],
        "ledger_form": LEDGER_FORM,
    }
    jobs: tuple[Job, ...] = (
        *(TreatClip(folder, clip, tuple(steps.items())) for clip in manifest.select("target")),
        *(PassClip(folder, clip) for clip in manifest.clips if clip.role != "target"),
    )
    target = Path(cache) / sha256_json(origin)[:12]

    def assemble(built: Path, outcomes: tuple[Outcome, ...]) -> Manifest:
        treated = _assemble(manifest, outcomes, settings)
        write_json(built / LEDGER_NAME, [row for outcome in outcomes for row in outcome.notes.get("ledger", ())])
        return treated

    with thread_pool(workers) as executor:
        return build_folder(target, Plan(jobs, assemble), executor, progress)


@dataclass(frozen=True)
class TreatClip:
    """A job: all steps over one clip."""

    folder: Path
    clip: Clip
    steps: tuple[NamedStep, ...]

    @property
    def name(self) -> str:
        """Unique in the corpus."""
        return _file_name(self.clip.id)

    def run(self, folder: Path) -> Outcome:
        """Write a file for each segment that is left."""
        segments = _manageable(self._read())
        losses: Losses = ()
        rows: list[dict[str, Any]] = []
        for name, step in self.steps:
            if not takes_channels(step):
                segments = _mixed(segments)
            treated, lost = _apply(step, segments)
            damage = measure_damage(segments, treated).as_dict()
            rows.append({"clip": self.clip.id, "step": name, **_seconds(segments, treated, lost), **damage})
            segments, losses = treated, losses + lost
        segments, remarks = _fit_full_scale(_mixed(segments))
        _pass_files(self.folder, folder, self.clip, with_audio=False)
        clips = tuple(self._write(folder, segment, number) for number, segment in enumerate(segments))
        return Outcome(clips, losses + remarks, {"ledger": rows})

    def _read(self) -> Segment:
        channels, sample_rate = read_channels(_existing(self.folder, self.clip.path))
        segment = Segment(channels, sample_rate, self.clip.id).with_waveform(channels)
        is_wanted = bool(self.steps) and takes_channels(self.steps[0][1])
        return segment if is_wanted else segment.mixed()

    def _write(self, folder: Path, segment: Segment, number: int) -> Clip:
        path = f"audio/{self.clip.id}_{number:04d}.wav"
        write_audio(folder / path, segment.waveform, segment.sample_rate)
        return replace(
            self.clip,
            id=f"{self.clip.id}#{number:04d}",
            path=path,
            sha256=sha256_file(folder / path),
            sample_rate=segment.sample_rate,
            num_samples=segment.num_samples,
            start=round(self.clip.start * segment.sample_rate / self.clip.sample_rate) + segment.start,
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


def _apply(step: Step, segments: Segments) -> tuple[Segments, Losses]:
    """A step, held to its promise that seconds in = seconds out + seconds lost."""
    treated, lost = step.apply(segments)
    missing_s = total_s(segments) - total_s(treated) - sum(loss.seconds for loss in lost)
    if segments and abs(missing_s) > 0.5 / segments[0].sample_rate:
        raise RuntimeError(f"{type(step).__name__} does not account for {missing_s} s of {segments[0].clip_id}")
    return treated, lost


def _seconds(before: Segments, after: Segments, lost: Losses) -> dict[str, Any]:
    """The first columns of a row of the ledger: seconds in = out + those dropped for each reason."""
    dropped: dict[str, float] = {}
    for loss in lost:
        if loss.seconds:
            dropped[loss.reason] = dropped.get(loss.reason, 0.0) + loss.seconds
    remarks = [loss.reason for loss in lost if not loss.seconds]
    return {"seconds_in": total_s(before), "seconds_out": total_s(after), "dropped_s": dropped, "remarks": remarks}


def _mixed(segments: Segments) -> Segments:
    return tuple(segment.mixed() for segment in segments)


def _manageable(segment: Segment) -> Segments:
    """The clip in segments of at most five minutes, cut where it is softest: memory does not grow with the clip."""
    hop = max(1, seconds_to_samples(HOP_S, segment.sample_rate))
    longest = seconds_to_samples(LONGEST_S, segment.sample_rate)
    level_db = frame_levels_db(segment.mixed().waveform, hop)
    spans = cut_softest((0, segment.num_samples), longest, longest // 4, level_db, hop)
    return tuple(segment.cut(first, last) for first, last in spans)


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
