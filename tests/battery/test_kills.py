"""SIGKILL at a random moment of every stage; the same command again, and everything is as if nothing had happened.

`KILLS=100 make battery`: so many, over all stages in turn. The moments are seeded by the stage and the number.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from duetto.studies.load import load_study
from tests.battery.place import ROOT, Place
from tests.battery.stages import DIFFSVC, STAGES, VOCODER, Stage, kill_in, undisturbed
from tests.battery.whole import different, half_files, unreadable, wait_until_old
from tests.studies.runs import write_runs
from tests.voices.interchange.test_diffsvc_files import vocoder_path as vocoder_fixture
from tests.voices.interchange.test_diffsvc_files import write_public

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


@pytest.fixture(scope="module")
def origins(trained: Place, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Place]:
    """Places to start from, made when they are first asked for."""
    made: dict[str, Place] = {}
    makers = {"trained": with_songs, "diffsvc": with_diffsvc, "public": with_public_model, "studied": with_study}

    def origin(name: str) -> Place:
        if name not in made:
            made[name] = makers[name](trained.copy(tmp_path_factory.mktemp(name) / "place"))
        return made[name]

    return origin


def with_songs(place: Place) -> Place:
    (source,) = place.folder.glob("logs/*/evaluations/*/songs/*/source.wav")
    (place.folder / "songs").mkdir()
    for number in range(4):
        shutil.copy(source, place.folder / "songs" / f"song {number} (dry).wav")
    return place


def with_diffsvc(place: Place) -> Place:
    assert place.run_warm("train", *VOCODER) == 0, place.said
    (vocoder,) = place.folder.glob("logs/vocoder-*")
    vocoder.rename(vocoder.with_name("vocoder"))
    assert place.run_warm("train", *DIFFSVC) == 0, place.said
    return place


def with_public_model(place: Place) -> Place:
    shutil.rmtree(place.folder / "logs")
    write_public(place.folder / "public")
    vocoder_fixture.__wrapped__(place.folder)
    assert place.run_warm("import", "public/model_ckpt_steps_1200.ckpt", "--vocoder=nsf/model") == 0, place.said
    return place


def with_study(place: Place) -> Place:
    study = load_study(ROOT / "conf", "register_quick")
    shutil.copytree(ROOT / "conf", place.folder / "conf")
    write_runs(study, place.folder / "logs", lambda arm, song, condition: 6.0 + len(arm.name) / 10)
    return place


@pytest.fixture(scope="module")
def reference(origins, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Stage], tuple[Place, float]]:
    """What a stage's command leaves when nobody disturbs it."""
    made: dict[str, tuple[Place, float]] = {}

    def undisturbed_of(stage: Stage) -> tuple[Place, float]:
        if stage.name not in made:
            folder = tmp_path_factory.mktemp("undisturbed") / "place"
            made[stage.name] = undisturbed(stage, origins(stage.origin), folder)
        return made[stage.name]

    return undisturbed_of


@pytest.mark.parametrize(("stage", "number"), rounds(), ids=lambda each: getattr(each, "name", each))
def test_killed_and_started_again_it_ends_as_if_nothing_had_happened(
    stage: Stage, number: int, origins, reference, case, tmp_path: Path
):
    opened, whole = case("kill", f"{stage.name} {number}", stage.name), reference(stage)
    with opened as line:
        kill_and_resume(stage, number, origins(stage.origin), whole, tmp_path, line)


def kill_and_resume(stage: Stage, number: int, origin: Place, undisturbed_one, folder: Path, line) -> None:
    """The case itself; what came of it goes into the line."""
    whole, width_s = undisturbed_one
    place = origin.copy(folder / "place", stage.without)
    killed_s = kill_in(stage, place, width_s, number)
    assert not place.left_running(), f"processes are left: {place.left_running(0)}"
    halves = half_files(place.folder)
    status = place.run_warm(*stage.words)
    if stage.name == "import" and status == 2 and "holds a voice already" in place.said:
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
