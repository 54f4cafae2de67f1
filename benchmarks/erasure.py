"""What an erasure costs where there are many runs: CPU seconds of `python -m duetto erase PERSON`.

    python benchmarks/erasure.py [--runs 1000] [--subjects 50]

Each person has recordings, a corpus, features and a linear voice of their own, trained here in seconds; their other
runs are copies of that voice's run under signatures of their own. About 5 MB a run, in a temporary folder.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from benchmarks.many_runs import measure

ERASED = "person-7"


def make_runs(folder: Path, num_runs: int, num_subjects: int) -> None:
    """Voices of each person below `folder`, and the registry of them."""
    from tests.ownership.around.small import learn, record
    from tests.ownership.records import person

    for number in range(num_subjects):
        consent = person(subject=f"person-{number}", controller="Bo")
        run = learn(record(folder / consent["subject"], consent, 150.0 + 5 * number), folder).path
        for copy in range(1, num_runs // num_subjects):
            _copy_run(run, f"r{number:04x}{copy:05x}")


def _copy_run(run: Path, signature: str) -> None:
    old = run.name.rsplit("-", 1)[1]
    made = run.with_name(run.name.replace(old, signature))
    shutil.copytree(run, made)
    for path in made.rglob("*.json"):
        path.write_text(path.read_text(encoding="utf-8").replace(old, signature), encoding="utf-8")


def main() -> None:
    """Print a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--subjects", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="erasure_") as name:
        folder = Path(name)
        os.environ["DUETTO_HOME"] = str(folder / "home")
        make_runs(folder, options.runs, options.subjects)
        found = len(list((folder / "logs").glob("linear-*")))
        measure(f"registry of {found} runs, from what lies there", ["-m", "duetto", "lineage", "--rebuild"], folder)
        measure(f"plan for one of {options.subjects}", ["-m", "duetto", "erase", ERASED, "--dry-run"], folder)
        measure("erasure", ["-m", "duetto", "erase", ERASED, "--yes"], folder)
        left = len(list((folder / "logs").glob("linear-*")))
        print(f"{found - left} runs of {found} removed", flush=True)


if __name__ == "__main__":
    main()
