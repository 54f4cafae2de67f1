"""Builds a corpus from a folder of the user's own recordings, stems (`folder`) or stereo mixes (`mix`).

Every file below the folder is examined; unusable files are listed in the ledger with the reason.
`listing` decides which singer a recording belongs to, `held_out` which recordings are held out.
There is no other singer to convert, so clips of val and test are in the manifest three times: as `target`
(preprocessed, for the validation loss) and as `source` and `reference` (the same audio, transposition 0). Converting
such a clip measures reconstruction, not conversion, as the settings record. A mix cannot be a source; for mixes,
preprocessing makes source and reference from the preprocessed clip.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from duetto.corpus.jobs import Outcome, Plan, what_was_dropped
from duetto.corpus.manifest import HELD_OUT_FROM, Clip, Dropped, Ledger, Manifest
from duetto.corpus.recordings.held_out import SPLIT_SHARE, reconstruction_roles, split_clips, without_repeats
from duetto.corpus.recordings.intake import Recording, display_name, recording_id
from duetto.corpus.recordings.listing import Listing, digests_of, list_recordings
from duetto.errors import CorpusError
from duetto.ownership.consent import CONSENT_NAME, Consent, join_consents
from duetto.ownership.consent_file import read_record
from duetto.ownership.gate import require_consent
from duetto.settings.config import DataConfig
from duetto.workers import thread_pool

LISTED_REASONS = 20
MARKED = "marks"  # in the settings: p-values of recordings that carry duetto's watermark
TOLD = {"gain": "gains", "offset_s": "offsets_s", "mark": MARKED}  # notes of recordings, and names in the settings
NUM_EXAMINED = 100  # recordings in which the watermark is looked for; it takes as long as their features
Roles = Callable[[Path, Clip], tuple[list[Clip], list[Dropped]]]  # (corpus folder, clip) -> its rows, and remarks
RECONSTRUCTION = "reconstruction: sources are the singer's own held-out recordings"


def open_folder(config: DataConfig) -> Listing:
    """The recordings of `data.path`, of one singer if `data.singer` chooses one.

    Raises:
        CorpusError: If there is no such folder, singer or recording.
    """
    root = Path(config.path or "")
    if config.path is None or not root.is_dir():
        raise CorpusError(f"data.path={config.path}: there is no such folder. Name the folder with the recordings.")
    return list_recordings(root).of_singer(config.singer)


def read_folder_consents(config: DataConfig, listing: Listing, today: date) -> dict[str, Consent]:
    """Read and check the consent record of each singer for training: in the singer's subfolder, or in the main folder.

    Raises:
        CorpusError: If a record is missing, or does not allow training today.
    """
    consents: dict[str, Consent] = {}
    for path in listing.files:
        singer = listing.singer_of(path, config.singer)
        if singer in consents:
            continue
        record = consent_path(listing, path)
        consents[singer] = read_record(record)
        require_consent(consents[singer], "train", record, today)
    return consents


def consent_path(listing: Listing, path: Path) -> Path:
    """Path of a recording's consent record: in the singer's subfolder, else in the main folder; it may be missing."""
    beside_all = listing.root / CONSENT_NAME
    if not listing.has_singers:
        return beside_all
    own = listing.root / path.relative_to(listing.root).parts[0] / CONSENT_NAME
    return own if own.is_file() or not beside_all.is_file() else beside_all


def folder_recordings(
    config: DataConfig, listing: Listing, consents: dict[str, Consent], workers: int | None = None
) -> tuple[Recording, ...]:
    """One job for every file of the folder, sorted by name."""
    with thread_pool(workers) as executor:
        digests = digests_of(listing.files, executor)
    examined = set(sorted(digests)[:NUM_EXAMINED])
    recordings = []
    for path, digest in zip(listing.files, digests, strict=True):
        name = display_name(path.relative_to(listing.root))
        singer = listing.singer_of(path, config.singer)
        recordings.append(
            Recording(
                path=str(path),
                display=name,
                name=recording_id(name, digest),
                sha256=digest,
                singer=singer,
                is_covered=covers(consents[singer], digest),
                keeps_channels=config.case == "mix",
                is_examined=digest in examined,
            )
        )
    return tuple(_distinct(recordings))


def covers(consent: Consent, digest: str) -> bool:
    """Whether a consent record covers a file of this SHA-256."""
    return not consent.recordings or digest in consent.recordings


def folder_settings(config: DataConfig, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Everything that determines the corpus: content, not paths."""
    settings = {
        "recordings": {recording.name: recording.sha256 for recording in recordings},
        "singers": sorted({recording.singer for recording in recordings}),
        "split_share": SPLIT_SHARE,
        "evaluation": RECONSTRUCTION,
    }
    return settings | {HELD_OUT_FROM: "treated"} if config.case == "mix" else settings


def marked_recordings(settings: Mapping[str, Any]) -> dict[str, str]:
    """Recordings that carry duetto's watermark, by the settings of their corpus: name and SHA-256 of the file."""
    names = {id.partition("/")[2] for id in settings.get(MARKED, {})}
    return {name: digest for name, digest in settings.get("recordings", {}).items() if name in names}


def reconstruct(_: Path, clip: Clip) -> tuple[list[Clip], list[Dropped]]:
    """Roles of held-out clips: each is its own source and reference."""
    return reconstruction_roles(clip), []


def train_only(_: Path, clip: Clip) -> tuple[list[Clip], list[Dropped]]:
    """Roles of mixes, whose source and reference preprocessing makes."""
    return [clip], []


def plan_folder(
    config: DataConfig,
    settings: dict[str, Any],
    recordings: Sequence[Recording],
    consents: Sequence[Consent],
    remarks: tuple[Dropped, ...] = (),
    roles: Roles = reconstruct,
) -> Plan:
    """Jobs that read one file each; splits and roles follow when all files are known."""

    def assemble(folder: Path, outcomes: tuple[Outcome, ...]) -> Manifest:
        dropped = [*remarks, *what_was_dropped(outcomes)]
        clips, repeats = without_repeats(outcomes)
        dropped += repeats
        require_clips(config, clips, dropped)
        split, cuts = split_clips(folder, clips)
        told = {title: _told(name, outcomes) for name, title in TOLD.items()}
        recorded = {**settings, "cuts": cuts, **{title: values for title, values in told.items() if values}}
        rows: list[Clip] = []
        for clip in split:
            cast, remarks_on_roles = roles(folder, clip)
            rows += cast
            dropped += remarks_on_roles
        consent = join_consents(consents).as_dict()
        return Manifest(config.case, tuple(rows), recorded, consent, Ledger.of(split, dropped))

    return Plan(tuple(recordings), assemble)


def _told(name: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {outcome.notes["id"]: outcome.notes[name] for outcome in outcomes if name in outcome.notes}


def require_clips(config: DataConfig, clips: Sequence[Clip], dropped: Sequence[Dropped]) -> None:
    """Raise if no clips are left.

    Raises:
        CorpusError: If there are none; lists the reasons.
    """
    if clips:
        return
    reasons = [f"  {entry.clip_id}: {entry.reason}" for entry in dropped]
    more = [f"  and {len(reasons) - LISTED_REASONS} more"] if len(reasons) > LISTED_REASONS else []
    listing = "\n".join(reasons[:LISTED_REASONS] + more)
    raise CorpusError(f"{config.path} holds no usable recording:\n{listing}")


def _distinct(recordings: Sequence[Recording]) -> list[Recording]:
    """Jobs with unique names: byte-identical files of the same name get a counter."""
    counts: dict[str, int] = {}
    jobs = []
    for recording in recordings:
        count = counts.get(recording.name, 0)
        counts[recording.name] = count + 1
        jobs.append(recording if count == 0 else replace(recording, name=f"{recording.name}-{count + 1}"))
    return jobs
