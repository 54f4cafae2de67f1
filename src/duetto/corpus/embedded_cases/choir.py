"""The choir as a corpus for pretraining: many embedded voices from bass to soprano, slow to fast.

Every voice sings different songs, composed from seeds that no case uses; melodies share no six notes, at any pitch,
with the packaged songs and those that cases A and C hold out. One song of every fifth voice is held out, alternately
for val and test; another voice of the choir is its source. Readers (duetto.corpus.embedded_cases.readers) add English,
for training only.
"""

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from duetto.corpus.embedded_cases.case_a import plan_songs
from duetto.corpus.embedded_cases.case_c import song_style
from duetto.corpus.embedded_cases.performer import SAMPLE_RATE
from duetto.corpus.embedded_cases.readers import Reading, reader_names, reader_settings
from duetto.corpus.embedded_cases.songs import compose_scores
from duetto.corpus.jobs import Job, Outcome, Plan, all_clips
from duetto.corpus.manifest import Clip, Role, Split
from duetto.ownership.consent import embedded_consent
from duetto.score.compose import compose, sample_songs, shift_grams, song_grams
from duetto.score.melody import Gram
from duetto.score.score import TICKS_PER_QUARTER, Score
from duetto.score.song_style import EIGHTH, SIXTEENTH, SongStyle
from duetto.settings.case_config import ChoirConfig
from duetto.settings.config import DataConfig
from duetto.singer.choir import choir_names, choir_voice
from duetto.singer.sing import save_annotations, sing
from duetto.storage.audio import write_audio
from duetto.storage.files import atomic_path, sha256_file
from duetto.storage.full_scale import fit_full_scale

SEED = 40_000  # of the first song; cases use other seeds
SECONDS = 28.0  # approximate length of a song
WRITTEN_LOW = 59  # MIDI, before a voice's transposition
WRITTEN_SPAN = 18  # semitones
TEMPI = (58, 66, 76, 88, 100, 116, 132, 152, 172, 192)  # BPM
SLOW_BPM = 90
SLOW = tuple((beats * TICKS_PER_QUARTER, weight) for beats, weight in ((1, 0.4), (2, 0.4), (3, 0.1), (4, 0.1)))
MIDDLE = ((EIGHTH, 0.5), (TICKS_PER_QUARTER, 0.35), (2 * TICKS_PER_QUARTER, 0.15))
FAST = ((EIGHTH, 0.7), (SIXTEENTH, 0.1), (TICKS_PER_QUARTER, 0.2))
HELD_OUT_EVERY = 5  # one song of each group of this many voices is held out
# composed songs that the cases hold out, and their singers
CASE_A = DataConfig(
    case="case_a",
    target="low",
    test_songs=["air_13", "air_14", "above_08"],
    val_songs=["air_12"],
)
CASE_C_SONGS = ("song_13", "song_14", "song_12")
SOURCE_DISTANCE = 7  # the source of a held-out song is the voice this many places further on


@dataclass(frozen=True)
class ChoirSong:
    """A job: one voice of the choir sings one song."""

    voice: str
    singer: str  # the voice itself, or the target for which this voice is the source
    number: int  # of the song among those of `singer`
    split: Split
    seed: int

    @property
    def song(self) -> str:
        """Name of the song."""
        return f"{self.singer}_{self.number:02d}"

    @property
    def name(self) -> str:
        """Unique in the corpus."""
        return f"{self.voice}-{self.song}"

    def run(self, folder: Path) -> Outcome:
        """Sing the song; write audio and annotations."""
        voice = choir_voice(self.voice)
        rendition = sing(choir_song(self.singer, self.number, self.seed), voice, seed=self.seed)
        annotations = f"annotations/{self.voice}/{self.song}.npz"
        with atomic_path(folder / annotations) as temporary:
            save_annotations(rendition.annotations, temporary)
        waveform = fit_full_scale(rendition.waveform)
        is_source = self.voice != self.singer
        path = f"audio/{self.voice}/{self.song}.wav"
        write_audio(folder / path, waveform, SAMPLE_RATE)
        up = choir_voice(self.singer).transposition - voice.transposition

        def clip(role: Role) -> Clip:
            return Clip(
                id=f"{role}/{self.song}" if role != "source" else f"source/{self.voice}/{self.song}",
                path=path,
                sha256=sha256_file(folder / path),
                role=role,
                split=self.split,
                song=self.song,
                singer=self.voice,
                sample_rate=SAMPLE_RATE,
                num_samples=len(waveform),
                annotations=annotations,
                transpose_semitones=float(up),
            )

        if is_source:
            return Outcome((clip("source"),))
        return Outcome((clip("target"),) if self.split == "train" else (clip("target"), clip("reference")))


def choir_song(singer: str, number: int, seed: int) -> Score:
    """Compose a song for a voice; tempo and rhythm cycle over voices and songs."""
    place = choir_names().index(singer)
    bpm = TEMPI[(3 * place + number) % len(TEMPI)]
    bars = 2 * round(SECONDS * bpm / 480)  # even; 240 / bpm seconds per bar
    rhythm = SLOW if bpm < SLOW_BPM else FAST if bpm > 2 * SLOW_BPM - 20 else MIDDLE
    low = WRITTEN_LOW + place % 4
    style = SongStyle(low, low + WRITTEN_SPAN, bpm, bars, rhythm, 2 if bpm < SLOW_BPM else 4)
    song_seed = SEED + 1000 * seed + 50 * place + number
    return compose(f"{singer}_{number:02d}", song_seed, style, kept_apart())


@cache
def kept_apart() -> frozenset[Gram]:
    """Sequences of six notes, at any pitch, in the cases' test songs; pretraining must not contain them."""
    case_a = compose_scores(plan_songs(CASE_A, CASE_A.register), at_any_pitch=True)
    case_c = compose_scores((name, song_style(name)) for name in CASE_C_SONGS)
    scores = (*case_a.values(), *case_c.values(), *sample_songs())
    return shift_grams(song_grams(scores), range(-24, 25))


def choir_settings(config: DataConfig, choir: ChoirConfig) -> dict[str, Any]:
    """Everything that determines how the choir sounds, as JSON values."""
    return {
        "seed": config.seed,
        "choir": asdict(choir),
        "voices": {name: asdict(choir_voice(name)) for name in choir_names()[: choir.voices]},
        **reader_settings(choir.readers),
    }


def plan_choir(config: DataConfig, choir: ChoirConfig, settings: dict[str, Any]) -> Plan:
    """The jobs of the choir, and their manifest."""
    jobs = choir_jobs(choir, config.seed)
    return Plan(jobs, all_clips(config.case, settings, embedded_consent().as_dict()))


def choir_jobs(choir: ChoirConfig, seed: int) -> tuple[Job, ...]:
    """Songs voice by voice, then the readers."""
    names = choir_names()[: choir.voices]
    jobs: list[Job] = []
    for place, singer in enumerate(names):
        for number in range(choir.songs):
            is_held_out = place % HELD_OUT_EVERY == 0 and number == choir.songs - 1
            split: Split = "train" if not is_held_out else "val" if place == 0 else "test"
            jobs.append(ChoirSong(singer, singer, number, split, seed))
            if is_held_out:
                source = names[(place + SOURCE_DISTANCE) % len(names)]
                jobs.append(ChoirSong(source, singer, number, split, seed))
    for reader in reader_names()[: choir.readers]:
        jobs.extend(Reading(reader, number, SECONDS, seed) for number in range(choir.songs))
    return tuple(jobs)
