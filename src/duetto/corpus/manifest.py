"""The manifest: the content of a corpus, with a hash for every file.

A corpus is a folder with `manifest.json`, `consent.yaml`, and audio below `audio/`. Preprocessing turns one corpus into
another of the same format, so all later stages read one format.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from duetto.errors import CorpusError
from duetto.renamed import as_hashed, current_clip, current_record
from duetto.storage.files import read_json, sha256_json, write_json

Role = Literal["target", "source", "reference", "stem", "intermediate"]
LISTENED_TO = ("stem", "intermediate")  # roles that are neither trained on nor scored
Split = Literal["train", "val", "test"]
MANIFEST_NAME = "manifest.json"
HELD_OUT_FROM = "held_out_from"  # in settings: "treated" = preprocessing makes source and reference of held-out clips


@dataclass(frozen=True)
class Clip:
    """One audio file of a corpus."""

    id: str  # unique, e.g. "target/fast_01"; slices append "#0003"
    path: str  # relative to the corpus folder, POSIX
    sha256: str
    role: Role  # target: trained on; source: converted; reference: ground truth of the conversion;
    # stem: component of a target's mix; intermediate: a target between two steps of the preprocessing
    split: Split
    song: str
    singer: str
    sample_rate: int
    num_samples: int
    score: str | None = None  # a score file, relative
    annotations: str | None = None  # .npz: phones, phone_start_s, phone_end_s, f0_hz, f0_hop_s
    transpose_semitones: float = 0.0  # of a source: semitones to the target's pitch
    start: int = (
        0  # samples of the original (and of score and annotations) before this clip; < 0: the original begins later
    )
    text: str | None = None  # what is said or sung in the whole original; None = not known
    language: str | None = None  # of the text, such as en-us

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate


@dataclass(frozen=True)
class Dropped:
    """Seconds that a stage left out, and why; 0 s is a remark, and below 0 s were added."""

    clip_id: str
    seconds: float
    reason: str


@dataclass(frozen=True)
class Ledger:
    """Seconds in = seconds used + seconds dropped, always."""

    seconds_in: float = 0.0
    seconds_used: float = 0.0
    dropped: tuple[Dropped, ...] = ()

    @classmethod
    def of(cls, used: Iterable[Clip], dropped: Iterable[Dropped] = ()) -> "Ledger":
        """The ledger of used clips and dropped seconds."""
        seconds_used, entries = sum(clip.duration_s for clip in used), tuple(dropped)
        return cls(seconds_used + sum(entry.seconds for entry in entries), seconds_used, entries)

    @property
    def seconds_dropped(self) -> float:
        """Sum of all dropped seconds."""
        return sum(entry.seconds for entry in self.dropped)


@dataclass(frozen=True)
class Manifest:
    """A corpus: its clips, their origin, and the consent record."""

    case: str
    clips: tuple[Clip, ...]
    settings: dict[str, Any]  # origin: case parameters, steps, versions
    consent: dict[str, Any]  # the consent record (corpus.consent)
    ledger: Ledger = Ledger()

    def select(self, role: Role | None = None, split: Split | None = None) -> tuple[Clip, ...]:
        """Clips of a role and split, sorted by id."""
        chosen = (c for c in self.clips if role in (None, c.role) and split in (None, c.split))
        return tuple(sorted(chosen, key=lambda clip: clip.id))

    def content_hash(self) -> str:
        """Digest of the audio and its roles; independent of paths, order, and clips that are only listened to."""
        rows = sorted(
            [as_hashed(c.id), c.sha256, as_hashed(c.role), c.split, c.song, c.singer, str(c.transpose_semitones)]
            for c in self.clips
            if c.role not in LISTENED_TO
        )
        return sha256_json({"case": self.case, "clips": rows})

    def with_clips(self, clips: tuple[Clip, ...], ledger: Ledger, settings: dict[str, Any]) -> "Manifest":
        """The corpus after a further stage."""
        return replace(self, clips=clips, ledger=ledger, settings=settings)


def save_manifest(manifest: Manifest, folder: Path) -> None:
    """Write `manifest.json` atomically into a corpus folder."""
    write_json(folder / MANIFEST_NAME, asdict(manifest))


def load_manifest(folder: Path) -> Manifest:
    """Read the manifest of a corpus folder.

    Raises:
        CorpusError: If it is missing, damaged, or a clip's path leaves the folder.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        raise CorpusError(f"{folder} is not a corpus: {MANIFEST_NAME} is missing.")
    value = read_json(path)
    try:
        clips = tuple(Clip(**current_clip(clip)) for clip in value["clips"])
        ledger = Ledger(
            value["ledger"]["seconds_in"],
            value["ledger"]["seconds_used"],
            tuple(Dropped(**entry) for entry in current_record(value["ledger"])["dropped"]),
        )
        manifest = Manifest(value["case"], clips, value["settings"], value["consent"], ledger)
    except (KeyError, TypeError) as error:
        raise CorpusError(f"{path} is damaged ({error}). Delete the folder and run again.") from error
    root = folder.resolve()
    for clip in clips:
        if not (folder / clip.path).resolve().is_relative_to(root):
            raise CorpusError(f"{path} names a file outside its folder: {clip.path}.")
    return manifest
