"""How well each pitch tracker finds a known melody, and what it costs.

Embedded voices sing with a pitch that is known exactly. Natural voices are the two readers that come with
moonshine-voice, taken apart and put together again by WORLD, so that their pitch is what WORLD was given. Both are
heard clean, an octave higher, with white noise 10 dB below, and in a room of 0.8 s.

Run: `python benchmarks/trackers.py`, about 20 CPU-minutes with full CREPE; `--trackers swift,fcpe` for some,
`--rmvpe rmvpe.pt` to add RMVPE. The table is in docs/trackers.md.
"""

import argparse
import importlib.resources
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from duetto.corpus.embedded_cases.room import add_room, room_response
from duetto.evaluation.metrics.melody_extraction import (
    raw_chroma_accuracy,
    raw_pitch_accuracy,
    voicing_false_alarm,
    voicing_recall,
)
from duetto.features.f0 import build_f0_extractor, interpolate_f0
from duetto.features.frames import frame_centres_s
from duetto.features.moonshine import weights_path
from duetto.features.trackers.registry import TRACKERS, is_installed
from duetto.score.formats.vsqx.reader import read_vsqx
from duetto.settings.case_config import RoomConfig
from duetto.settings.config import F0Config
from duetto.singer.sing import sing
from duetto.singer.voices import get_voice
from duetto.storage.audio import Waveform, read_audio, resample
from duetto.storage.files import write_json
from duetto.world import import_world

RATE, HOP = 24_000, 240
LONGEST_S = 8.0  # of a voice
SINGERS, SONG = ("miku", "mei", "low", "tenor"), "fast_13"
READERS = ("beckett.wav", "two_cities.wav")
NOISE_DB = -10.0  # against the voice
ROOM = RoomConfig(rt60_s=0.8)
MAX_HZ = 1600.0  # an octave above the singers
PERIOD_MS = 5.0  # of WORLD's resynthesis
OCTAVE_CENTS = (1100.0, 1300.0)


@dataclass(frozen=True)
class Sample:
    """A voice whose pitch is known."""

    group: str  # embedded | natural
    condition: str
    waveform: Waveform  # (S,) at RATE
    f0_hz: NDArray[np.float32]  # (T,) at the frame centres, 0.0 = unvoiced


def at_frames(f0_hz: NDArray[np.float64], step_s: float, waveform: Waveform) -> NDArray[np.float32]:
    """A contour whose values lie `step_s` apart, at the frame centres of a waveform."""
    times_s = np.arange(len(f0_hz), dtype=np.float64) * step_s
    return interpolate_f0(times_s, f0_hz, frame_centres_s(len(waveform) // HOP, HOP, RATE))


def sung(singer: str, semitones: float) -> tuple[Waveform, NDArray[np.float32]]:
    """The start of a song by an embedded voice, and its pitch."""
    songs = importlib.resources.files("duetto.corpus.embedded_cases") / "songs"
    rendition = sing(read_vsqx(Path(str(songs / f"{SONG}.vsqx")))[0], get_voice(singer), transpose_semitones=semitones)
    waveform = resample(rendition.waveform, rendition.sample_rate, RATE)[: round(LONGEST_S * RATE)]
    return waveform, at_frames(rendition.annotations.f0_hz, rendition.annotations.f0_hop_s, waveform)


def read(name: str, semitones: float) -> tuple[Waveform, NDArray[np.float32]]:
    """The start of a reading by a natural voice with the pitch that WORLD gave it, moved by `semitones`."""
    pyworld = import_world()
    recorded = read_audio(weights_path().parent.parent / name, RATE)[0][: round(LONGEST_S * RATE)].astype(np.float64)
    f0_hz, times_s = pyworld.harvest(recorded, RATE, 60.0, 500.0, PERIOD_MS)
    spectra = pyworld.cheaptrick(recorded, f0_hz, times_s, RATE)
    noise = pyworld.d4c(recorded, f0_hz, times_s, RATE)
    moved = f0_hz * 2 ** (semitones / 12)
    waveform = pyworld.synthesize(moved, spectra, noise, RATE, PERIOD_MS)[: len(recorded)].astype(np.float32)
    return waveform, at_frames(moved, PERIOD_MS / 1000, waveform)


def noisy(waveform: Waveform) -> Waveform:
    """With white noise, `NOISE_DB` against the voice."""
    noise = np.random.default_rng(0).standard_normal(len(waveform))
    level = np.sqrt(np.mean(np.square(waveform, dtype=np.float64))) * 10 ** (NOISE_DB / 20)
    return (waveform + level * noise).astype(np.float32)


def reverberant(waveform: Waveform) -> Waveform:
    """In a room."""
    return add_room(waveform, room_response(ROOM, RATE))


def samples() -> list[Sample]:
    """Every voice in every condition."""
    voices: list[tuple[str, str, Callable[[str, float], tuple[Waveform, NDArray[np.float32]]]]] = [
        *(("embedded", name, sung) for name in SINGERS),
        *(("natural", name, read) for name in READERS),
    ]
    found = []
    for group, name, make in voices:
        clean, f0_hz = make(name, 0.0)
        found.append(Sample(group, "clean", clean, f0_hz))
        found.append(Sample(group, "+12", *make(name, 12.0)))
        found.append(Sample(group, "10 dB noise", noisy(clean), f0_hz))
        found.append(Sample(group, "reverb", reverberant(clean), f0_hz))
    return found


def measure(config: F0Config, given: list[Sample]) -> list[dict[str, float | str]]:
    """The mean scores of a tracker by group and condition."""
    extractor = build_f0_extractor(config)
    extractor.extract(given[0].waveform[:RATE], RATE, HOP, RATE // HOP)  # the first call loads and compiles
    rows: list[dict[str, float | str]] = []
    for sample in given:
        start = time.process_time()
        estimate = extractor.extract(sample.waveform, RATE, HOP, len(sample.f0_hz)).astype(np.float64)
        cost = (time.process_time() - start) / (len(sample.waveform) / RATE)
        truth = sample.f0_hz.astype(np.float64)
        both = (truth > 0) & (estimate > 0)
        off = np.abs(1200 * np.log2(estimate[both] / truth[both]))
        rows.append(
            {
                "tracker": config.method,
                "group": sample.group,
                "condition": sample.condition,
                "RPA": 100 * raw_pitch_accuracy(truth, estimate),
                "RCA": 100 * raw_chroma_accuracy(truth, estimate),
                "VR": 100 * voicing_recall(truth, estimate),
                "VFA": 100 * voicing_false_alarm(truth, estimate),
                "octave": 100 * float(np.mean((off > OCTAVE_CENTS[0]) & (off < OCTAVE_CENTS[1]))),
                "cost": cost,
            }
        )
    return rows


def table(rows: list[dict[str, float | str]]) -> str:
    """The means over voices as a Markdown table."""
    lines = [
        "| voices | condition | tracker | RPA % | RCA % | VR % | VFA % | octave errors % | CPU-s per s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    places = list(dict.fromkeys((row["group"], row["condition"]) for row in rows))
    trackers = list(dict.fromkeys(row["tracker"] for row in rows))
    for key in [(*place, tracker) for place in sorted(places, key=lambda each: str(each[0])) for tracker in trackers]:
        chosen = [row for row in rows if (row["group"], row["condition"], row["tracker"]) == key]
        means = [float(np.mean([float(row[name]) for row in chosen])) for name in ("RPA", "RCA", "VR", "VFA")]
        octave, cost = (float(np.mean([float(row[name]) for row in chosen])) for name in ("octave", "cost"))
        cells = [*map(str, key), *(f"{value:.1f}" for value in means), f"{octave:.2f}", f"{cost:.3f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure the chosen trackers and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = [tracker.name for tracker in TRACKERS if is_installed(tracker) and tracker.find_weights is None]
    parser.add_argument("--trackers", default=",".join(usual))
    parser.add_argument("--rmvpe", type=Path, help="weights of RMVPE")
    parser.add_argument("--output", type=Path, help="a JSON file for the scores of every voice")
    arguments = parser.parse_args()
    configs = [F0Config(name, max_hz=MAX_HZ) for name in arguments.trackers.split(",")]
    if arguments.rmvpe is not None:
        configs.append(F0Config("rmvpe", max_hz=MAX_HZ, path=str(arguments.rmvpe)))
    given = samples()
    rows = [row for config in configs for row in measure(config, given)]
    if arguments.output is not None:
        write_json(arguments.output, rows)
    print(table(rows))


if __name__ == "__main__":
    main()
