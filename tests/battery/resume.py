"""A kill, the same command again, and what has to be so then."""

from pathlib import Path

from tests.battery.ledger import Case
from tests.battery.place import Place
from tests.battery.stages import Stage, kill_in
from tests.battery.whole import different, half_files, unreadable, wait_until_old


def kill_and_resume(
    stage: Stage, number: int, origin: Place, aim: tuple[Place, float], folder: Path, line: Case
) -> None:
    """The case itself; what came of it goes into the line."""
    whole, width_s = aim
    place = origin.copy(folder / "place", stage.without)
    killed_s = kill_in(stage, place, width_s, number)
    assert not place.left_running(), f"processes are left: {place.left_running(0)}"
    halves = half_files(place.folder)
    status = place.run_warm(*stage.words)
    if stage.name == "import" and status == 2 and "already holds a voice" in place.said:
        status = 0  # it was done
    assert status in (0, 1), f"status {status}: {place.said[-800:]}"
    assert "Traceback" not in place.said
    rest = half_files(place.folder)
    if rest:
        wait_until_old(rest)
        place.run_warm(*stage.words)
        rest = half_files(place.folder)
    assert not rest, f"half files stay: {[str(path.relative_to(place.folder)) for path in rest]}"
    assert not unreadable(place.folder), unreadable(place.folder)
    assert not different(place.folder, whole.folder), different(place.folder, whole.folder)
    moment = "after its end" if killed_s is None else f"at {killed_s:.2f} of {width_s:.2f} s"
    line.came = f"killed {moment}, {len(halves)} half files, the same in the end"
