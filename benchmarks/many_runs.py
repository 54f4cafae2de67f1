"""What thousands of runs cost: the comparison, a search for a run that is not there, and a plan.

    python benchmarks/many_runs.py [--runs 10000] [--plan 2000]

Each command is a process of its own; CPU seconds and the peak of memory are the system's account of it. The runs are
copies of a committed one, with scores and a song each.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "tests/old_runs/logs/rvc-folder_vsqx-none-compact-026671aee8"
SONG = "tea__mei"


def make_runs(logs: Path, count: int) -> None:
    """Run folders of some 40 kB each."""
    facts = json.loads((EXAMPLE / "run.json").read_text(encoding="utf-8"))
    metrics = (EXAMPLE / "metrics.json").read_bytes()
    sound = next(EXAMPLE.glob("songs/*/output.wav")).read_bytes()[:2000]
    for number in range(count):
        run = logs / f"rvc-case_b-none-compact-r{number:09x}"
        place = run / "evaluations/e000000000"
        (place / "songs" / SONG).mkdir(parents=True)
        own = {**facts, "name": run.name, "signature": f"r{number:09x}", "seed": number, "status": "finished"}
        (run / "run.json").write_text(json.dumps(own), encoding="utf-8")
        (place / "metrics.json").write_bytes(metrics)
        (place / "evaluation.json").write_text("{}", encoding="utf-8")
        (place / "songs" / SONG / "output.wav").write_bytes(sound)


def measure(title: str, arguments: list[str], folder: Path) -> None:
    """Run a command and print what it took."""
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines = len(process.stdout.read().splitlines()) if process.stdout else 0
    _, status, usage = os.wait4(process.pid, 0)
    seconds, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    code = os.waitstatus_to_exitcode(status)
    print(f"{title}: {seconds:.1f} CPU s, {peak:.0f} MiB, {lines} lines, status {code}", flush=True)


def main() -> None:
    """Print a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--plan", type=int, default=2_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="many_runs_"))
    try:
        make_runs(folder / "logs", options.runs)
        measure(f"report of {options.runs} runs", ["-m", "duetto", "report", "logs"], folder)
        page = folder / "comparison.html"
        if page.is_file():
            print(f"its page: {page.stat().st_size / 1e6:.1f} MB")
        measure(f"run=nope among {options.runs}", [str(ROOT / "infer.py"), "run=nope", "source=song.wav"], folder)
        seeds = ",".join(map(str, range(options.plan)))
        plan = [str(ROOT / "sweep.py"), "model=rvc", "data=case_b", f"seed={seeds}", "plan_only=true"]
        measure(f"plan of {options.plan} runs", plan, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
