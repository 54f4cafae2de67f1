"""Builds a corpus from the user's own scores without recordings, which embedded voices sing.

`data.target` sings every vocal track (except muted ones, unless `data.tracks=all`), `data.sources` the held-out ones.
The voices are then embedded, so no consent is needed, as the record says.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from duetto.corpus.jobs import Outcome, Plan, all_clips
from duetto.corpus.manifest import Clip, Dropped, Manifest, Split
from duetto.corpus.recordings.held_out import MIN_FILES, SPLIT_SHARE
from duetto.corpus.recordings.intake import display_name, recording_id
from duetto.corpus.scores.user_scores import Scores, singing_settings
from duetto.errors import CorpusError, ScoreError
from duetto.ownership.consent import embedded_consent
from duetto.score.formats.registry import read_score
from duetto.score.score import Score
from duetto.score.tempo import TempoMap
from duetto.score.tracks import choose_tracks, muted_line
from duetto.settings.config import DataConfig
from duetto.singer.sing import sing
from duetto.singer.voices import get_voice
from duetto.storage.audio import write_audio
from duetto.storage.files import sha256_file
from duetto.storage.full_scale import fit_full_scale


@dataclass(frozen=True)
class SungTrack:
    """A job: one voice sings one track of one of the user's scores."""

    path: str
    song: str
    track: int
    voice: str
    split: Split
    is_target: bool
    transpose_semitones: float
    seed: int

    @property
    def name(self) -> str:
        """Unique in the corpus."""
        return f"{'target' if self.is_target else 'source'}-{self.voice}-{self.song}"

    def run(self, folder: Path) -> Outcome:
        """Sing the track and write it; a score that the voice cannot sing is left out with the reason."""
        group = "target" if self.is_target else f"source/{self.voice}"
        try:
            rendition = sing(read_score(Path(self.path))[self.track], get_voice(self.voice), seed=self.seed)
        except ScoreError as error:
            return Outcome(dropped=(Dropped(f"{group}/{self.song}", 0.0, f"{self.voice} cannot sing it: {error}"),))
        path = f"audio/{group}/{self.song}.wav"
        write_audio(folder / path, fit_full_scale(rendition.waveform), rendition.sample_rate)
        clip = Clip(
            id=f"{group}/{self.song}",
            path=path,
            sha256=sha256_file(folder / path),
            role="target" if self.is_target else "source",
            split=self.split,
            song=self.song,
            singer=self.voice,
            sample_rate=rendition.sample_rate,
            num_samples=len(rendition.waveform),
            transpose_semitones=0.0 if self.is_target else self.transpose_semitones,
        )
        is_held_out = self.is_target and self.split != "train"
        reference = (replace(clip, id=f"reference/{self.song}", role="reference"),) if is_held_out else ()
        return Outcome((clip, *reference))


def sung_settings(config: DataConfig, scores: Scores) -> dict[str, Any]:
    """Everything that determines how the corpus sounds.

    Raises:
        CorpusError: If the target is among the sources.
    """
    if config.target in config.sources:
        raise CorpusError(f"data.target={config.target} is among data.sources {config.sources}; choose another source.")
    return {
        "scores": {_song(path, scores.root): sha256_file(path) for path in scores.files.values()},
        "target": config.target,
        "sources": list(config.sources),
        "tracks": config.tracks,
        "split_share": SPLIT_SHARE,
        **singing_settings(config, [config.target, *config.sources]),
    }


def plan_sung(config: DataConfig, settings: dict[str, Any], scores: Scores) -> Plan:
    """Jobs of a folder that holds only scores.

    Raises:
        CorpusError: If fewer than two tracks can be read.
    """
    tracks, dropped = _tracks(scores, config.tracks)
    if len(tracks) < 2:
        reasons = "; ".join(entry.reason for entry in dropped)
        raise CorpusError(
            f"{config.path} holds {len(tracks)} vocal track(s) without recordings; expected at least two, one to learn "
            f"from and one to test on.{' ' + reasons if reasons else ''}"
        )
    splits = _splits(tracks)
    pitch = float(get_voice(config.target).transposition)

    def job(song: str, voice: str) -> SungTrack:
        path, track, _ = tracks[song]
        shift = pitch - float(get_voice(voice).transposition)
        return SungTrack(str(path), song, track, voice, splits[song], voice == config.target, shift, config.seed)

    jobs = [job(song, config.target) for song in tracks]
    jobs += [job(song, voice) for song in tracks if splits[song] != "train" for voice in config.sources]

    def assemble(folder: Path, outcomes: tuple[Outcome, ...]) -> Manifest:
        manifest = all_clips(config.case, settings, embedded_consent().as_dict(), dropped)(folder, outcomes)
        if not manifest.select("target", "train"):
            reasons = "; ".join(entry.reason for entry in manifest.ledger.dropped)
            raise CorpusError(f"No score of {config.path} can be sung: {reasons}")
        return manifest

    return Plan(tuple(jobs), assemble)


Tracks = dict[str, tuple[Path, int, float]]  # song -> file, track, seconds


def _song(path: Path, root: Path) -> str:
    return recording_id(display_name(path.relative_to(root)), sha256_file(path))


def _tracks(scores: Scores, wanted: str) -> tuple[Tracks, list[Dropped]]:
    tracks: Tracks = {}
    dropped = list(scores.remarks)
    for path in scores.files.values():
        song = _song(path, scores.root)
        try:
            lines = read_score(path)
            chosen = choose_tracks(lines, wanted, path)
        except ScoreError as error:
            dropped.append(Dropped(song, 0.0, str(error)))
            continue
        if left_out := muted_line(lines, chosen):
            dropped.append(Dropped(song, 0.0, f"{display_name(path.relative_to(scores.root))}: {left_out}"))
        for number in chosen:
            name = song if number == 1 else f"{song}-track-{number}"
            tracks[name] = (path, number - 1, _duration_s(lines[number - 1]))
    return tracks, dropped


def _duration_s(score: Score) -> float:
    last = max((note.tick + note.duration for note in score.notes), default=0)
    return TempoMap(score.tempos).seconds(last)


def _splits(tracks: Tracks) -> dict[str, Split]:
    """Splits as for recordings: the longest is trained on, a tenth each (at least one) is held out; of two, one."""
    longest = max(tracks, key=lambda song: (tracks[song][2], song))
    others = sorted((song for song in tracks if song != longest), key=lambda song: song[-8:])
    count = max(1, round(SPLIT_SHARE * len(tracks)))
    splits: dict[str, Split] = dict.fromkeys(tracks, "train")
    splits |= dict.fromkeys(others[:count], "val")
    if len(tracks) >= MIN_FILES:
        splits |= dict.fromkeys(others[count : 2 * count], "test")
    return splits
