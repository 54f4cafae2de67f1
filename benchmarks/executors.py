"""What an executor adds to the time of a sweep: tasks that only wait, so that no other work on the machine counts.

    python benchmarks/executors.py local slurm ray        # Slurm: where sbatch is

Each executor works off the same tasks, as many at once; the ratio is its wall time over that of the first one named.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from duetto.settings.executor_config import RayConfig, SlurmConfig
from duetto.sweeps.executors.local import LocalPool
from duetto.sweeps.executors.protocol import Executor, Task
from duetto.sweeps.executors.ray_cluster import RayExecutor
from duetto.sweeps.executors.slurm import SlurmExecutor


def executor_of(name: str, folder: Path, at_once: int, address: str | None) -> Executor:
    """An executor with one core a task."""
    if name == "slurm":
        return SlurmExecutor(SlurmConfig(cpus=1, time="20"), folder, at_once)
    if name == "ray":
        return RayExecutor(RayConfig(address=address), folder, at_once)
    return LocalPool(at_once, 1)


def seconds_of(name: str, num_tasks: int, at_once: int, seconds: float, address: str | None) -> float:
    """Wall time of so many tasks."""
    with tempfile.TemporaryDirectory(prefix="executors-") as text:
        folder = Path(text)
        command = (sys.executable, "-c", f"import time; time.sleep({seconds})")
        tasks = [Task(str(folder / f"t{n}"), command, folder / "output" / f"t{n}.txt") for n in range(num_tasks)]
        began = time.monotonic()
        ends = list(executor_of(name, folder, at_once, address).run(tasks, lambda task: None, lambda: None))
        assert [end.status for end in ends] == [0] * num_tasks
        return time.monotonic() - began


def main() -> None:
    """Print a line for each executor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executors", nargs="+", choices=("local", "slurm", "ray"))
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60.0, help="of a task")
    parser.add_argument("--address", help="of a Ray that runs already; else one is started here, which counts")
    given = parser.parse_args()
    first = 0.0
    for name in given.executors:
        taken = seconds_of(name, given.tasks, given.at_once, given.seconds, given.address)
        first = first or taken
        print(f"{name}: {given.tasks} tasks of {given.seconds:g} s in {taken:.1f} s, {taken / first:.3f}", flush=True)


if __name__ == "__main__":
    main()
