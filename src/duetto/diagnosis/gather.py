"""The sounds at a path: a recording, a folder of recordings, a built corpus, or a .ddb.

Recordings are read block by block and yielded in pieces of a minute. Recordings of a folder that training would not use
(the same function decides, `duetto.corpus.recordings.accept`) become problems with their reason; the others are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from duetto.corpus.ddb.bank import read_ddb, read_segment
from duetto.corpus.manifest import MANIFEST_NAME, Clip, Manifest, load_manifest
from duetto.corpus.recordings.accept import accept
from duetto.corpus.recordings.folder import consent_path, covers
from duetto.corpus.recordings.intake import display_name
from duetto.corpus.recordings.listing import list_recordings
from duetto.corpus.recordings.repeats import Repeats, likeness_of
from duetto.diagnosis.diagnosis import Problem
from duetto.diagnosis.sound import Sound
from duetto.errors import AudioError, CorpusError
from duetto.ownership.consent import CONSENT_NAME, Consent, require_rights
from duetto.ownership.consent_file import read_record
from duetto.storage.audio import Waveform, checked, read_blocks, read_info
from duetto.storage.audio_open import open_audio
from duetto.storage.files import sha256_file

PIECE_S = 60.0
SHORTEST_PIECE_S = 5.0  # a shorter rest at the end is added to the piece before


@dataclass(frozen=True)
class DoctorInput:
    """The data to examine."""

    name: str
    count: int  # number of recordings, for a progress bar
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
            yield from usable_sounds(self.path, display_name(Path(self.path.name)))

    @property
    def is_one_recording(self) -> bool:
        """Whether it is a single file, which may be part of a larger corpus."""
        return self.manifest is None and self.path.is_file() and self.path.suffix.lower() != ".ddb"


def open_input(path: Path, today: date | None = None) -> DoctorInput:
    """Determine the kind of data at a path; only names, headers and consent are read.

    Raises:
        CorpusError: If the path does not exist, is of an unknown kind, or is a .ddb without a statement of rights.
        AudioError: If it is a file without audio.
    """
    if (path / MANIFEST_NAME).is_file():
        manifest = load_manifest(path)
        clips = target_clips(manifest)
        if not clips:
            raise CorpusError(f"{path} holds no recording of the target, so there is nothing to examine.")
        return DoctorInput(f"{manifest.case} ({path.name})", len(clips), path, manifest)
    if path.is_dir():
        return DoctorInput(display_name(path), len(list_recordings(path).files), path)
    if not path.exists():
        raise CorpusError(f"There is no {path}. Name a recording, a folder of recordings, a corpus or a .ddb.")
    if path.suffix.lower() == ".ddb":
        require_rights(read_record(path.parent / CONSENT_NAME), path)
        return DoctorInput(display_name(Path(path.name)), len(read_ddb(path).segments), path)
    read_info(path)
    return DoctorInput(display_name(Path(path.name)), 1, path)


def target_clips(manifest: Manifest) -> Sequence[Clip]:
    """Clips of the target, training clips first."""
    clips = manifest.select("target")
    return sorted(clips, key=lambda clip: (clip.split != "train", clip.id))


def corpus_sounds(folder: Path, clips: Sequence[Clip]) -> Iterator[Sound | Problem]:
    """Sounds of a corpus; each clip that preprocessing sliced counts as one recording."""
    for clip in clips:
        yield from recording_sounds(folder / clip.path, clip.id, clip.split, clip.singer)


def folder_sounds(root: Path) -> Iterator[Sound | Problem]:
    """Sounds of a user's folder, all as training data."""
    listing = list_recordings(root)
    for remark in listing.remarks:
        yield Problem(remark.clip_id, remark.reason)
    consents: dict[Path, Consent | None] = {}
    repeats = Repeats()
    for path in listing.files:
        record = consent_path(listing, path)
        if record not in consents:
            consents[record], problem = _read_consent(record)
            yield from problem
        consent = consents[record]
        is_covered = consent is None or not consent.recordings or covers(consent, _digest(path))
        singer = listing.singer_of(path, None) if listing.has_singers else ""
        yield from usable_sounds(path, display_name(path.relative_to(root)), singer, is_covered, repeats)


def archive_sounds(path: Path) -> Iterator[Sound | Problem]:
    """Sounds of a .ddb, each as a separate recording."""
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


def usable_sounds(
    path: Path, name: str, singer: str = "", is_covered: bool = True, repeats: Repeats | None = None
) -> Iterator[Sound | Problem]:
    """Pieces of a recording that training uses, or a problem with the reason if it does not.

    Args:
        path: The recording.
        name: Name that the user knows.
        singer: Name of its singer.
        is_covered: Whether the consent record covers it.
        repeats: The recordings before it, to find repetitions.
    """
    taken = accept(path, name, is_covered=is_covered)
    if taken.refusal:
        yield Problem(name, f"is not used: {_after_name(name, taken.refusal)}")
        return
    likeness = likeness_of(read_blocks(path), taken.measured.sample_rate, taken.measured.num_samples)
    first = None if repeats is None else repeats.first_like(name, likeness)
    if first is not None:
        yield Problem(name, f"is not used: it is the same recording as {first}")
        return
    for seconds, sentence in taken.told:
        if not seconds:  # unread seconds are reported by the reader
            yield Problem(name, f"is used, but {_after_name(name, sentence)}")
    yield from recording_sounds(path, name, singer=singer)


def _after_name(name: str, sentence: str) -> str:
    """Replace the name at the start of the sentence by a pronoun."""
    return f"it {sentence[len(name) + 1 :]}" if sentence.startswith(f"{name} ") else sentence


def _read_consent(path: Path) -> tuple[Consent | None, tuple[Problem, ...]]:
    """The consent record, or None if there is none; a damaged record is a problem."""
    if not path.is_file():
        return None, ()
    try:
        return read_record(path), ()
    except CorpusError as error:
        return None, (Problem(CONSENT_NAME, str(error)),)


def _digest(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError:
        return ""


def recording_sounds(path: Path, name: str, split: str = "train", singer: str = "") -> Iterator[Sound | Problem]:
    """Pieces of one recording; at an unreadable place, a problem follows the pieces before it."""
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
    """Regroup blocks (C, S) to pieces of `size` samples; a rest below `least` is part of the last piece."""
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
