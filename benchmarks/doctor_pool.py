"""The songs that `benchmarks/doctor.py` builds its corpora from: eight voices, fifteen songs each, sung once.

Slow, middle and fast songs over the voice's range, narrow ones (seven semitones), and flat ones (a pitch each, as the
units of a sound bank). Kept under `data/doctor_pool/`: 25 minutes of audio, two minutes of two cores.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from duetto.corpus.embedded_cases.case_d import flatten
from duetto.score.compose import compose
from duetto.score.score import TICKS_PER_QUARTER
from duetto.score.song_style import EIGHTH, SIXTEENTH, SongStyle
from duetto.singer.choir import choir_names, choir_voice
from duetto.singer.sing import sing
from duetto.storage.audio import write_audio
from duetto.storage.full_scale import fit_full_scale

POOL = Path("data/doctor_pool")
NUM_VOICES = 8
KINDS = ("slow",) * 3 + ("middle",) * 3 + ("fast",) * 3 + ("narrow",) * 3 + ("flat",) * 3
SECONDS = 15.0  # of a song, about
SEED = 70_000  # of the first song; no case composes from these
LOW, SPAN = 59, 17  # written register, MIDI and semitones
NARROW_SPAN = 7
FLAT_MIDI = (62, 67, 72)  # written
RHYTHMS = {
    "slow": ((TICKS_PER_QUARTER, 0.4), (2 * TICKS_PER_QUARTER, 0.5), (3 * TICKS_PER_QUARTER, 0.1)),
    "middle": ((EIGHTH, 0.45), (TICKS_PER_QUARTER, 0.4), (2 * TICKS_PER_QUARTER, 0.15)),
    "fast": ((EIGHTH, 0.75), (SIXTEENTH, 0.1), (TICKS_PER_QUARTER, 0.15)),
}
RHYTHMS |= {"narrow": RHYTHMS["middle"], "flat": RHYTHMS["middle"]}
TEMPI = {"slow": (66, 72, 80), "middle": (92, 104, 116), "fast": (172, 184, 196)}
TEMPI |= {"narrow": TEMPI["middle"], "flat": TEMPI["middle"]}


def pool_songs() -> Iterator[tuple[str, str, int]]:
    """Voice, kind and number of every song."""
    for voice in choir_names()[:NUM_VOICES]:
        for number, kind in enumerate(KINDS):
            yield voice, kind, number


def song_file(voice: str, kind: str, number: int) -> Path:
    """Where a song lies."""
    return POOL / voice / f"{kind}_{number}.wav"


def sing_song(voice: str, kind: str, number: int) -> None:
    """Sing one song of the pool unless it is there."""
    path = song_file(voice, kind, number)
    if path.is_file():
        return
    place = choir_names().index(voice)
    bpm = TEMPI[kind][(place + number) % 3]
    bars = max(2, 2 * round(SECONDS * bpm / 480))
    breath = TICKS_PER_QUARTER if kind != "fast" else 2 * TICKS_PER_QUARTER
    high = LOW + (NARROW_SPAN if kind == "narrow" else SPAN)
    score = compose(
        f"{kind}_{number}", SEED + 100 * place + number, SongStyle(LOW, high, bpm, bars, RHYTHMS[kind], 2, breath)
    )
    if kind == "flat":
        score = flatten(score, FLAT_MIDI[number % 3])
    rendition = sing(score, choir_voice(voice), seed=number)
    write_audio(path, fit_full_scale(rendition.waveform), rendition.sample_rate)


def make_pool(workers: int = 2) -> None:
    """Sing what is missing."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        for future in [executor.submit(sing_song, *song) for song in pool_songs()]:
            future.result()


if __name__ == "__main__":
    make_pool()
