"""Applies the preprocessing steps to a corpus.

Only clips of role `target` are treated, so that preprocessing only affects the training data. Sources and references
pass through unchanged (linked, or copied across disks), so that every preprocessing is tested on the same songs against
the same reference. The user's own mixes are an exception: the preprocessed clip, unsliced, becomes source and
reference, because nothing cleaner exists.

Steps get mono recordings unless they take channels (`needs_channels`, see `segment`): a clip is read with its channels
if the first step takes them, and keeps them up to the first step that does not. Output is mono. Beside the manifest,
`ledger.json` has a row for each clip and step with the seconds in and out and the damage (see `damage`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from duetto.corpus.jobs import Job, Outcome, Plan, build_folder, made_clips, what_was_dropped
from duetto.corpus.manifest import HELD_OUT_FROM, Ledger, Manifest, load_manifest
from duetto.errors import CorpusError
from duetto.preprocess.segment import Step, what_a_step_reads
from duetto.preprocess.treat import PassClip, TreatClip
from duetto.progress import ReportProgress
from duetto.storage.files import sha256_json, write_json
from duetto.storage.fingerprint import Fingerprint, fingerprint
from duetto.workers import thread_pool

LEDGER_NAME = "ledger.json"
PREPROCESS = "preprocess"  # in the settings of a preprocessed corpus: its steps


def preprocess_corpus(
    folder: Path,
    steps: Mapping[str, Step],
    cache: Path,
    settings: dict[str, Any],
    progress: ReportProgress | None = None,
    workers: int | None = None,
    keep_intermediates: bool = False,
) -> Path:
    """Preprocess a corpus, unless the result is cached.

    Args:
        folder: A complete corpus.
        steps: Name -> step, applied in this order to each clip of role `target`.
        cache: Folder of preprocessed corpora.
        settings: The steps as JSON values; together with the corpus' content they identify the result.
        progress: Called with (job, jobs done, jobs in all) after each clip.
        workers: Threads; None = as many as there are cores.
        keep_intermediates: Whether each clip is also kept after each step, with role `intermediate`.

    Returns:
        A corpus folder of the same form, `cache/<12 digits>`. Its ledger continues that of `folder`: seconds in = used
        + dropped.

    Raises:
        CorpusError: If the corpus is incomplete, or no step leaves anything to train on.
        StorageError: If the cache cannot be written.
    """
    manifest = load_manifest(folder)
    made_of = treated_from(manifest, steps, settings, keep_intermediates)
    is_treated = manifest.settings.get(HELD_OUT_FROM) == "treated"
    jobs: tuple[Job, ...] = (
        *(
            TreatClip(
                folder,
                clip,
                tuple(steps.items()),
                makes_pair=is_treated and clip.split != "train",
                keep_intermediates=keep_intermediates,
            )
            for clip in manifest.select("target")
        ),
        *(PassClip(folder, clip) for clip in manifest.clips if clip.role != "target"),
    )
    target = Path(cache) / made_of.digest[:12]

    def assemble(built: Path, outcomes: tuple[Outcome, ...]) -> Manifest:
        treated = _assemble(manifest, outcomes, settings)
        write_json(built / LEDGER_NAME, [row for outcome in outcomes for row in outcome.notes.get("ledger", ())])
        return treated

    with thread_pool(workers) as executor:
        return build_folder(target, Plan(jobs, assemble), executor, progress, made_of)


def treated_from(
    manifest: Manifest, steps: Mapping[str, Step], settings: dict[str, Any], keep_intermediates: bool
) -> Fingerprint:
    """Fingerprint of a preprocessed corpus: the corpus, the steps as built, and their code."""
    dropped = [[entry.clip_id, entry.seconds, entry.reason] for entry in manifest.ledger.dropped]
    inputs = {
        "corpus": manifest.content_hash(),
        "consent": sha256_json(manifest.consent),
        "ledger": sha256_json(dropped),
    }
    inputs |= {f"step {name}": own for name, step in steps.items() if (own := what_a_step_reads(step))}
    built = [[name, step] for name, step in steps.items()]
    modules = [__name__, *(type(step).__module__ for step in steps.values())]
    return fingerprint([built, settings, keep_intermediates], inputs, modules, beyond=["duetto.corpus"])


def _assemble(manifest: Manifest, outcomes: tuple[Outcome, ...], settings: dict[str, Any]) -> Manifest:
    clips = made_clips(outcomes)
    dropped = manifest.ledger.dropped + what_was_dropped(outcomes)
    used_s = sum(clip.duration_s for clip in clips if clip.role == "target")
    in_s = manifest.ledger.seconds_dropped + sum(clip.duration_s for clip in manifest.select("target"))
    if not any(clip.role == "target" and clip.split == "train" for clip in clips):
        reasons = sorted({entry.reason for entry in dropped if entry.seconds > 0})
        raise CorpusError(
            f"Preprocessing left nothing to train on ({'; '.join(reasons) or 'the corpus has no train clip'}). "
            "Lower preprocess.slice.threshold_db or check the recordings."
        )
    return manifest.with_clips(clips, Ledger(in_s, used_s, dropped), {**manifest.settings, PREPROCESS: settings})
