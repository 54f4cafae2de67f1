"""A sweep killed with SIGKILL in its middle and started again: nothing finished is repeated, nothing is lost."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [
    sys.executable,
    "sweep.py",
    "workers=1",  # the second run is at work when the first is done
    "model=rvc,vocoder",
    "data.train_songs=[fast_01]",
    "data.val_songs=[fast_12]",
    "data.test_songs=[slow_01]",
    "trainer=smoke",
    "trainer.max_steps=8",
    "trainer.checkpoint_every_steps=3",
    "logger=none",
]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_killed_in_the_middle_and_started_again_it_finishes_without_repeating_a_finished_run(tmp_path):
    command = [*COMMAND, f"logs={tmp_path / 'logs'}", f"data.root={tmp_path / 'data'}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 500
    try:
        while not list(tmp_path.glob("logs/vocoder-*/checkpoints/last.ckpt")):
            assert process.poll() is None, "ended before the second run had a checkpoint"
            assert time.monotonic() < deadline, "no checkpoint in time"
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (finished,) = tmp_path.glob("logs/rvc-*")
    before = {path: path.stat().st_mtime_ns for path in sorted(finished.rglob("*")) if path.is_file()}
    (state,) = tmp_path.glob("logs/sweeps/*/state.json")
    assert [row["state"] for row in json.loads(state.read_text())["runs"]] == ["finished", "running"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "broken" in done.stdout
    assert done.stdout.count("Begun") == 1
    assert {path: path.stat().st_mtime_ns for path in sorted(finished.rglob("*")) if path.is_file()} == before
    (output,) = tmp_path.glob("logs/sweeps/*/output/vocoder-*.txt")
    assert "Resuming from step" in output.read_text()
    rows = json.loads(state.read_text())["runs"]
    assert [row["state"] for row in rows] == ["finished", "finished"]
    assert {finished.name, next(tmp_path.glob("logs/vocoder-*")).name} == {r["run"] for r in rows}
