"""What the readers of foreign files do with damaged ones: a mutational fuzzer.

Each input is a valid file with bytes flipped, cut out, moved, overwritten with numbers that length fields
like least, or truncated. A reader may give a result or raise a `DuettoError`; anything else, a killed
process or a reading of over ten CPU seconds is a failure, and its input is kept. Input n of a seed is the same on
every machine, so a failure is run again with `--only n`.

Run: `python benchmarks/fuzz_readers.py --reader ddb --minutes 10 --seed 0`; readers are ddb, vsqx, ust, svp,
musicxml, mxl, midi, wav, labels, index and model. The exit status is 1 if anything failed.
"""

import argparse
import importlib
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_inputs import (
    Files,
    ddb_seeds,
    index_seeds,
    label_seeds,
    make_input,
    model_seeds,
    score_seeds,
    vsqx_seeds,
    wav_seeds,
)

from duetto.corpus.ddb.bank import read_ddb, read_segment
from duetto.errors import DuettoError
from duetto.score.formats.registry import read_score
from duetto.singer.adapt import adapt
from duetto.singer.timing import lay_out
from duetto.singer.voices import VOICES
from duetto.storage.audio import read_audio, read_info
from duetto.storage.torch_file import read_torch_file
from duetto.voices.interchange.index_file import read_index_file
from duetto.voices.interchange.public_model import notes, parse_public_model, problems
from duetto.voices.interchange.training_checkpoint import is_training_checkpoint, parse_training_checkpoint

HANG_S = 10.0  # of CPU time: a reading that takes longer has failed; waiting for a busy machine is no fault
MEMORY_BYTES = 4 * 2**30  # address space beyond what the process has at its start
SEGMENTS_READ = 20


@dataclass(frozen=True)
class Reader:
    """What is fuzzed: valid inputs, and the reading of one; the first file of an input is handed over."""

    seeds: Callable[[], list[Files]]
    read: Callable[[Path], Any]


@dataclass
class Report:
    """What happened so far."""

    num_inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    slowest_input: int = -1
    peak_bytes: int = 0  # resident, beyond what the process had at its start
    failures: dict[str, tuple[int, str]] = field(default_factory=dict)  # kind -> first input, traceback


def read_archive(path: Path) -> None:
    """Scan, name, and read some sounds; none may overlap another or leave the file."""
    archive = read_ddb(path)
    end = 0
    for segment in archive.segments:
        if segment.offset < end or segment.num_samples <= 0:
            raise AssertionError(f"{segment} overlaps the sound before it")
        end = segment.end
    if end > path.stat().st_size:
        raise AssertionError(f"{archive.segments[-1]} leaves the file")
    with path.open("rb") as file:
        for segment in archive.segments[:SEGMENTS_READ]:
            if read_segment(file, segment).shape != (segment.num_samples,):
                raise AssertionError(f"{segment} gives another number of samples")


def read_sound(path: Path) -> None:
    """Header, then samples."""
    info = read_info(path)
    waveform, _ = read_audio(path)
    if waveform.ndim != 1 or not np.isfinite(waveform).all() or info.sample_rate <= 0:
        raise AssertionError("a waveform that is no waveform was returned")


def read_song(path: Path) -> None:
    """Read, then whatever comes before the first sound: phones, timing, pitch's place in the voice."""
    for score in read_score(path):
        adapted, _ = adapt(score, VOICES["mei"])
        timing = lay_out(adapted)
        if timing.phones[0].start != 0 or timing.phones[-1].end != timing.num_frames:
            raise AssertionError("a timing that does not cover the song was returned")


def read_labels(path: Path) -> None:
    """The reader of label tracks; imported here, so that the others are fuzzed without it."""
    labels = importlib.import_module("duetto.preprocess.steps.labels").read_labels(path)
    if not all(0 <= label.start_s <= label.end_s < np.inf for label in labels):
        raise AssertionError("a label was returned that is none")


def read_index(path: Path) -> None:
    """Sizes, then rows."""
    _, rows, layout = read_index_file(path)
    if rows.shape != (layout.num_rows, layout.dimension) or not np.isfinite(rows).all():
        raise AssertionError("rows that are none were returned")


def read_model(path: Path) -> None:
    """A public model with the marks that would let it pass, or a training checkpoint."""
    content = read_torch_file(path, "")
    if is_training_checkpoint(content):
        parse_training_checkpoint(content, path)
        return
    model = parse_public_model(content, path)
    if problems(model) == [] and (model.version, model.content_dimension) != ("v2", 768):
        raise AssertionError("a model passed that is none of ours")
    notes(model)


READERS = {
    "ddb": Reader(ddb_seeds, read_archive),
    "vsqx": Reader(vsqx_seeds, read_song),
    "ust": Reader(partial(score_seeds, ".ust"), read_song),
    "svp": Reader(partial(score_seeds, ".svp"), read_song),
    "musicxml": Reader(partial(score_seeds, ".musicxml"), read_song),
    "mxl": Reader(partial(score_seeds, ".mxl"), read_song),
    "midi": Reader(partial(score_seeds, ".mid"), read_song),
    "wav": Reader(wav_seeds, read_sound),
    "labels": Reader(label_seeds, read_labels),
    "index": Reader(index_seeds, read_index),
    "model": Reader(model_seeds, read_model),
}


def write_input(files: Files, folder: Path, name: str) -> Path:
    """Write the files side by side; returns the first. A file that an earlier input had and this has not goes."""
    for path in folder.glob(f"{name}.*"):
        path.unlink()
    for suffix, content in files:
        (folder / f"{name}{suffix}").write_bytes(content)
    return folder / f"{name}{files[0][0]}"


def read_one(reader: Reader, path: Path, number: int, report: Report) -> None:
    """Read an input and enter what came of it."""
    begin = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, HANG_S)
    try:
        reader.read(path)
        kind = "read"
    except DuettoError as error:
        kind = type(error).__name__
    except BaseException as error:  # noqa: BLE001 - whatever escapes is what is looked for
        frame = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"FAILED: {type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
        report.failures.setdefault(kind, (number, traceback.format_exc(limit=-6)))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    duration_s = time.process_time() - begin
    report.num_inputs += 1
    report.outcomes[kind] += 1
    if duration_s > report.slowest_s:
        report.slowest_s, report.slowest_input = duration_s, number


def work(name: str, seed: int, until: float, folder: Path, current: "Synchronized[int]", pipe: Connection) -> None:
    """Read inputs from `current` on until the time is up; runs in a process of its own."""
    warnings.simplefilter("ignore")
    sys.stderr = os.fdopen(os.dup(2), "w")  # ours; that of the decoders, who say much about each input, is closed
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGPROF, _raise_timeout)
    reader, report = READERS[name], Report()
    seeds = reader.seeds()
    for files in seeds:
        reader.read(write_input(files, folder, "seed"))  # a seed that is refused would test nothing
    before = _resident_bytes()
    virtual = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (virtual + MEMORY_BYTES, virtual + MEMORY_BYTES))
    while time.monotonic() < until:
        number = current.value
        path = write_input(make_input(seeds, seed, number), folder, "input")
        read_one(reader, path, number, report)
        current.value = number + 1
        if number % 500 == 0:
            report.peak_bytes = _resident_bytes() - before
            pipe.send(report)
    report.peak_bytes = _resident_bytes() - before
    pipe.send(report)


def _raise_timeout(*_: object) -> None:
    raise TimeoutError(f"not done after {HANG_S:g} s")


def _resident_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(name: str, minutes: float, seed: int) -> list[Report]:
    """Run for some minutes, with a new process after each that a reader has killed; a report for each process."""
    context = multiprocessing.get_context("spawn")
    until, reports = time.monotonic() + 60 * minutes, []
    current = context.Value("q", 0)
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < until:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=work, args=(name, seed, until, Path(folder), current, sender))
            process.start()
            sender.close()
            report = Report()
            try:
                while True:
                    report = receiver.recv()
            except EOFError:
                process.join()
            reports.append(report)
            if process.exitcode == 1:
                raise SystemExit("The fuzzer itself failed; see the traceback above.")
            if process.exitcode != 0:
                kind = f"FAILED: process ended with {process.exitcode}"
                report.outcomes[kind] += 1
                report.failures[kind] = (current.value, "no traceback: the process was killed")
                current.value += 1
    return reports


def show(name: str, seed: int, reports: list[Report], keep: Path) -> bool:
    """Print the sums, keep the inputs that failed; returns whether any did."""
    outcomes = sum((report.outcomes for report in reports), Counter())
    slowest = max(reports, key=lambda report: report.slowest_s)
    peak = max(report.peak_bytes for report in reports)
    print(f"{name}, seed {seed}: {sum(outcomes.values())} inputs")
    for kind, count in outcomes.most_common():
        print(f"  {count:9d}  {kind}")
    print(f"  slowest: {1000 * slowest.slowest_s:.1f} ms (input {slowest.slowest_input})")
    print(f"  memory: {peak / 2**20:.1f} MiB more than at the start, at most")
    seeds = READERS[name].seeds()
    failures = {kind: failure for report in reports for kind, failure in report.failures.items()}
    for kind, (number, text) in failures.items():
        keep.mkdir(parents=True, exist_ok=True)
        path = write_input(make_input(seeds, seed, number), keep, f"{name}-{seed}-{number}")
        print(f"\n{kind}\n  input {number}, kept as {path}\n{text}")
    return bool(failures)


def main() -> None:
    """Fuzz, or read one input again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", choices=sorted(READERS), required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="read this input alone, with its full traceback")
    parser.add_argument("--keep", type=Path, default=Path("logs/fuzz"), help="folder for inputs that failed")
    arguments = parser.parse_args()
    if arguments.only is not None:
        folder = Path(tempfile.mkdtemp())
        try:
            reader = READERS[arguments.reader]
            print(reader.read(write_input(make_input(reader.seeds(), arguments.seed, arguments.only), folder, "input")))
        finally:
            shutil.rmtree(folder)
        return
    reports = fuzz(arguments.reader, arguments.minutes, arguments.seed)
    sys.exit(int(show(arguments.reader, arguments.seed, reports, arguments.keep)))


if __name__ == "__main__":
    main()
