"""The commands of the README as a user runs them, small: train, kill, train again, convert, sweep."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.storage.run_folder import RunFolder

ROOT = Path(__file__).resolve().parents[1]
SMALL = [
    "data.train_songs=[fast_01]",
    "data.val_songs=[fast_12]",
    "data.test_songs=[slow_01]",
    "trainer=smoke",
    "trainer.max_steps=8",
    "trainer.checkpoint_every_steps=3",
    "trainer.num_threads=1",
    "logger=none",
]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def command(script, work, *overrides):
    places = [f"logs={work / 'logs'}"] + ([] if script == "infer.py" else [f"data.root={work / 'data'}"])
    settings = [] if script == "infer.py" else SMALL
    return [sys.executable, script, *settings, *places, *overrides]


def run(script, work, *overrides):
    done = subprocess.run(command(script, work, *overrides), cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A finished run that was killed with SIGKILL in the middle of its training and started again."""
    folder = tmp_path_factory.mktemp("work")
    process = subprocess.Popen(
        command("train.py", folder),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 500
    while not list(folder.glob("logs/*/checkpoints/last.ckpt")):
        assert process.poll() is None or list(folder.glob("logs/*/checkpoints/last.ckpt")), (
            "ended before its checkpoint"
        )
        assert time.monotonic() < deadline, "no checkpoint in time"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (folder / "second.txt").write_text(run("train.py", folder))
    return folder


def only_run(work):
    (card,) = work.glob("logs/rvc-*/voice/card.json")
    return card.parent.parent


def test_the_second_command_goes_on_and_everything_is_there(work):
    run_folder = only_run(work)
    assert "Resuming from step" in (work / "second.txt").read_text()
    assert RunFolder(run_folder).newest_evaluation().metrics.stat().st_size > 100
    for name in ("index.html", "losses.csv", "voice/generator.safetensors", "voice/index.faiss"):
        assert (run_folder / name).stat().st_size > 100, name
    record = json.loads((run_folder / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["steps"] == 8
    assert record["consent"]["subject"] == "none"
    assert len(record["data_hash"]) == 64
    with (run_folder / "losses.csv").open() as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    assert steps == sorted(set(steps))


def test_the_ledger_adds_up(work):
    ledger = json.loads((only_run(work) / "run.json").read_text())["ledger"]
    dropped = sum(loss["seconds"] for loss in ledger["dropped"])
    assert ledger["seconds_in"] == pytest.approx(ledger["seconds_used"] + dropped, abs=0.01)


def test_output_and_source_have_the_same_length(work):
    (song,) = RunFolder(only_run(work)).newest_evaluation().songs.iterdir()
    lengths = {
        soundfile.info(song / f"{name}.wav").frames for name in ("source", "output", "reference", "copy_synthesis")
    }
    assert len(lengths) == 1


def test_scores_are_there_and_what_is_undefined_is_counted(work):
    metrics = json.loads(RunFolder(only_run(work)).newest_evaluation().metrics.read_text())
    assert metrics["mean"]["mcd_source"] > 3
    assert metrics["mean"]["length_error_samples"] == 0
    for name, value in metrics["mean"].items():
        assert (value is None) == (metrics["n"][name] == 0), name


def test_a_finished_run_is_shown_and_not_repeated(work):
    before = (only_run(work) / "voice" / "generator.safetensors").stat().st_mtime_ns
    assert "is already trained" in run("train.py", work)
    assert (only_run(work) / "voice" / "generator.safetensors").stat().st_mtime_ns == before


RATE, NUM_SAMPLES = 22_050, 31_237


@pytest.fixture(scope="module")
def song(work):
    path = work / "my song.wav"
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 330 * np.arange(NUM_SAMPLES) / RATE), RATE)
    return path


def test_a_recording_is_converted_at_its_exact_length_and_rate(work, song):
    said = run("infer.py", work, f"source={song}", "transpose=6", f"output={work / 'out.wav'}")
    assert "my song.wav" in said
    info = soundfile.info(work / "out.wav")
    assert (info.frames, info.samplerate) == (NUM_SAMPLES, RATE)


def test_another_model_setting_extracts_no_features_and_a_sweep_skips_what_is_finished(work):
    first = only_run(work) / "voice" / "generator.safetensors"
    before = first.stat().st_mtime_ns
    said = run("sweep.py", work, "model.loss.kl=1.0,0.5")
    assert said.count("Begun") == 1
    assert first.stat().st_mtime_ns == before
    (output,) = work.glob("logs/sweeps/*/output/*.txt")
    assert "Features: 0 s of audio extracted" in output.read_text()
    assert len(list(work.glob("logs/rvc-*/voice/card.json"))) == 2


def test_a_missing_index_is_one_sentence_and_leaves_no_output(work, song):
    index = sorted(work.glob("logs/rvc-*/voice/index.faiss"))[0]
    hidden = index.rename(index.with_suffix(".hidden"))
    try:
        done = subprocess.run(
            command(
                "infer.py",
                work,
                f"run={index.parent.parent}",
                f"source=['{song}']",
                f"output={work / 'no.wav'}",
            ),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        hidden.rename(index)
    assert done.returncode == 2
    assert done.stderr.startswith("error: The index")
    assert "Traceback" not in done.stderr
    assert not (work / "no.wav").exists()
