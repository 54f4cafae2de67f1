"""What the cases share: the ledger, and places to copy."""

import os
import shutil
import sys
from collections.abc import Iterator

import pytest

from tests.battery.ledger import Case, known, written_down
from tests.battery.place import OLD_RUNS, Place, settings

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
