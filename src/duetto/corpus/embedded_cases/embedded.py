"""The common part of the embedded cases: singers, songs, splits, roles and files.

The target voice sings each song in the role `target`: the training data, after the case's treatment (a room, a band, or
nothing). For songs of val and test there are also the role `reference`: the same rendition, untreated; and the role
`source`: each source voice singing the song, untreated, at its own pitch. All renditions of a song are
frame-synchronous.

With `data.transpositions` the target sings test songs at further pitches. Such a rendition is the reference of a
separate song, `<song>_up6` or `<song>_down3`, with the source of the original song.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from duetto.corpus.embedded_cases.performer import SAMPLE_RATE, Singer
from duetto.corpus.embedded_cases.songs import Song
from duetto.corpus.jobs import Outcome, Plan, all_clips
from duetto.corpus.manifest import Clip, Role, Split
from duetto.errors import CorpusError
from duetto.ownership.consent import embedded_consent
from duetto.settings.config import DataConfig
from duetto.storage.audio import Waveform, write_audio
from duetto.storage.files import atomic_path, sha256_file, sha256_json
from duetto.storage.full_scale import fit_full_scale


@dataclass(frozen=True)
class Treated:
    """A rendition after a treatment."""

    waveform: Waveform  # (S,) or (2, S), on the rendition's time base
    stems: Mapping[str, Waveform] = field(default_factory=dict)  # components by name, to listen to


class Treatment(Protocol):
    """A case's treatment of the target's singing; picklable and deterministic."""

    def apply(self, dry: Waveform, song: Song) -> Treated:
        """Treat a rendition (S,) at 48 kHz."""


@dataclass(frozen=True)
class Recipe:
    """The specific part of a case."""

    songs: Mapping[str, Song]  # of every split
    unshifted: frozenset[str] = frozenset()  # test songs to which data.transpositions does not apply
    settings: Mapping[str, Any] = field(default_factory=dict)  # that determine how it sounds, as JSON values
    make_treatment: Callable[[], Treatment | None] = lambda: None  # called if a song has to be sung


def embedded_settings(config: DataConfig, recipe: Recipe, performer: Singer) -> dict[str, Any]:
    """Everything that determines how the corpus sounds, as JSON values without paths.

    Raises:
        CorpusError: If a voice is named twice or does not exist, or there are no training or test songs.
    """
    splits = _splits(config)
    empty = [name for name in ("train", "test") if not splits[name]]
    if empty:
        raise CorpusError(f"data.{empty[0]}_songs is empty; {config.case} needs at least one song there.")
    voices = [config.target, *config.sources]
    if len(set(voices)) < len(voices):
        raise CorpusError(f"data.target and data.sources name a voice twice: {voices}. Name each once.")
    return {
        "seed": config.seed,
        "target": config.target,
        "sources": list(config.sources),
        "splits": {name: list(songs) for name, songs in splits.items()},
        "songs": {song: recipe.songs[song].sha256 for songs in splits.values() for song in songs},
        "voices": {voice: performer.describe(voice) for voice in voices},
        "transpositions": list(config.transpositions),
        **recipe.settings,
    }


def plan_embedded(config: DataConfig, recipe: Recipe, settings: dict[str, Any], performer: Singer) -> Plan:
    """Jobs of an embedded case, those of the target first."""
    treatment = recipe.make_treatment()
    target_pitch = performer.transposition(config.target)
    shifts = tuple(shift for shift in config.transpositions if shift)
    shifted = [song for song in config.test_songs if song not in recipe.unshifted]

    def part(song: str, voice: str, split: Split) -> Part:
        return Part(recipe.songs[song], voice, split, _job_seed(config.seed, song, voice), performer)

    held_out: list[tuple[str, Split]] = [(song, "val") for song in config.val_songs]
    held_out += [(song, "test") for song in config.test_songs]
    everything: list[tuple[str, Split]] = [*((song, "train") for song in config.train_songs), *held_out]
    jobs: list[Any] = [TargetSings(part(song, config.target, split), treatment) for song, split in everything]
    jobs += [ReferenceSings(part(song, config.target, "test"), shift) for song in shifted for shift in shifts]
    jobs += [
        SourceSings(
            part(song, voice, split),
            target_pitch - performer.transposition(voice),
            (0, *shifts) if song in shifted else (0,),
        )
        for song, split in held_out
        for voice in config.sources
    ]

    return Plan(tuple(jobs), all_clips(config.case, settings, embedded_consent().as_dict()))


@dataclass(frozen=True)
class Part:
    """One song by one voice."""

    song: Song
    voice: str
    split: Split
    seed: int
    performer: Singer

    @property
    def score(self) -> str:
        """Path of the song's score in the corpus."""
        return f"scores/{self.song.name}.vsqx"

    def annotations_path(self, shift: int = 0) -> str:
        """Path of the annotations in the corpus."""
        return f"annotations/{self.voice}/{shifted_name(self.song.name, shift)}.npz"

    def sing(self, folder: Path, shift: int = 0) -> Waveform:
        """Sing the song; write score and annotations, and return the waveform, (S,)."""
        with atomic_path(folder / self.score) as temporary:
            temporary.write_bytes(self.song.vsqx)
        with atomic_path(folder / self.annotations_path(shift)) as temporary:
            waveform = self.performer.render(folder / self.score, self.voice, self.seed, temporary, float(shift))
            return fit_full_scale(waveform)

    def write(self, folder: Path, role: Role, group: str, waveform: Waveform, shift: int = 0) -> Clip:
        """Write a waveform and return its clip."""
        name = shifted_name(self.song.name, shift)
        path = f"audio/{group}/{name}.{'flac' if role == 'stem' else 'wav'}"
        write_audio(folder / path, waveform, SAMPLE_RATE, "PCM_16" if role == "stem" else "PCM_24")
        return Clip(
            id=f"{group}/{name}",
            path=path,
            sha256=sha256_file(folder / path),
            role=role,
            split=self.split,
            song=name,
            singer=self.voice,
            sample_rate=SAMPLE_RATE,
            num_samples=waveform.shape[-1],
            score=None if shift else self.score,  # a transposed rendition has no score
            annotations=self.annotations_path(shift),
        )


@dataclass(frozen=True)
class TargetSings:
    """A job: the target's rendition and, for held-out songs, the reference."""

    part: Part
    treatment: Treatment | None

    @property
    def name(self) -> str:
        """Unique in the case."""
        return f"target-{self.part.voice}-{self.part.song.name}"

    def run(self, folder: Path) -> Outcome:
        """Sing and treat the song; write audio, stems, annotations and score."""
        dry = self.part.sing(folder)
        treated = Treated(dry) if self.treatment is None else self.treatment.apply(dry, self.part.song)
        clips = [self.part.write(folder, "target", "target", treated.waveform)]
        if self.part.split != "train":
            clips.append(self.part.write(folder, "reference", "reference", dry))
        stems = sorted(treated.stems.items())
        clips += [self.part.write(folder, "stem", f"stem/{name}", waveform) for name, waveform in stems]
        return Outcome(tuple(clips))


@dataclass(frozen=True)
class ReferenceSings:
    """A job: the target sings a test song transposed."""

    part: Part
    shift: int  # semitones

    @property
    def name(self) -> str:
        """Unique in the case."""
        return f"reference-{self.part.voice}-{shifted_name(self.part.song.name, self.shift)}"

    def run(self, folder: Path) -> Outcome:
        """Sing and write audio, annotations and score."""
        return Outcome(
            (self.part.write(folder, "reference", "reference", self.part.sing(folder, self.shift), self.shift),)
        )


@dataclass(frozen=True)
class SourceSings:
    """A job: a source sings a held-out song once, for all pitches of the target."""

    part: Part
    transpose_semitones: float  # to the target's pitch
    shifts: tuple[int, ...]  # semitones, including 0

    @property
    def name(self) -> str:
        """Unique in the case."""
        return f"source-{self.part.voice}-{self.part.song.name}"

    def run(self, folder: Path) -> Outcome:
        """Sing and write audio, annotations and score."""
        group = f"source/{self.part.voice}"
        sung = self.part.write(folder, "source", group, self.part.sing(folder))
        return Outcome(tuple(self._shifted(sung, group, shift) for shift in self.shifts))

    def _shifted(self, sung: Clip, group: str, shift: int) -> Clip:
        song = shifted_name(sung.song, shift)
        return replace(sung, id=f"{group}/{song}", song=song, transpose_semitones=self.transpose_semitones + shift)


def shifted_name(song: str, shift: int) -> str:
    """Name of a song at another pitch; its own name for 0."""
    return f"{song}_{'up' if shift > 0 else 'down'}{abs(shift)}" if shift else song


def _splits(config: DataConfig) -> dict[str, list[str]]:
    return {"train": config.train_songs, "val": config.val_songs, "test": config.test_songs}


def _job_seed(seed: int, song: str, voice: str) -> int:
    """A different seed for every rendition, so that no two share their drift."""
    return int(sha256_json([seed, song, voice])[:8], 16)
