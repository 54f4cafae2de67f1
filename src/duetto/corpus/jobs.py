"""Builds a folder of clips job by job, so that a crash loses only the jobs in progress.

A plan is a list of jobs. Each writes its audio atomically and then a record of its result; a job whose record and
files exist is not run again. The manifest is written last: a folder with a manifest is complete. Two processes may
build the same folder at once, because both write the same bytes under the same names.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from duetto.corpus.manifest import MANIFEST_NAME, Clip, Dropped, Ledger, Manifest, load_manifest, save_manifest
from duetto.corpus.natural_voices.bench_voices import bench_voices_among
from duetto.errors import CorpusError
from duetto.ownership.consent import CONSENT_NAME, consent_from_dict, write_consent
from duetto.progress import ReportProgress
from duetto.renamed import current_clip, current_record
from duetto.storage.files import make_folder, read_json, write_json
from duetto.storage.fingerprint import Fingerprint
from duetto.storage.leftovers import sweep_leftovers
from duetto.workers import as_they_finish

RECORDS = ".jobs"
FINGERPRINT_NAME = "fingerprint.json"


@dataclass(frozen=True)
class Outcome:
    """The result of a job: clips with written files, and dropped seconds."""

    clips: tuple[Clip, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    notes: dict[str, Any] = field(default_factory=dict)  # JSON values for the plan's own use


Assemble = Callable[[Path, tuple[Outcome, ...]], Manifest]  # may write further files below the corpus folder


class Job(Protocol):
    """A piece of work; picklable, and every run writes the same bytes."""

    @property
    def name(self) -> str:
        """Unique in its plan and a valid file name."""

    def run(self, folder: Path) -> Outcome:
        """Write the files below `folder`."""


@dataclass(frozen=True)
class Plan:
    """Jobs, and the function that turns their outcomes into a manifest."""

    jobs: tuple[Job, ...]
    assemble: Assemble


def made_clips(outcomes: Sequence[Outcome]) -> tuple[Clip, ...]:
    """The clips of all jobs, in their order."""
    return tuple(clip for outcome in outcomes for clip in outcome.clips)


def what_was_dropped(outcomes: Sequence[Outcome]) -> tuple[Dropped, ...]:
    """The dropped seconds of all jobs, in their order."""
    return tuple(entry for outcome in outcomes for entry in outcome.dropped)


def all_clips(
    case: str, settings: dict[str, Any], consent: dict[str, Any], dropped: Sequence[Dropped] = ()
) -> Assemble:
    """The usual manifest of outcomes: every clip of every job, and a ledger of the target's seconds.

    Args:
        case: Name of the case.
        settings: Settings of the corpus.
        consent: The consent record.
        dropped: Seconds dropped before the jobs.
    """

    def assemble(_: Path, outcomes: tuple[Outcome, ...]) -> Manifest:
        clips = made_clips(outcomes)
        ledger = Ledger.of((c for c in clips if c.role == "target"), (*dropped, *what_was_dropped(outcomes)))
        return Manifest(case, clips, settings, consent, ledger)

    return assemble


def is_complete(folder: Path) -> bool:
    """Whether the folder has a manifest and every file named in it."""
    if not (folder / MANIFEST_NAME).is_file():
        return False
    return all((folder / path).is_file() for clip in load_manifest(folder).clips for path in clip_files(clip))


def clip_files(clip: Clip) -> tuple[str, ...]:
    """Files of a clip, relative to its corpus: audio, then score and annotations if it has them."""
    return tuple(path for path in (clip.path, clip.score, clip.annotations) if path is not None)


def build_folder(
    folder: Path,
    plan: Plan,
    executor: Executor,
    progress: ReportProgress | None = None,
    made_of: Fingerprint | None = None,
) -> Path:
    """Run the missing jobs of a plan, then write the manifest.

    Args:
        folder: Folder to build; may hold the results of an earlier attempt.
        plan: The plan.
        executor: Runs the jobs; processes need picklable jobs.
        progress: Called after each job, in this process.
        made_of: Written beside the manifest, as `fingerprint.json`.

    Returns:
        The complete folder.

    Raises:
        CorpusError: If a worker process dies, or a singer is one of the voices that are kept for the bench.
        DuettoError: If a job raises it; finished jobs stay and are not run again.
    """
    sweep_leftovers(make_folder(folder))
    if is_complete(folder):
        return folder
    outcomes = _run_jobs(folder, plan.jobs, executor, progress)
    manifest = plan.assemble(folder, outcomes)
    kept_out = bench_voices_among(clip.singer for clip in manifest.clips)
    if kept_out:
        raise CorpusError(
            f"{', '.join(kept_out)}: voices of this name are kept for benchmarks/words.py, and no corpus may contain "
            "them. Leave them out; if it is another singer of that name, rename the folder."
        )
    if made_of is not None:
        write_json(folder / FINGERPRINT_NAME, made_of.as_dict())
    write_consent(folder / CONSENT_NAME, consent_from_dict(manifest.consent))
    save_manifest(manifest, folder)
    return folder


def _run_jobs(
    folder: Path, jobs: Sequence[Job], executor: Executor, progress: ReportProgress | None
) -> tuple[Outcome, ...]:
    outcomes = {job.name: _read_record(folder, job) for job in jobs}
    missing = [job for job in jobs if outcomes[job.name] is None]
    done = len(jobs) - len(missing)
    try:
        for job, outcome in as_they_finish(executor, _run_job, missing, folder):
            outcomes[job.name] = outcome
            done += 1
            if progress is not None:
                progress(job.name, done, len(jobs))
    except BrokenProcessPool as error:
        raise CorpusError(
            f"A worker process died while building {folder}, perhaps for lack of memory. "
            f"Run the command again to resume from {done} of {len(jobs)}."
        ) from error
    return tuple(outcome for outcome in (outcomes[job.name] for job in jobs) if outcome is not None)


def _record_path(folder: Path, job: Job) -> Path:
    return folder / RECORDS / f"{job.name}.json"


def _read_record(folder: Path, job: Job) -> Outcome | None:
    path = _record_path(folder, job)
    if not path.is_file():
        return None
    value = current_record(read_json(path))
    clips = tuple(Clip(**current_clip(clip)) for clip in value["clips"])
    if not all((folder / name).is_file() for clip in clips for name in clip_files(clip)):
        return None
    return Outcome(clips, tuple(Dropped(**entry) for entry in value["dropped"]), value["notes"])


def _run_job(job: Job, folder: Path) -> Outcome:
    done = _read_record(folder, job)  # another process may have been faster
    if done is not None:
        return done
    outcome = job.run(folder)
    write_json(_record_path(folder, job), asdict(outcome))
    return outcome
