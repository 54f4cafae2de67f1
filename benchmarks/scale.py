"""How a study of thousands of runs would go on many GPUs: a simulation of the scheduler, with measured costs.

    python benchmarks/scale.py [--runs 10000] [--voices 500] [--gpus 64] [--run RUN]

Costs are those of docs/scale.md, measured or estimated on two CPU cores; `--run` reads the seconds and bytes of a run
of yours. No card is needed, and none was timed: training ends after `trainer.max_minutes` on every device. Needs simpy.
"""

import argparse
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import simpy

HOUR_S = 3600.0
STAGES = {  # of the record of a run: which cost each is part of
    "corpus": "prepare_s",
    "preprocess": "prepare_s",
    "features": "prepare_s",
    "test": "score_s",
    "closing": "score_s",
}


@dataclass(frozen=True)
class Study:
    """What is run, on what, and what each part costs."""

    runs: int = 10_000
    voices: int = 500  # each with its corpora; every voice has the same number of runs
    corpora: int = 4  # of a voice: damage and preprocessing
    gpus: int = 64
    preparers: int = 1  # processes that make corpora at once; 1 = the machine that `sweep.py` runs on
    prepare_s: float = 75.0  # a corpus, its preprocessing and its features
    start_s: float = 12.0  # from the job's start to the first step: imports, the scheduler, weights
    train_s: float = 480.0  # trainer.max_minutes
    score_s: float = 60.0  # conversions, scores, page
    scores_on_gpu: bool = True  # as today: the job keeps its card while it scores
    checkpoint_s: float = 60.0  # between checkpoints: what an interrupted run loses at most
    mean_life_s: float = 24 * HOUR_S  # of a job before it is interrupted: preemption, failure of a node
    read_mb: float = 60.0  # features, weights: read by each run
    checkpoint_mb: float = 37.0  # written each time
    keep_mb: float = 45.0  # what a finished run leaves: voice, songs, page
    disk_mb_s: float = 500.0  # of the shared file system


@dataclass
class Account:
    """What the simulation counts."""

    trained_s: float = 0.0  # of GPUs, steps that counted
    lost_s: float = 0.0  # steps that were repeated
    held_s: float = 0.0  # GPUs, from a job's start to its end
    moved_mb: float = 0.0
    interrupted: int = 0
    prepared_s: float = 0.0  # when the last corpus was there


class Cluster:
    """GPUs, preparing processes and one shared disk that serves one request after another."""

    def __init__(self, study: Study, seed: int) -> None:
        self.study, self.account = study, Account()
        self.env = simpy.Environment()
        self.gpus = simpy.Resource(self.env, study.gpus)
        self.preparers = simpy.Resource(self.env, study.preparers)
        self.disk = simpy.Resource(self.env)
        self.random = np.random.default_rng(seed)
        self.ready = [self.env.event() for _ in range(study.voices * study.corpora)]

    def move(self, megabytes: float) -> Generator[Any, Any, None]:
        """Read or write on the shared disk."""
        with self.disk.request() as turn:
            yield turn
            yield self.env.timeout(megabytes / self.study.disk_mb_s)
        self.account.moved_mb += megabytes

    def prepare(self, number: int) -> Generator[Any, Any, None]:
        """Make one corpus."""
        with self.preparers.request() as turn:
            yield turn
            yield self.env.timeout(self.study.prepare_s)
        yield from self.move(self.study.read_mb)
        self.ready[number].succeed()
        self.account.prepared_s = self.env.now

    def run(self, number: int) -> Generator[Any, Any, None]:
        """One run, in as many jobs as it takes."""
        study, left = self.study, self.study.train_s
        yield self.ready[number % len(self.ready)]
        while left > 0:
            with self.gpus.request() as turn:
                yield turn
                began = self.env.now
                yield self.env.timeout(study.start_s)
                yield from self.move(study.read_mb)
                left = yield from self._train(left)
                if left == 0 and study.scores_on_gpu:
                    yield self.env.timeout(study.score_s)
                self.account.held_s += self.env.now - began
        if not study.scores_on_gpu:
            yield self.env.timeout(study.score_s)
        yield from self.move(study.keep_mb)

    def _train(self, left: float) -> Generator[Any, Any, float]:
        """Train until the end or an interruption; the seconds that are left then."""
        study, account = self.study, self.account
        life, done = self.random.exponential(study.mean_life_s), 0.0
        while done < left:
            piece = min(study.checkpoint_s, left - done)
            if life < done + piece:
                yield self.env.timeout(life - done)
                account.lost_s += life - done
                account.interrupted += 1
                break
            yield self.env.timeout(piece)
            yield from self.move(study.checkpoint_mb)
            done += piece
        account.trained_s += done
        return left - done

    def simulate(self) -> Account:
        """Until the last run has ended."""
        for number in range(len(self.ready)):
            self.env.process(self.prepare(number))
        for number in range(self.study.runs):
            self.env.process(self.run(number))
        self.env.run()
        return self.account


def describe(title: str, study: Study, seed: int) -> str:
    """A row of the table."""
    cluster = Cluster(study, seed)
    account = cluster.simulate()
    hours = cluster.env.now / HOUR_S
    busy = account.trained_s / (study.gpus * cluster.env.now)
    traffic = account.moved_mb / cluster.env.now
    return (
        f"| {title} | {account.prepared_s / HOUR_S:.1f} | {hours:.1f} | {100 * busy:.0f} % | {account.interrupted} | "
        f"{account.lost_s / HOUR_S:.2f} | {account.moved_mb / 1e6:.2f} | {traffic:.0f} |"
    )


def variants(study: Study) -> Iterator[tuple[str, Study]]:
    """What the table compares."""
    yield "corpora made by one machine", study
    yield "corpora made by 64 jobs", replace(study, preparers=study.gpus)
    wide = replace(study, preparers=study.gpus)
    yield "the same, scored without the card", replace(wide, scores_on_gpu=False)
    yield "the same as the second, a job lives 2 hours", replace(wide, mean_life_s=2 * HOUR_S)
    yield "the same as the second, a checkpoint every 5 s", replace(wide, checkpoint_s=5.0)
    yield "the same as the second, checkpoints of v2_40k (1.3 GB)", replace(wide, checkpoint_mb=1300.0)
    yield "the same as the second, 8 GPUs", replace(wide, gpus=8)
    yield "the same as the second, 1,024 GPUs", replace(wide, gpus=1024)


def costs_of(folder: Path) -> dict[str, float]:
    """Seconds and megabytes of a finished run of this machine."""
    pace = json.loads((folder / "run.json").read_text(encoding="utf-8"))["pace"]
    costs = dict.fromkeys(STAGES.values(), 0.0)
    for stage, cost in STAGES.items():
        costs[cost] += pace.get(stage, (0.0, 0.0))[0]
    sizes = {path: path.stat().st_size / 1e6 for path in folder.rglob("*") if path.is_file()}
    checkpoints = [size for path, size in sizes.items() if "checkpoints" in path.parts]
    kept = sum(sizes.values()) - sum(checkpoints)
    return {**costs, "checkpoint_mb": max(checkpoints, default=0.0), "keep_mb": kept}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("runs", "voices", "gpus"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Study, name))
    parser.add_argument("--run", type=Path, help="folder of a finished run")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    measured = costs_of(options.run) if options.run else {}
    study = Study(runs=options.runs, voices=options.voices, gpus=options.gpus, **measured)
    print(", ".join(f"{each.name} {getattr(study, each.name):g}" for each in fields(study)), end="\n\n")
    print("| | corpora, h | all, h | cards training | interrupted | steps lost, h | moved, TB | mean traffic, MB/s |")
    print("|---|---|---|---|---|---|---|---|")
    for title, variant in variants(study):
        print(describe(title, variant, options.seed), flush=True)


if __name__ == "__main__":
    main()
