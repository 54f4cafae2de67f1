"""Case B: a voice rendered from VSQX in a room, as the study's author had it; here with a known truth.

For each song the target voice sings, role `target`: the rendering in the room, what there is to
train on. For songs of val and test also role `truth`: the same rendering, dry, and role `source`:
each source voice singing the song, dry, at the pitch that its voice is written for.
"""

from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from duetto import __version__, score, singer
from duetto.audio import Waveform, write_audio
from duetto.config import DataConfig
from duetto.corpus.consent import embedded_consent
from duetto.corpus.manifest import Clip, Ledger, Manifest, Role, Split
from duetto.corpus.plan import Outcome, Plan
from duetto.corpus.room import add_room, room_response
from duetto.corpus.songs import load_song, song_path
from duetto.errors import CorpusError
from duetto.files import atomic_path, sha256_file, sha256_json
from duetto.singer.sing import save_truth, sing
from duetto.singer.voices import get_voice

SAMPLE_RATE = 48_000  # Hz, of every embedded voice
PEAK_LIMIT = 0.99


class Singer(Protocol):
    """Sings a song and says how; picklable, the same every time."""

    def describe(self, voice: str) -> Any:
        """JSON value that changes whenever the voice sounds different."""

    def code_digest(self) -> str:
        """SHA-256 that changes whenever the way of singing does."""

    def transposition(self, voice: str) -> float:
        """Semitones by which the voice sings other than written."""

    def render(self, song: str, voice: str, seed: int, truth: Path) -> Waveform:
        """Sing at 48 kHz, (S,), and write the truth (.npz)."""


@dataclass(frozen=True)
class EmbeddedSinger:
    """The singer of `duetto.singer` with the songs of `duetto.corpus.songs`."""

    def describe(self, voice: str) -> Any:
        """The voice's parameters."""
        return asdict(get_voice(voice))

    def code_digest(self) -> str:
        """Digest of the sources of `duetto.singer` and `duetto.score`: a corpus is cheaper to sing than to doubt."""
        sources = sorted(path for package in (singer, score) for path in Path(package.__path__[0]).rglob("*.py"))
        return sha256_json([[path.name, sha256_file(path)] for path in sources])

    def transposition(self, voice: str) -> float:
        """Semitones by which the voice sings other than written."""
        return float(get_voice(voice).transposition)

    def render(self, song: str, voice: str, seed: int, truth: Path) -> Waveform:
        """Sing at 48 kHz, (S,), and write the truth (.npz)."""
        rendition = sing(load_song(song), get_voice(voice), seed=seed)
        if rendition.sample_rate != SAMPLE_RATE:
            raise CorpusError(f"Voice {voice} sang at {rendition.sample_rate} Hz; expected {SAMPLE_RATE} Hz.")
        save_truth(rendition.truth, truth)
        return rendition.waveform


@dataclass(frozen=True)
class SongOfVoice:
    """A job: one voice sings one song."""

    song: str
    voice: str
    split: Split
    is_target: bool
    transpose_semitones: float  # to the target's pitch
    seed: int
    performer: Singer
    response: NDArray[np.float64] | None  # of the room, for the target; None = dry

    @property
    def name(self) -> str:
        """Unique in the case."""
        return f"{'target' if self.is_target else 'source'}-{self.voice}-{self.song}"

    def run(self, folder: Path) -> Outcome:
        """Sing, add the room, write audio, truth and score."""
        truth = f"truth/{self.voice}/{self.song}.npz"
        with atomic_path(folder / truth) as temporary:
            dry = soften(self.performer.render(self.song, self.voice, self.seed, temporary))
        copy = f"scores/{self.song}.vsqx"
        with atomic_path(folder / copy) as temporary:
            temporary.write_bytes(song_path(self.song).read_bytes())
        if not self.is_target:
            return Outcome((self._write(folder, "source", dry, f"source/{self.voice}", truth),))
        wet = dry if self.response is None else add_room(dry, self.response)
        clips = [self._write(folder, "target", wet, "target", truth)]
        if self.split != "train":
            clips.append(self._write(folder, "truth", dry, "truth", truth))
        return Outcome(tuple(clips))

    def _write(self, folder: Path, role: Role, waveform: Waveform, group: str, truth: str) -> Clip:
        path = f"audio/{group}/{self.song}.wav"
        write_audio(folder / path, waveform, SAMPLE_RATE)
        return Clip(
            id=f"{group}/{self.song}",
            path=path,
            sha256=sha256_file(folder / path),
            role=role,
            split=self.split,
            song=self.song,
            singer=self.voice,
            sample_rate=SAMPLE_RATE,
            num_samples=len(waveform),
            score=f"scores/{self.song}.vsqx",
            truth=truth,
            transpose_semitones=self.transpose_semitones if role == "source" else 0.0,
        )


def case_b_settings(config: DataConfig, performer: Singer) -> dict[str, Any]:
    """All that decides how the corpus sounds, as JSON values; no paths.

    Raises:
        CorpusError: If a song or voice does not exist, or train or test is empty.
    """
    splits = {"train": config.train_songs, "val": config.val_songs, "test": config.test_songs}
    empty = [name for name in ("train", "test") if not splits[name]]
    if empty:
        raise CorpusError(f"data.{empty[0]}_songs is empty; case B needs at least one song there.")
    voices = [config.target, *config.sources]
    if len(set(voices)) < len(voices):
        raise CorpusError(f"data.target and data.sources name a voice twice: {voices}.")
    return {
        "duetto": __version__,
        "singer": performer.code_digest(),
        "engines": {name: version(name) for name in ("pysinsy", "pyworld")},
        "seed": config.seed,
        "target": config.target,
        "sources": list(config.sources),
        "splits": {name: list(songs) for name, songs in splits.items()},
        "songs": {song: sha256_file(song_path(song)) for songs in splits.values() for song in songs},
        "voices": {voice: performer.describe(voice) for voice in voices},
        "room": asdict(config.room),
    }


def plan_case_b(config: DataConfig, settings: dict[str, Any], performer: Singer) -> Plan:
    """Jobs of case B, the target's first."""
    dry = config.room.rt60_s == 0
    response = None if dry else room_response(config.room, SAMPLE_RATE, config.seed)
    splits: tuple[tuple[Split, list[str]], ...] = (
        ("train", config.train_songs),
        ("val", config.val_songs),
        ("test", config.test_songs),
    )
    target_pitch = performer.transposition(config.target)

    def job(song: str, voice: str, split: Split) -> SongOfVoice:
        is_target = voice == config.target
        return SongOfVoice(
            song=song,
            voice=voice,
            split=split,
            is_target=is_target,
            transpose_semitones=target_pitch - performer.transposition(voice),
            seed=_job_seed(config.seed, song, voice),
            performer=performer,
            response=response if is_target else None,
        )

    jobs = [job(song, config.target, split) for split, songs in splits for song in songs]
    jobs += [job(song, voice, split) for split, songs in splits[1:] for song in songs for voice in config.sources]

    def assemble(folder: Path, outcomes: tuple[Outcome, ...]) -> Manifest:
        clips = tuple(clip for outcome in outcomes for clip in outcome.clips)
        seconds = sum(clip.duration_s for clip in clips if clip.role == "target")
        return Manifest(config.case, clips, settings, embedded_consent().as_dict(), Ledger(seconds, seconds))

    return Plan(tuple(jobs), assemble)


def _job_seed(seed: int, song: str, voice: str) -> int:
    """A seed of its own for every rendition, so that no two share their drift."""
    return int(sha256_json([seed, song, voice])[:8], 16)


def soften(waveform: Waveform) -> Waveform:
    """Full scale is the format's limit, not the singer's."""
    peak = float(np.max(np.abs(waveform), initial=0.0))
    return waveform if peak <= PEAK_LIMIT else (waveform * np.float32(PEAK_LIMIT / peak)).astype(np.float32)
