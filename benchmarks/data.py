"""Minutes of audio per minute for each stage of the data, on one worker and on two, and the memory that it takes.

Stages: singing (case B's songs), taking in (a folder of recordings), cleaning (chains of conf/preprocess),
extraction of features. Each measurement is a process of its own, so that its peak memory is its own: the
greatest sum of resident memory of the process and its workers, looked at ten times a second.

Run: `python benchmarks/data.py` (about 20 minutes of two cores), or a part of it:
`python benchmarks/data.py --stages intake full --workers 1 2 --minutes 10 60`.
`per minute` counts the wall's minutes, `per CPU minute` the processor's: the latter also holds on a busy machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.manifest import load_manifest
from duetto.features.extract import extract_corpus
from duetto.ownership.consent import example_consent
from duetto.preprocess.pipeline import preprocess_corpus
from duetto.runs.compose import prepare, typed
from duetto.runs.prepare import build_steps
from duetto.settings.config import DataConfig
from duetto.settings.run_config import TrainConfig
from duetto.storage.audio import read_audio, write_audio

CONF = Path(__file__).resolve().parents[1] / "conf"
CHAINS = ("none", "clean", "full", "study_b", "study_c")
STAGES = ("sing", "intake", *CHAINS, "features")
RATE = 48_000
FILE_S = 180.0  # length of a recording; `--long` puts all minutes into one


def settings(preprocess: str) -> TrainConfig:
    """The default configuration with another chain."""
    prepare()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return typed(compose("train", overrides=[f"preprocess={preprocess}", "model/size=compact"]), TrainConfig)


def make_recordings(folder: Path, minutes: float, is_long: bool, stem: Path) -> None:
    """A sung song over and over with noise of its own, in files of three minutes or in one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "consent.yaml").write_text(example_consent(date.today()), encoding="utf-8")
    song, _ = read_audio(stem, RATE)
    seconds = 60 * minutes if is_long else FILE_S
    random = np.random.default_rng(0)
    for number in range(round(60 * minutes / seconds)):
        waveform = np.resize(song, round(seconds * RATE))
        waveform = (0.5 * waveform + 1e-3 * random.standard_normal(len(waveform), np.float32)).astype(np.float32)
        write_audio(folder / f"take {number:03d}.wav", waveform, RATE, "PCM_16")


def measure(stage: str, workers: int, place: Path) -> tuple[float, float]:
    """Run one stage; returns minutes of audio and wall seconds."""
    surroundings = Surroundings(workers=workers)
    data = DataConfig(case="folder", root=str(place / "data"), path=str(place / "recordings"))
    if stage == "sing":
        config = settings("none").data
        config.root, config.train_songs, config.val_songs = str(place / "sung"), ["fast_01", "fast_02"], []
        config.test_songs = ["slow_01"]
        begin = time.perf_counter()
        built = build_corpus(config, surroundings=surroundings)
        return sum(clip.duration_s for clip in load_manifest(built).clips) / 60, time.perf_counter() - begin
    begin = time.perf_counter()
    built = build_corpus(data, surroundings=surroundings)
    minutes = sum(clip.duration_s for clip in load_manifest(built).select("target")) / 60
    if stage != "intake":
        config = settings(stage if stage in CHAINS else "none")
        steps = build_steps(config.preprocess)
        begin = time.perf_counter()
        treated = preprocess_corpus(built, steps, place / "treated", {"chain": stage}, workers=workers)
        if stage == "features":
            manifest = load_manifest(treated)
            begin = time.perf_counter()
            extract_corpus(treated, manifest, config.features, place / "features", max_workers=workers)
    return minutes, time.perf_counter() - begin


def run_one(stage: str, workers: int, place: Path) -> None:
    """The body of a measuring process: prints one JSON line. What the stage needs is there already."""
    before = os.times()
    minutes, wall_s = measure(stage, workers, place)
    after = os.times()
    cpu_s = sum(after[index] - before[index] for index in range(4))
    print(json.dumps({"minutes": minutes, "wall_s": wall_s, "cpu_s": cpu_s}))


def measured_apart(stage: str, workers: int, place: Path) -> dict[str, float]:
    """A measurement in a process of its own."""
    command = [sys.executable, __file__, "--one", stage, str(workers), str(place)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, session_bytes(process.pid))
        time.sleep(0.1)
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    if process.returncode:
        raise SystemExit(f"{stage} on {workers} workers ended with {process.returncode}.")
    value: dict[str, float] = json.loads(lines[-1])
    return {**value, "peak_mib": peak / 2**20}


def session_bytes(session: int) -> int:
    """Resident memory of all processes of a session (Linux)."""
    pages = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        pages += int(fields[21]) if int(fields[3]) == session else 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--minutes", nargs="+", type=float, default=[10.0], help="of audio in the recordings")
    parser.add_argument("--long", action="store_true", help="one recording of all minutes, not several of three")
    parser.add_argument("--one", nargs=3, metavar=("STAGE", "WORKERS", "PLACE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one[0], int(options.one[1]), Path(options.one[2]))
        return
    table = Table("stage", title="Minutes of audio", title_justify="left")
    for name in ("workers", "minutes", "per minute", "per CPU minute", "peak MiB"):
        table.add_column(name, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        sung = DataConfig(
            case="case_b", root=folder, train_songs=["slow_02"], test_songs=["slow_01"], sources=[], target="miku"
        )
        built = build_corpus(sung)
        stem = built / load_manifest(built).select("target")[0].path
        for minutes in options.minutes:
            place = Path(folder) / f"{minutes:g}"
            make_recordings(place / "recordings", minutes, options.long, stem)
            for stage in options.stages:
                for workers in options.workers:
                    own = place / f"{stage}-{workers}"
                    own.mkdir()
                    (own / "recordings").symlink_to(place / "recordings")
                    value = measured_apart(stage, workers, own)
                    audio = value["minutes"]
                    table.add_row(
                        stage,
                        str(workers),
                        f"{audio:.1f}",
                        f"{60 * audio / value['wall_s']:.1f}",
                        f"{60 * audio / value['cpu_s']:.1f}",
                        f"{value['peak_mib']:.0f}",
                    )
    Console().print(table)


if __name__ == "__main__":
    main()
