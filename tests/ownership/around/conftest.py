from pathlib import Path

import pytest

from duetto.storage.run_folder import RunFolder
from tests.ownership.around.small import learn, record
from tests.ownership.records import NOBODY, person

FEW = ("model=rvc", "trainer.max_steps=1")


@pytest.fixture(scope="package")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of Ann and of nobody."""
    folder = tmp_path_factory.mktemp("around")
    record(folder / "ann", person())
    record(folder / "nobody", NOBODY, 150.0)
    return folder


@pytest.fixture(scope="package")
def anns(work: Path) -> RunFolder:
    """A voice of Ann."""
    return learn(work / "ann", work, *FEW)


@pytest.fixture(scope="package")
def laundered(work: Path, anns: RunFolder) -> RunFolder:
    """A voice that was trained on nobody's recordings from the weights of Ann's."""
    return learn(work / "nobody", work, *FEW, f"base={anns.path}")


@pytest.fixture(scope="package")
def nobodys(work: Path) -> RunFolder:
    """A voice with nobody in it."""
    return learn(work / "nobody", work, *FEW)
