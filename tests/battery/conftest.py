"""What the cases share: the ledger, and places to copy."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.battery.ledger import Case, known, written_down
from tests.battery.origins import MAKERS
from tests.battery.place import OLD_RUNS, Place, settings
from tests.battery.stages import Stage, undisturbed

SCORES = "scores"


@pytest.fixture
def say(capfd):
    """Print a line past pytest's capture."""

    def line(text: str) -> None:
        with capfd.disabled():
            sys.stdout.write(f"\n{text}")
            sys.stdout.flush()

    return line


@pytest.fixture
def case(request, say) -> Iterator:
    """`case(group, name, what is done)` opens a line of the ledger; one that ended well before is skipped."""

    def open_case(group: str, name: str, done: str):
        if not os.environ.get("AGAIN") and any(
            each.group == group and each.name == name and each.is_well for each in known()
        ):
            pytest.skip("ended well before; AGAIN=1 repeats it")
        return written_down(Case(group, name, done), say)

    return open_case


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three scores, nothing made of them."""
    folder = tmp_path_factory.mktemp("bare")
    shutil.copytree(OLD_RUNS / SCORES, folder / SCORES)
    return Place(folder)


@pytest.fixture(scope="session")
def trained(bare: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A finished run of RVC that nobody disturbed."""
    place = bare.copy(tmp_path_factory.mktemp("trained") / "place")
    assert place.run_warm("train", *settings("rvc")) == 0, place.said
    return place


@pytest.fixture(scope="session")
def origins(trained: Place, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Place]:
    """Places to start from, made when they are first asked for."""
    made: dict[str, Place] = {}

    def origin(name: str) -> Place:
        if name not in made:
            made[name] = MAKERS[name](trained.copy(tmp_path_factory.mktemp(name) / "place"))
        return made[name]

    return origin


@pytest.fixture(scope="session")
def reference(origins, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Stage], tuple[Place, float]]:
    """What a stage's command leaves when nobody disturbs it."""
    made: dict[str, tuple[Place, float]] = {}

    def undisturbed_of(stage: Stage) -> tuple[Place, float]:
        if stage.name not in made:
            folder = tmp_path_factory.mktemp("undisturbed") / "place"
            made[stage.name] = undisturbed(stage, origins(stage.origin), folder)
        return made[stage.name]

    return undisturbed_of
