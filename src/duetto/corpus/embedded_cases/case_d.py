"""Case D: an embedded voice cut into fragments like the singer of a VOCALOID .ddb, with a known reference.

The singing is that of case B, dry: same voice, songs and seeds, so that a dose of fragments differs from the whole
songs in nothing else. It is rendered once as a separate corpus, from which each dose, join and archive is made. Only
the target's training clips are cut; val and test, references and sources are those of the sung corpus.

A real bank also has few pitches. To separate the two effects, `pitches: flat` sings each training song on one pitch of
the bank, uncut or cut, and `pitches: melodic` keeps the melody, whatever the cuts.
"""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from duetto.corpus.ddb.bank import read_ddb, read_segment
from duetto.corpus.ddb.writer import DdbFragment, write_ddb
from duetto.corpus.embedded_cases.fragments import arrange, cut_spans, lay_together, least_samples
from duetto.corpus.embedded_cases.performer import Singer
from duetto.corpus.embedded_cases.songs import read_song
from duetto.corpus.jobs import Outcome, Plan, all_clips, clip_files
from duetto.corpus.manifest import Clip, Dropped, load_manifest
from duetto.errors import CorpusError
from duetto.ownership.consent import Consent, consent_from_dict
from duetto.score.score import Curve, Score
from duetto.settings.case_config import FragmentConfig, RoomConfig
from duetto.settings.config import DataConfig
from duetto.singer.sing import Annotations, load_annotations, save_annotations, sing
from duetto.singer.voices import get_voice
from duetto.storage.audio import Waveform, read_audio, write_audio
from duetto.storage.files import atomic_path, sha256_file, write_json
from duetto.units import cents_between, seconds_to_samples

ARCHIVE = Path("archive") / "embedded.ddb"
FRAGMENTS_NAME = "fragments.json"  # lists the samples of songs in each clip
STATEMENT = "The voice is synthetic and this archive was made from it by duetto: no one else holds rights in it."
SHORTEST_PHONE_S = 0.01  # least duration of a phone within a fragment to be named
REFERENCE_HZ = 440.0  # pitches of the archive are in cents above this


@dataclass(frozen=True)
class FlatSinger:
    """A singer that sings some songs of one voice on a single pitch each, and all others unchanged."""

    singer: Singer
    voice: str
    pitches: tuple[tuple[str, int], ...]  # song, MIDI as sung

    def describe(self, voice: str) -> Any:
        """The voice's parameters, and the pitches of the songs sung flat."""
        description = self.singer.describe(voice)
        return [description, [list(pair) for pair in self.pitches]] if voice == self.voice else description

    def transposition(self, voice: str) -> float:
        """Semitones from the written pitch to the sung pitch."""
        return self.singer.transposition(voice)

    def render(self, song: Path, voice: str, seed: int, annotations: Path, shift_semitones: float = 0.0) -> Waveform:
        """Sing a song, on one pitch if it is among `pitches`; (S,)."""
        midi = dict(self.pitches).get(song.stem)
        if voice != self.voice or midi is None:
            return self.singer.render(song, voice, seed, annotations, shift_semitones)
        score = flatten(read_song(song), midi - get_voice(voice).transposition)
        rendition = sing(score, get_voice(voice), seed=seed)
        save_annotations(rendition.annotations, annotations)
        return rendition.waveform


def flatten(score: Score, midi: int) -> Score:
    """The same words in the same rhythm on one pitch, without bends or vibrato."""
    notes = tuple(replace(note, midi=midi, vibrato=None) for note in score.notes)
    return replace(score, notes=notes, pitch_bend_semitones=Curve())


def case_d_singer(config: DataConfig, fragments: FragmentConfig, singer: Singer) -> Singer:
    """The singer of case D; with flat pitches, the training songs use those of the bank in turn."""
    if fragments.pitches == "melodic":
        return singer
    bank = fragments.bank_pitches
    pitches = tuple((song, bank[index % len(bank)]) for index, song in enumerate(config.train_songs))
    return FlatSinger(singer, config.target, pitches)


def case_d_sung(config: DataConfig) -> DataConfig:
    """Settings of the corpus that is sung before it is cut: case B without its room."""
    return replace(config, case="case_b", room=RoomConfig(rt60_s=0.0))


def case_d_settings(config: DataConfig, fragments: FragmentConfig, sung: Path) -> dict[str, Any]:
    """Everything that determines how the corpus sounds, as JSON values without paths.

    Args:
        config: The case.
        fragments: How it is cut and joined.
        sung: The corpus that `case_d_sung` describes, complete.

    Raises:
        ConfigError: If the fragments' settings contradict each other.
    """
    fragments.validate()
    manifest = load_manifest(sung)
    return {
        **manifest.settings,
        "sung": manifest.content_hash(),
        "seed": config.seed,
        "fragments": asdict(fragments),
    }


def plan_case_d(config: DataConfig, fragments: FragmentConfig, settings: dict[str, Any], sung: Path) -> Plan:
    """Jobs of case D: one for each clip that stays whole, and one for all fragments.

    Raises:
        CorpusError: If the sung corpus is missing or has no training clips.
    """
    manifest = load_manifest(sung)
    train = manifest.select("target", "train")
    if not train:
        raise CorpusError(f"{sung} has no clip to train on. Delete the folder and run again.")
    consent = consent_from_dict(manifest.consent)
    is_cut = fragments.fragment_ms is not None
    kept = tuple(clip for clip in manifest.clips if not (is_cut and clip in train))
    jobs = [KeepClip(sung, clip, fragments.pitches == "flat" and clip in train) for clip in kept]
    cutting = [CutClips(sung, train, fragments, config.seed, consent)] if is_cut else []

    return Plan((*jobs, *cutting), all_clips(config.case, settings, manifest.consent))


@dataclass(frozen=True)
class KeepClip:
    """A job: an unchanged clip of the sung corpus."""

    sung: Path
    clip: Clip
    is_flat: bool  # sung at another pitch than in the score, which is therefore left out

    @property
    def name(self) -> str:
        """Unique in the case."""
        return self.clip.id.replace("/", "--")

    def run(self, folder: Path) -> Outcome:
        """Copy its files."""
        clip = replace(self.clip, score=None) if self.is_flat else self.clip
        for path in clip_files(clip):
            with atomic_path(folder / path) as temporary:
                shutil.copyfile(self.sung / path, temporary)
        return Outcome((clip,))


@dataclass(frozen=True)
class _Fragment:
    """Samples of a song."""

    song: int  # index among the clips
    first: int
    last: int

    @property
    def num_samples(self) -> int:
        return self.last - self.first


@dataclass(frozen=True)
class CutClips:
    """A job: the target's training clips, cut, optionally stored in an archive and read back, and joined."""

    sung: Path
    clips: tuple[Clip, ...]  # all at one rate
    config: FragmentConfig
    seed: int
    consent: Consent

    @property
    def name(self) -> str:
        """Unique in the case."""
        return "fragments"

    def run(self, folder: Path) -> Outcome:
        """Write the clips, the list of their fragments, and the archive."""
        sample_rate = self.clips[0].sample_rate
        songs = [read_audio(self.sung / clip.path)[0] for clip in self.clips]
        length = seconds_to_samples((self.config.fragment_ms or 0.0) / 1000.0, sample_rate)
        fragments = [
            _Fragment(index, first, last)
            for index, song in enumerate(songs)
            for first, last in cut_spans(len(song), length)
        ]
        sounds: list[Waveform] = [songs[fragment.song][fragment.first : fragment.last] for fragment in fragments]
        if self.config.as_ddb:
            sounds = self._through_archive(folder, fragments, sounds, sample_rate)
        groups = arrange([len(sound) for sound in sounds], sample_rate, self.config.join, self.seed)
        least = least_samples(self.config.join, self.config.padding_ms, sample_rate)
        clips, contents = [], {}
        for number, group in enumerate(groups):
            clip = self._write(folder, number, lay_together([sounds[index] for index in group], least))
            clips.append(clip)
            contents[clip.id] = [
                [self.clips[fragments[index].song].song, fragments[index].first, fragments[index].num_samples]
                for index in group
            ]
        write_json(folder / FRAGMENTS_NAME, {"sample_rate": sample_rate, "clips": contents})
        return Outcome(tuple(clips), self._remarks(sum(clip.num_samples for clip in clips), songs, sample_rate))

    def _through_archive(
        self, folder: Path, fragments: list[_Fragment], sounds: list[Waveform], sample_rate: int
    ) -> list[Waveform]:
        """The fragments after writing to and reading from a .ddb: 16 bits, in the same order."""
        consent = replace(self.consent, rights_statement=STATEMENT)
        write_ddb(folder / ARCHIVE, self._named(fragments, sounds, sample_rate), sample_rate, consent)
        archive = read_ddb(folder / ARCHIVE)
        if len(archive.segments) != len(sounds):
            raise RuntimeError(f"{len(archive.segments)} of {len(sounds)} sounds were found in {folder / ARCHIVE}")
        with (folder / ARCHIVE).open("rb") as file:
            return [read_segment(file, segment) for segment in archive.segments]

    def _named(self, fragments: list[_Fragment], sounds: list[Waveform], sample_rate: int) -> Iterator[DdbFragment]:
        songs = [load_annotations(self.sung / str(clip.annotations)) for clip in self.clips]
        for fragment, sound in zip(fragments, sounds, strict=True):
            span_s = (fragment.first / sample_rate, fragment.last / sample_rate)
            annotations = songs[fragment.song]
            yield DdbFragment(sound, phones_within(annotations, *span_s), pitch_within(annotations, *span_s))

    def _write(self, folder: Path, number: int, waveform: Waveform) -> Clip:
        name = f"target/fragments_{number:05d}"
        path = f"audio/{name}.wav"
        write_audio(folder / path, waveform, self.clips[0].sample_rate)
        return replace(
            self.clips[0],
            id=name,
            path=path,
            sha256=sha256_file(folder / path),
            song=f"fragments_{number:05d}",
            num_samples=len(waveform),
            score=None,
            annotations=None,
        )

    def _remarks(self, num_samples: int, songs: list[Waveform], sample_rate: int) -> tuple[Dropped, ...]:
        added_s = (num_samples - sum(len(song) for song in songs)) / sample_rate
        if added_s == 0:
            return ()
        return (Dropped("target/fragments", 0.0, f"zero padding added {added_s:.1f} s of silence, counted as used"),)


def phones_within(annotations: Annotations, first_s: float, last_s: float) -> tuple[str, ...]:
    """Phones with at least 10 ms within a span, without pauses."""
    lengths = np.minimum(annotations.phone_end_s, last_s) - np.maximum(annotations.phone_start_s, first_s)
    held = lengths > SHORTEST_PHONE_S - 1e-9
    return tuple(phone for phone, is_held in zip(annotations.phones, held, strict=True) if is_held and phone != "pau")


def pitch_within(annotations: Annotations, first_s: float, last_s: float) -> float:
    """Median pitch of the voiced frames of a span, cents above 440 Hz; 0 if none is voiced."""
    f0_hz = annotations.f0_hz[round(first_s / annotations.f0_hop_s) : round(last_s / annotations.f0_hop_s)]
    voiced = f0_hz[f0_hz > 0]
    return float(cents_between(REFERENCE_HZ, float(np.median(voiced)))) if voiced.size else 0.0
