"""Nothing stale is passed off as current: a copy of the package is edited, and exactly what lies behind is made again.

Each case is the same command in a new process: scores sung and cleaned, features, eight steps, one song scored.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.battery.place import settings

ROOT = Path(__file__).resolve().parents[2]
OLD_RUNS = ROOT / "tests" / "old_runs"
STAGES = {
    "corpus": "data/corpora/*",
    "preprocess": "data/preprocessed/*",
    "features": "data/features/*/*",
    "training": "logs/*/run.json",
    "evaluation": "logs/*/evaluations/*/metrics.json",
}
pytestmark = pytest.mark.slow


class Place:
    """A checkout of its own, with what its runs left there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(
            ROOT / "src" / "duetto", folder / "src" / "duetto", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copytree(ROOT / "conf", folder / "conf")
        shutil.copytree(OLD_RUNS / "scores", folder / "scores")
        shutil.copy(ROOT / "train.py", folder)

    def copy_sources(self) -> None:
        shutil.copytree(ROOT / "src/duetto", self.folder / "src/duetto", ignore=shutil.ignore_patterns("__pycache__"))

    def train(self, *overrides: str, expects: int = 0) -> str:
        """What the command prints."""
        command = [setting for setting in settings("rvc") if not setting.startswith("preprocess=")]
        paths = [str(self.folder / "installed"), str(self.folder / "src")]
        done = subprocess.run(
            [sys.executable, "train.py", *command, "preprocess=full", "trainer.evaluate_every_steps=0", *overrides],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "1000"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == expects, done.stderr[-3000:] + done.stdout[-3000:]
        return done.stdout + done.stderr

    def made(self) -> dict[str, set[str]]:
        """What lies there, by stage."""
        return {name: {str(p) for p in self.folder.glob(pattern)} for name, pattern in STAGES.items()}

    def made_again(self, *overrides: str) -> set[str]:
        """The stages that the command makes something new in."""
        before = self.made()
        self.train(*overrides)
        after = self.made()
        assert all(before[name] <= after[name] for name in STAGES), "something was overwritten"
        return {name for name in STAGES if after[name] != before[name]}

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.folder / "src" / "duetto" / path
        text = file.read_text()
        assert old in text, f"{path} does not hold {old!r} any more: name another line of it"
        file.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("stale"))
    place.train()
    return place


@pytest.fixture
def place(trained: Place) -> Iterator[Place]:
    """The place, whose sources are as they were once the test is over."""
    yield trained
    shutil.rmtree(trained.folder / "src")
    shutil.rmtree(trained.folder / "installed", ignore_errors=True)
    shutil.copytree(
        ROOT / "src" / "duetto", trained.folder / "src" / "duetto", ignore=shutil.ignore_patterns("__pycache__")
    )


BEHIND_FEATURES = {"features", "training", "evaluation"}
LOSS = ("architectures/rvc/losses.py", "divergence * mask", "0.5 * divergence * mask")
METRIC = ("evaluation/metrics/cepstral.py", "np.mean(0.5 * DB", "np.mean(0.6 * DB")
NOTHING = (
    ("architectures/rvc/losses.py", "import torch\n", "import torch\n\n# a comment\n"),
    ("corpus/build.py", "Builds a corpus folder", "Makes a corpus folder"),  # a docstring
    ("preprocess/steps/gate.py", "import numpy as np\n", "import numpy as np\n\nUNUSED = 1\n"),  # none of its steps
    ("features/trackers/harvest.py", "\nTRACKER = ", "\nUNUSED = 1\nTRACKER = "),  # another tracker
)


@pytest.mark.parametrize(
    ("edits", "stages"),
    [
        (NOTHING, set()),
        ([("singer/finish.py", "PEAK = 0.89", "PEAK = 0.89\nUNUSED = 1")], {"corpus"}),  # other code, the same sound
        ([("singer/finish.py", "LEVEL_DBFS = -20.0", "LEVEL_DBFS = -23.0")], set(STAGES)),
        (
            [("preprocess/steps/high_pass.py", "order: int = 5", "order: int = 3")],
            set(STAGES) - {"corpus"},
        ),  # a default
    ],
    ids=["nothing that counts", "singer, same sound", "singer", "step"],
)
def test_an_edit_makes_its_stage_again_and_those_behind_it(
    place: Place, edits: Sequence[tuple[str, str, str]], stages: set[str]
):
    for path, old, new in edits:
        place.edit(path, old, new)
    assert place.made_again() == stages


def test_another_version_of_the_pitch_tracker_makes_features_again(place: Place):
    dist = place.folder / "installed" / "swift_f0-9.9.9.dist-info"
    dist.mkdir(parents=True)
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: swift-f0\nVersion: 9.9.9\n")
    (dist / "top_level.txt").write_text("swift_f0\n")
    assert place.made_again() == BEHIND_FEATURES


def test_a_run_of_earlier_code_is_named_and_repeated_kept_or_the_end_as_one_asks(place: Place):
    place.edit(*LOSS)
    before = place.made()
    said = place.train("stale=stop", expects=2)
    assert "the following has changed since: duetto.architectures.rvc.losses." in said
    said = place.train("stale=keep")
    assert "duetto.architectures.rvc.losses" in said
    assert "is not that of today's code" in said
    assert place.made()["training"] == before["training"]
    assert place.made_again() == {"training", "evaluation"}


def test_scores_of_earlier_code_are_named_and_shown_only_when_kept(place: Place):
    place.edit(*METRIC)
    before = place.made()
    assert "duetto.evaluation.metrics.cepstral" in place.train("stale=stop", expects=2)
    assert "The earlier scores are shown" in place.train("stale=keep")
    assert place.made() == before
    assert place.made_again() == {"evaluation"}


def test_other_evaluation_settings_have_their_own_folder_and_the_page_names_whose_scores_it_shows(place: Place):
    before = place.made()
    place.train("eval.retrieval.index_rate=0.9")
    (new,) = place.made()["evaluation"] - before["evaluation"]
    page = (Path(new).parents[2] / "index.html").read_text()
    assert f"evaluation {Path(new).parent.name}: " in page
    assert "retrieval.index_rate 0.9" in page
    assert place.made()["training"] == before["training"]


def test_a_renamed_run_is_found_by_its_signature(place: Place):
    said = place.train()
    (run,) = [Path(p).parent for p in place.made()["training"] if Path(p).parent.name in said]
    renamed = run.rename(run.with_name("my favourite"))
    before = place.made()
    assert "Run my favourite is already trained" in place.train()
    assert place.made() == before
    renamed.rename(run)
