"""A folder of the user's own recordings as a corpus.

Every file below the folder is looked at; what cannot be used is left out with its reason in the
ledger. Files are split whole, ordered by content hash, the longest always into train: with three
or more, a tenth each (at least one) goes to val and test; with fewer, the last tenth of the longest
file becomes val.

No other singer is there to convert, so clips of val and test stand three times in the manifest:
as `target` (preprocessed, for the validation loss) and as `source` and `truth` (the same audio,
transposition 0). Converting such a clip measures reconstruction, not conversion; the settings
say so.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from duetto.audio import AUDIO_SUFFIXES, read_audio, write_audio
from duetto.config import DataConfig
from duetto.corpus.consent import CONSENT_NAME, Consent, read_consent, require_scope
from duetto.corpus.intake import Recording, display_name, is_same_recording, recording_id
from duetto.corpus.manifest import Clip, Ledger, Loss, Manifest, Split
from duetto.corpus.plan import Outcome, Plan
from duetto.errors import CorpusError
from duetto.files import sha256_file

READABLE_SUFFIXES = AUDIO_SUFFIXES | {".wave", ".rf64", ".w64", ".oga", ".opus", ".aifc", ".au", ".snd", ".caf"}
OTHER_SUFFIXES = {".m4a", ".mp4", ".aac", ".wma", ".webm", ".mka", ".ape", ".wv"}  # reported, not overlooked
SPLIT_SHARE = 0.1  # of the files for val, and for test
MIN_FILES = 3  # fewer cannot fill train, val and test
MIN_CUT_S = 1.0  # of val, when it is cut from the longest file
LISTED_REASONS = 20


def read_folder_consent(config: DataConfig, today: date) -> Consent:
    """The consent record beside the recordings, checked for training.

    Raises:
        CorpusError: If the folder or the record is missing, or it does not allow training today.
    """
    root = Path(config.path or "")
    if config.path is None or not root.is_dir():
        raise CorpusError(f"data.path={config.path}: there is no such folder. Name the folder with the recordings.")
    consent = read_consent(root / CONSENT_NAME, today)
    require_scope(consent, "train", today)
    return consent


def list_recordings(root: Path) -> tuple[Path, ...]:
    """Audio files below a folder by suffix, sorted; hidden files and links to folders are not followed.

    Raises:
        CorpusError: If a folder cannot be listed, or no file has an audio suffix.
    """

    def refuse(error: OSError) -> None:
        raise CorpusError(f"{error.filename} cannot be listed ({error.strerror}). Allow reading or move it away.")

    found = []
    for folder, folders, names in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(folder, name)
            for name in names
            if Path(name).suffix.lower() in READABLE_SUFFIXES | OTHER_SUFFIXES and not name.startswith(".")
        ]
    if not found:
        raise CorpusError(f"{root} holds no audio file. Put WAV, FLAC, OGG, MP3 or AIFF recordings there.")
    return tuple(sorted(found, key=lambda path: os.fsencode(path.relative_to(root))))


def folder_recordings(config: DataConfig, consent: Consent) -> tuple[Recording, ...]:
    """One job for every audio file of the folder, sorted by name."""
    root = Path(config.path or "")
    recordings = []
    for path in list_recordings(root):
        digest = _digest(path)
        name = display_name(path.relative_to(root))
        recordings.append(
            Recording(
                path=str(path),
                display=name,
                name=recording_id(name, digest),
                sha256=digest,
                singer=config.singer,
                is_covered=not consent.recordings or digest in consent.recordings,
            )
        )
    return tuple(recordings)


def folder_settings(config: DataConfig, recordings: Sequence[Recording]) -> dict[str, Any]:
    """All that decides what the corpus holds; content, not paths."""
    return {
        "recordings": {recording.name: recording.sha256 for recording in recordings},
        "singer": config.singer,
        "split_share": SPLIT_SHARE,
        "evaluation": "reconstruction: sources are the singer's own held-out recordings",
    }


def plan_folder(
    config: DataConfig, settings: dict[str, Any], recordings: Sequence[Recording], consent: Consent
) -> Plan:
    """Jobs that read one file each; splitting follows when all are known."""

    def assemble(folder: Path, outcomes: tuple[Outcome, ...]) -> Manifest:
        losses = [loss for outcome in outcomes for loss in outcome.losses]
        clips, repeats = _without_repeats(outcomes)
        losses += repeats
        if not clips:
            reasons = [f"  {loss.clip_id}: {loss.reason}" for loss in losses]
            more = [f"  and {len(reasons) - LISTED_REASONS} more"] if len(reasons) > LISTED_REASONS else []
            listing = "\n".join(reasons[:LISTED_REASONS] + more)
            raise CorpusError(f"{config.path} holds no usable recording:\n{listing}")
        split, cuts = _split(folder, clips)
        used = sum(clip.duration_s for clip in split)
        ledger = Ledger(used + sum(loss.seconds for loss in losses), used, tuple(losses))
        rows = tuple(row for clip in split for row in _roles(clip))
        notes = [outcome.notes for outcome in outcomes if "gain" in outcome.notes]
        recorded = {**settings, "cuts": cuts, "gains": {note["id"]: note["gain"] for note in notes}}
        return Manifest(config.case, rows, recorded, consent.as_dict(), ledger)

    return Plan(tuple(_distinct(recordings)), assemble)


def _digest(path: Path) -> str:
    try:
        return sha256_file(path) if path.is_file() else ""
    except OSError:
        return ""  # reading the audio fails for the same reason, and the ledger says so


def _distinct(recordings: Sequence[Recording]) -> list[Recording]:
    """Jobs with names of their own: byte-identical files of the same name get a counter."""
    counts: dict[str, int] = {}
    jobs = []
    for recording in recordings:
        count = counts.get(recording.name, 0)
        counts[recording.name] = count + 1
        jobs.append(recording if count == 0 else replace(recording, name=f"{recording.name}-{count + 1}"))
    return jobs


def _without_repeats(outcomes: Sequence[Outcome]) -> tuple[list[Clip], list[Loss]]:
    """A recording that is there twice would stand in train and in test: the first one counts."""
    kept: list[dict[str, Any]] = []
    clips, losses = [], []
    for outcome in outcomes:
        for clip in outcome.clips:
            first = next((notes for notes in kept if is_same_recording(outcome.notes, notes)), None)
            if first is not None:
                losses.append(Loss(clip.id, clip.duration_s, f"the same recording as {first['id']}"))
            else:
                kept.append(outcome.notes)
                clips.append(clip)
    return clips, losses


def _split(folder: Path, clips: list[Clip]) -> tuple[list[Clip], dict[str, Any]]:
    """Assign whole files to splits, or cut val off the longest; returns the cuts made."""
    longest = max(clips, key=lambda clip: (clip.duration_s, clip.sha256))
    if len(clips) < MIN_FILES:
        parts, cut = _cut(folder, longest)
        return [*(clip for clip in clips if clip is not longest), *parts], cut
    count = max(1, round(SPLIT_SHARE * len(clips)))
    others = sorted((clip for clip in clips if clip is not longest), key=lambda clip: clip.sha256)
    splits: dict[str, Split] = {clip.id: "val" for clip in others[:count]}
    splits |= {clip.id: "test" for clip in others[count : 2 * count]}
    return [replace(clip, split=splits.get(clip.id, "train")) for clip in clips], {}


def _cut(folder: Path, clip: Clip) -> tuple[list[Clip], dict[str, Any]]:
    """The clip as a train part and a val part at its end: a tenth, at least 1 s, at most half."""
    waveform, sample_rate = read_audio(folder / clip.path)
    num_val = min(max(round(SPLIT_SHARE * len(waveform)), round(MIN_CUT_S * sample_rate)), len(waveform) // 2)
    cut = len(waveform) - num_val
    parts: list[Clip] = []
    names: tuple[tuple[Split, slice], ...] = (("train", slice(0, cut)), ("val", slice(cut, None)))
    for split, span in names:
        path = f"{clip.path.removesuffix('.wav')}-{split}.wav"
        write_audio(folder / path, waveform[span], sample_rate)
        parts.append(
            replace(
                clip,
                id=f"{clip.id}-{split}",
                path=path,
                sha256=sha256_file(folder / path),
                split=split,
                num_samples=len(waveform[span]),
                start=span.start,
            )
        )
    return parts, {clip.id: {"val_starts_at_s": cut / sample_rate}}


def _roles(clip: Clip) -> list[Clip]:
    """The rows of a clip: target, and in val and test the pair that measures reconstruction."""
    if clip.split == "train":
        return [clip]
    name = clip.id.removeprefix("target/")
    return [clip, replace(clip, id=f"source/{name}", role="source"), replace(clip, id=f"truth/{name}", role="truth")]
