"""The sounds at a path: a recording, a folder of recordings, a built corpus, or a .ddb.

Recordings are read block by block and handed on in pieces of a minute. An unreadable file becomes a
problem with its reason, and the others are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from duetto.corpus.ddb.bank import read_ddb, read_segment
from duetto.corpus.manifest import MANIFEST_NAME, Clip, Manifest, load_manifest
from duetto.corpus.recordings.intake import display_name
from duetto.corpus.recordings.listing import list_recordings
from duetto.corpus.recordings.measure import measure_recording
from duetto.diagnosis.diagnosis import Problem
from duetto.diagnosis.sound import Sound
from duetto.errors import AudioError, CorpusError
from duetto.ownership.consent import CONSENT_NAME, read_consent, require_rights
from duetto.storage.audio import Waveform, checked, read_info
from duetto.storage.audio_open import open_audio

PIECE_S = 60.0
SHORTEST_PIECE_S = 5.0  # what is left over at the end and shorter goes with the piece before


@dataclass(frozen=True)
class DoctorInput:
    """What is to be examined."""

    name: str
    count: int  # of recordings, for a progress bar
    path: Path
    manifest: Manifest | None = None  # of a corpus

    def sounds(self) -> Iterator[Sound | Problem]:
        """The sounds, in a fixed order."""
        if self.manifest is not None:
            yield from corpus_sounds(self.path, target_clips(self.manifest))
        elif self.path.suffix.lower() == ".ddb":
            yield from archive_sounds(self.path)
        elif self.path.is_dir():
            yield from folder_sounds(self.path)
        else:
            yield from usable_sounds(self.path, display_name(Path(self.path.name)), singer="")


def open_input(path: Path, today: date | None = None) -> DoctorInput:
    """Find out what a path holds; only names, headers and consent are read yet.

    Raises:
        CorpusError: If there is nothing, or nothing of a known kind; or a .ddb without a statement of rights.
        AudioError: If it is a file that is no audio.
    """
    if (path / MANIFEST_NAME).is_file():
        manifest = load_manifest(path)
        clips = target_clips(manifest)
        if not clips:
            raise CorpusError(f"{path} holds no recording of the target: there is nothing to examine.")
        return DoctorInput(f"{manifest.case} ({path.name})", len(clips), path, manifest)
    if path.is_dir():
        return DoctorInput(display_name(path), len(list_recordings(path).files), path)
    if not path.exists():
        raise CorpusError(f"There is no {path}. Name a recording, a folder of recordings, a corpus or a .ddb.")
    if path.suffix.lower() == ".ddb":
        require_rights(read_consent(path.parent / CONSENT_NAME), path)
        return DoctorInput(display_name(Path(path.name)), len(read_ddb(path).segments), path)
    read_info(path)
    return DoctorInput(display_name(Path(path.name)), 1, path)


def target_clips(manifest: Manifest) -> Sequence[Clip]:
    """Clips of the target, those to train on first."""
    clips = manifest.select("target")
    return sorted(clips, key=lambda clip: (clip.split != "train", clip.id))


def corpus_sounds(folder: Path, clips: Sequence[Clip]) -> Iterator[Sound | Problem]:
    """Sounds of a corpus; clips that preprocessing has sliced are one recording each."""
    for clip in clips:
        yield from recording_sounds(folder / clip.path, clip.id, clip.split, clip.singer)


def folder_sounds(root: Path) -> Iterator[Sound | Problem]:
    """Sounds of a user's folder, all of them taken for training."""
    listing = list_recordings(root)
    for remark in listing.remarks:
        yield Problem(remark.clip_id, remark.reason)
    for path in listing.files:
        singer = listing.singer_of(path, None) if listing.has_singers else ""
        yield from usable_sounds(path, display_name(path.relative_to(root)), singer)


def archive_sounds(path: Path) -> Iterator[Sound | Problem]:
    """Sounds of a .ddb, each a recording of its own."""
    archive = read_ddb(path)
    with path.open("rb") as file:
        for number, segment in enumerate(archive.segments, start=1):
            name = f"sound {number}" + (f" [{' '.join(segment.phones)}]" if segment.phones else "")
            try:
                waveform = read_segment(file, segment)
            except CorpusError as error:
                yield Problem(name, str(error))
                continue
            if len(waveform):
                yield Sound(name, waveform[None], segment.sample_rate)


def usable_sounds(path: Path, name: str, singer: str) -> Iterator[Sound | Problem]:
    """Pieces of a recording that training takes; else a problem with the reason why it does not."""
    try:
        measured = measure_recording(path)
    except (AudioError, OSError):
        yield from recording_sounds(path, name, singer=singer)  # up to the bad place
        return
    refusal = measured.refusal()
    if refusal:
        yield Problem(name, f"is not used: it {refusal}")
        return
    for remark in measured.remarks():
        yield Problem(name, f"is used, but {remark}")
    yield from recording_sounds(path, name, singer=singer)


def recording_sounds(path: Path, name: str, split: str = "train", singer: str = "") -> Iterator[Sound | Problem]:
    """Pieces of one recording; a problem where it cannot be read, after the pieces before the bad place."""
    start = 0
    try:
        with open_audio(path) as file:
            rate, file_s = file.info.sample_rate, file.info.duration_s
            for piece in pieces(checked(path, file), round(PIECE_S * rate), round(SHORTEST_PIECE_S * rate)):
                yield Sound(name, piece, rate, start / rate, split, singer, file_s)
                start += piece.shape[1]
        for entry in file.unread:
            yield Problem(name, f"{entry.seconds:.2f} s of it are not read: it {entry.reason}")
    except AudioError as error:
        yield Problem(name, str(error))
    except OSError as error:
        yield Problem(name, error.strerror or str(error))


def pieces(blocks: Iterator[Waveform], size: int, least: int) -> Iterator[Waveform]:
    """Blocks (C, S) as pieces of `size` samples; a rest under `least` is part of the last one."""
    held: list[Waveform] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += block.shape[1]
        while count >= size + least:
            whole = np.concatenate(held, axis=1)
            yield np.ascontiguousarray(whole[:, :size])
            held, count = [whole[:, size:]], count - size
    if count:
        yield np.ascontiguousarray(np.concatenate(held, axis=1))
