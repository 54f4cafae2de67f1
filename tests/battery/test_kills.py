"""SIGKILL at a random moment of every stage; the same command again, and everything is as if nothing had happened.

`KILLS=100 make battery`: so many, over all stages in turn. The moments are seeded by the stage and the number.
"""

import os
from pathlib import Path

import pytest

from tests.battery.resume import kill_and_resume
from tests.battery.stages import STAGES, Stage

KILLS = int(os.environ.get("KILLS", "17"))
pytestmark = [pytest.mark.battery, pytest.mark.timeout(1800)]


def rounds() -> list[tuple[Stage, int]]:
    """Stages in turn, those that cost much less often, until there are enough."""
    chosen: list[tuple[Stage, int]] = []
    number = 0
    while len(chosen) < KILLS:
        chosen += [(stage, number) for stage in STAGES if number % stage.share == 0]
        number += 1
    return chosen[:KILLS]


@pytest.mark.parametrize(("stage", "number"), rounds(), ids=lambda each: getattr(each, "name", each))
def test_killed_and_started_again_it_ends_as_if_nothing_had_happened(
    stage: Stage, number: int, origins, reference, case, tmp_path: Path
):
    opened, whole = case("kill", f"{stage.name} {number}", stage.name), reference(stage)
    with opened as line:
        kill_and_resume(stage, number, origins(stage.origin), whole, tmp_path, line)
