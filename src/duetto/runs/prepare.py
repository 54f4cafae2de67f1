"""The stages before training: corpus, preprocessing, features, each behind its content hash."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import hydra
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from duetto.conversion.register import Register, register_of
from duetto.corpus.build import build_corpus
from duetto.corpus.left_out import leave_out
from duetto.corpus.manifest import Clip, Manifest, Split, load_manifest
from duetto.corpus.minutes import keep_minutes
from duetto.data.dataset import CropPlan, TrainingClip
from duetto.diagnosis.before_training import examine_before_training
from duetto.diagnosis.diagnosis import Diagnosis
from duetto.diagnosis.table import print_short
from duetto.errors import ConfigError
from duetto.features.extract import FeatureSet
from duetto.features.memory import recall_features
from duetto.features.units import unit_grid
from duetto.preprocess.ledger import damage_table, read_ledger, summarise
from duetto.preprocess.steps.centre import Centre
from duetto.preprocess.steps.separate import Separate
from duetto.progress import ReportProgress
from duetto.runs.command_line.literal import uninterpolated
from duetto.runs.made_once import extract_once, preprocess_once
from duetto.runs.pace import Timing
from duetto.runs.step_settings import check_step_settings
from duetto.settings.config import FeaturesConfig, PreprocessConfig
from duetto.settings.run_config import TrainConfig
from duetto.terminal import progress_bar

SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class PreparedData:
    """The data that training and test read."""

    folder: Path  # of the preprocessed corpus
    manifest: Manifest
    features: FeatureSet  # of the target's training clips
    diagnosis: Diagnosis | None = None  # of the training clips, by the data doctor
    timing: Timing = field(default_factory=Timing)  # of the stages of a run, from here on

    @property
    def speakers(self) -> tuple[str, ...]:
        """Singers of the training clips, sorted; a speaker's id is its index."""
        return tuple(sorted({clip.singer for clip in self.manifest.select("target", "train")}))

    def speaker_id(self, singer: str) -> int:
        """The id of a singer; 0 for singers without training clips."""
        return self.speakers.index(singer) if singer in self.speakers else 0

    def pairs(self, split: str, can_convert: bool = True) -> list[tuple[Clip, Clip]]:
        """(source, reference) clips of each song in a split, sorted; unless `can_convert`, the reference is both."""
        references = {
            clip.song: clip for clip in self.manifest.clips if clip.role == "reference" and clip.split == split
        }
        if not can_convert:
            return [(references[song], references[song]) for song in sorted(references)]
        sources = [clip for clip in self.manifest.clips if clip.role == "source" and clip.split == split]
        return [
            (clip, references[clip.song]) for clip in sorted(sources, key=lambda c: c.id) if clip.song in references
        ]


def prepare_data(config: TrainConfig, console: Console) -> PreparedData:
    """Build or reuse corpus, preprocessed corpus and features; print the ledger."""
    root, timing = Path(config.data.root), Timing()
    with progress_bar(console) as report, counted(timing, "corpus", report) as counting:
        corpus = build_corpus(config.data, counting)
    steps = build_steps(config.preprocess)
    warn_about_mix(config, steps, console)
    settings = config.preprocess.what_is_done()
    with progress_bar(console) as report, counted(timing, "preprocess", report) as counting:
        folder = preprocess_once(
            corpus, steps, root / "preprocessed", settings, counting, config.preprocess.keep_intermediates
        )
    manifest = keep_minutes(leave_out(load_manifest(folder), config.data.without), config.data.minutes)
    print_ledger(manifest, console)
    console.print(damage_table(summarise(read_ledger(folder))))
    training = replace(manifest, clips=manifest.select("target", "train"))
    with progress_bar(console) as report:
        features = extract_once(
            folder, training, config.features, root / "features", lambda done, total: report("Features", done, total)
        )
    for path in features.damaged:
        console.print(f"[yellow]warning:[/] the cached features {path.name} were damaged and were extracted again.")
    console.print(
        f"Features: {features.seconds_extracted:.0f} s of audio extracted in {features.wall_s:.0f} s, "
        f"{features.seconds_from_cache:.0f} s from the cache."
    )
    if features.seconds_extracted and not features.seconds_from_cache:
        timing.add("features", features.wall_s, count_songs(training))
    diagnosis = examine_before_training(folder, manifest, features.paths, config.features, root / "doctor")
    print_short(diagnosis, console, str(folder))
    return PreparedData(folder, manifest, features, diagnosis, timing)


def count_songs(manifest: Manifest) -> int:
    """Different songs among the clips."""
    return len({clip.song for clip in manifest.clips})


@contextmanager
def counted(timing: Timing, stage: str, report: ReportProgress) -> Iterator[ReportProgress]:
    """Enter a stage's time for each piece of work that it reports; one that finds everything done reports none."""
    start, most = time.perf_counter(), 0

    def counting(name: str, done: int, total: int) -> None:
        nonlocal most
        most = max(most, total)
        report(name, done, total)

    yield counting
    timing.add(stage, time.perf_counter() - start, most)


def warn_about_mix(config: TrainConfig, steps: dict[str, Any], console: Console) -> None:
    """Warn if mixes would be trained on with their accompaniment."""
    if config.data.case == "mix" and not any(isinstance(step, Separate | Centre) for step in steps.values()):
        console.print(
            f"[yellow]warning:[/] data=mix with preprocess={config.preprocess.name}: no step removes the "
            "accompaniment, so it will be trained on. Use preprocess=study_c_spleeter, study_c, separate or centre."
        )


def build_steps(config: PreprocessConfig) -> dict[str, Any]:
    """Instantiate the named steps in order.

    Raises:
        ConfigError: If a step is not one of ours, or a parameter is unknown or out of range.
    """
    check_step_settings(config.steps)
    steps = {}
    for name, settings in config.steps.items():
        try:  # deeper levels are plain values, even with a `_target_`
            steps[name] = hydra.utils.instantiate(uninterpolated(settings), _recursive_=False)
        except hydra.errors.InstantiationException as error:
            cause = error.__cause__ or error
            raise ConfigError(f"preprocess.steps.{name}: {str(cause).splitlines()[0]}") from error
    return steps


def make_crop_plan(config: TrainConfig, prepared: PreparedData) -> CropPlan:
    """The training clips with their features, in a fixed order."""
    frames, model = prepared.features.num_frames, config.model
    singers = {clip.id: clip.singer for clip in prepared.manifest.select("target", "train")}
    parallel = parallel_clips(prepared) if model.parallel_share else {}
    clips = tuple(
        TrainingClip(
            id, prepared.features.paths[id], frames[id], prepared.speaker_id(singers.get(id, "")), parallel.get(id, ())
        )
        for id in sorted(frames)
    )
    if model.parallel_share and not any(parallel.values()):
        raise ConfigError(
            f"model.parallel_share={model.parallel_share:g}: no two singers of data={config.data.case} have clips "
            "of one song and equal length. Use data=ensemble, without slicing (preprocess=whole)."
        )
    batch = config.trainer.batch_size, config.seed, model.least_frames, model.parallel_share
    return CropPlan(clips, model.crop_frames, config.features.hop_length, *batch)


def parallel_clips(prepared: PreparedData) -> dict[str, tuple[Path, ...]]:
    """By clip: the features of other singers' clips of the same song and number of frames."""
    frames, paths = prepared.features.num_frames, prepared.features.paths
    clips = [clip for clip in prepared.manifest.select("target", "train") if frames.get(clip.id)]
    same: dict[tuple[str, int], list[Clip]] = {}
    for clip in clips:
        same.setdefault((clip.song, frames[clip.id]), []).append(clip)
    return {
        clip.id: tuple(paths[other.id] for other in same[clip.song, frames[clip.id]] if other.singer != clip.singer)
        for clip in clips
    }


class TrainingContent:
    """The content frames of the training clips, one clip at a time: the rows of the retrieval index."""

    def __init__(self, prepared: PreparedData, config: FeaturesConfig) -> None:
        self.paths = [prepared.features.paths[clip_id] for clip_id in sorted(prepared.features.paths)]
        self.num_rows = sum(prepared.features.num_frames[clip_id] for clip_id in prepared.features.paths)
        self.grid = unit_grid(config)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """The content of each clip, (T, D), in the order of clip ids."""
        return (recall_features(path).content for path in self.paths)


def register_of_training(prepared: PreparedData, config: FeaturesConfig) -> Register:
    """Seconds that the training clips sing at each semitone."""
    contours = (recall_features(path).f0_hz for path in prepared.features.paths.values())
    return register_of(contours, config.hop_length / config.sample_rate)


def doctor_record(prepared: PreparedData) -> dict[str, Any] | None:
    """Verdict and findings of the data doctor, without their places."""
    if prepared.diagnosis is None:
        return None
    findings = [
        {"check": f.check, "severity": f.severity, "what": f.what, "evidence": f.evidence, "advice": f.advice}
        for f in prepared.diagnosis.findings
    ]
    return {"verdict": prepared.diagnosis.verdict, "findings": findings}


def print_ledger(manifest: Manifest, console: Console) -> None:
    """Print the seconds in, used and dropped, with the reasons."""
    ledger = manifest.ledger
    reasons: dict[str, float] = {}
    for loss in ledger.dropped:
        reasons[loss.reason] = reasons.get(loss.reason, 0.0) + loss.seconds
    table = Table("audio of the target", "seconds", title="Ledger", title_justify="left")
    table.add_row("in", f"{ledger.seconds_in:.1f}")
    for reason, seconds in sorted(reasons.items(), key=lambda item: -item[1]):
        what = "dropped" if seconds > 0 else "added" if seconds < 0 else "note"
        table.add_row(f"{what}: {reason}", f"{abs(seconds):.1f}")
    table.add_row("used", f"{ledger.seconds_used:.1f}")
    for split in SPLITS:
        seconds = sum(clip.duration_s for clip in manifest.select("target", split))
        table.add_row(f"  of it {split}", f"{seconds:.1f}")
    console.print(table)
