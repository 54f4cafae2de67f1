"""What was done and what came of it: a line a case, kept as they end, so that a battery that is stopped goes on."""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.battery.place import ROOT

RESULTS = Path(os.environ.get("BATTERY", ROOT / "build" / "battery"))  # BATTERY=FOLDER: another one
LINES = "results.jsonl"
TABLE = "table.md"


@dataclass
class Case:
    """A line of the table."""

    group: str
    name: str
    done: str  # to it
    came: str = "not finished"  # of it
    seconds: float = 0.0
    is_well: bool = False


def known(folder: Path = RESULTS) -> list[Case]:
    """The cases that have ended, the last of a name alone."""
    path = folder / LINES
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    cases = [Case(**json.loads(line)) for line in lines]
    return list({(case.group, case.name): case for case in cases}.values())


@contextmanager
def written_down(case: Case, say) -> Iterator[Case]:
    """Around a case: time it, say it in one line and keep it."""
    begun = time.monotonic()
    try:
        yield case
        case.is_well = True
    except BaseException as error:
        case.came = f"FAILED: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}"
        raise
    finally:
        case.seconds = round(time.monotonic() - begun, 1)
        say(f"{case.group:9} {case.name:28} {case.done}: {case.came} ({case.seconds:.1f} s)")
        RESULTS.mkdir(parents=True, exist_ok=True)
        with (RESULTS / LINES).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(case)) + "\n")
        (RESULTS / TABLE).write_text(as_markdown(known()), encoding="utf-8")


def as_markdown(cases: list[Case]) -> str:
    """Kills summed by stage, then every other case with a row of its own."""
    kills = [case for case in cases if case.group == "kill"]
    lines = [f"{machine()}.", "", "| killed in | kills | ended well | seconds a case |", "|---|---|---|---|"]
    for stage in dict.fromkeys(case.done for case in kills):
        own = [case for case in kills if case.done == stage]
        mean = sum(case.seconds for case in own) / len(own)
        lines.append(f"| {stage} | {len(own)} | {sum(case.is_well for case in own)} | {mean:.0f} |")
    well = sum(case.is_well for case in kills)
    lines += [
        f"| **all** | **{len(kills)}** | **{well}** | |",
        "",
        "| case | done | came of it | s |",
        "|---|---|---|---|",
    ]
    others = sorted((case for case in cases if case.group != "kill"), key=lambda case: case.group)
    lines += [f"| {each.group}: {each.name} | {each.done} | {each.came} | {each.seconds:.0f} |" for each in others]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Where and when."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = models[0].split(":", 1)[1].strip() if models else platform.machine()
    cores = len(os.sched_getaffinity(0))
    return (
        f"{name}, {cores} cores, {platform.system()}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}"
    )
