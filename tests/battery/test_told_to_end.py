"""SIGTERM and Ctrl-C to real commands: one sentence, the usual status, nobody left; and the same command goes on."""

import signal
import time

import pytest

from tests.battery.origins import with_songs
from tests.battery.place import Place, settings
from tests.battery.whole import half_files, unreadable

pytestmark = [pytest.mark.battery, pytest.mark.timeout(900)]
TRAIN = ("train", *settings("rvc"))
COMMANDS = {  # name: the command, what is taken out of a finished place, what is there when the signal comes
    "train, corpus": (TRAIN, ("logs/*", "data/*"), "data/corpora/*"),
    "train, steps": (TRAIN, ("logs/*",), "logs/*/checkpoints/last.ckpt"),
    "train, test": (TRAIN, ("logs/*/evaluations", "data/references"), "logs/*/evaluations"),
    "infer": (("infer", "run=latest", "source=songs", "output=out"), ("out",), ""),
    "doctor": (("doctor", "data=case_b"), (), "data/corpora/case_b*"),
    "sweep": (("sweep", *settings("rvc", "seed=1,2")), (), "logs/sweeps/*/state.json"),
}
STATUS = {signal.SIGTERM: 143, signal.SIGINT: 130}


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("number", STATUS, ids=lambda each: each.name)
@pytest.mark.parametrize("name", COMMANDS)
def test_one_sentence_the_usual_status_and_nobody_left(name, number, times, trained: Place, case, tmp_path):
    words, without, there = COMMANDS[name]
    with case(
        "signal", f"{name}, {number.name} x{times}", f"{number.name} {'twice' if times == 2 else 'once'}"
    ) as line:
        place = trained.copy(tmp_path / "place", without)
        if name == "infer":
            with_songs(place)
        process = place.start(*words)
        wait_for(place, process, there)
        for _ in range(times):
            process.send_signal(number)
            time.sleep(0.05)
        told = time.monotonic()
        said = process.communicate(timeout=60)[0]
        seconds = time.monotonic() - told
        status = process.returncode if process.returncode >= 0 else 128 - process.returncode  # as a shell reports it
        assert status == STATUS[number], f"status {status}: {said[-500:]}"
        assert "Traceback" not in said, said[-1500:]
        assert "Stopped." in said or "is kept" in said, said[-500:]
        assert not place.left_running(), "processes are left"
        assert not unreadable(place.folder), unreadable(place.folder)
        line.came = f"status {status} within {seconds:.1f} s, {len(half_files(place.folder))} half files"


def wait_for(place: Place, process, there: str) -> None:
    """Until a file is there, or, where none is named, the command is two seconds old."""
    deadline = time.monotonic() + 240
    begun = time.monotonic()
    while not (any(place.folder.glob(there)) if there else time.monotonic() - begun > 2):
        assert process.poll() is None, f"it ended first: {process.communicate()[0][-500:]}"
        assert time.monotonic() < deadline, f"{there} never came"
        time.sleep(0.01)
