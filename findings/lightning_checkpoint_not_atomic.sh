#!/usr/bin/env bash
# lightning_fabric's _atomic_save is atomic only on the temporary folder's file system: elsewhere broken files are read.
#
# Guess, written down before running, from the name and its docstring ("avoiding the creation of incomplete checkpoints"): while
#   a checkpoint is written over, a reader finds the old file or the new one, and both are whole.
# Behaviour (pytorch-lightning 2.6.6, fsspec 2026.9.0): only where the target lies on the file system of the temporary folder.
#   fsspec's transaction writes into `tempfile.mkstemp()`, not beside the target, and ends with `shutil.move`: a rename on the
#   same file system, else a copy that first empties the target. Until it is done, `torch.load` fails.
# Why it matters here: runs often lie on a data disk or a share and temporary files on the system's disk. A process killed
#   meanwhile leaves a broken checkpoint where a whole one was, and an evaluation that watches a training trips over it.
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
elsewhere=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$place" "$elsewhere"' EXIT
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  torch==2.13.0 pytorch-lightning==2.6.6 fsspec==2026.9.0 numpy==2.4.6
mkdir "$place/temporary" "$place/target"
export TMPDIR="$place/temporary"
"$place/venv/bin/python" - "$place/target" "$elsewhere" <<'PY'
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import torch

WRITER = """
import sys, torch
from lightning_fabric.utilities.cloud_io import _atomic_save
torch.set_num_threads(1)
while True:
    _atomic_save({"weights": torch.zeros(10_000_000)}, sys.argv[1])
"""
LIMIT_S, ENOUGH = 20.0, 10  # seconds of reading in each folder; broken reads after which it ends


def read(folder):
    """How a checkpoint of 40 MB that is saved over and over is found by another process."""
    path = Path(folder) / "checkpoint.ckpt"
    writer = subprocess.Popen([sys.executable, "-W", "ignore", "-c", WRITER, str(path)])
    try:
        while True:  # the first whole one
            assert writer.poll() is None, "the writer has ended"
            try:
                torch.load(path, weights_only=True)
                break
            except Exception:
                time.sleep(0.05)
        found = Counter()
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end and sum(found.values()) - found["whole"] < ENOUGH:
            try:
                torch.load(path, weights_only=True)
                found["whole"] += 1
            except Exception as error:
                found[f"{type(error).__name__}: {str(error).splitlines()[0][:60]}"] += 1
            assert writer.poll() is None, "the writer has ended"
    finally:
        writer.kill()
        writer.wait()
    path.unlink()
    return found


torch.set_num_threads(1)
here, elsewhere = sys.argv[1:]
temporary = os.stat(os.environ["TMPDIR"]).st_dev
assert os.stat(here).st_dev == temporary
assert os.stat(elsewhere).st_dev != temporary, "/dev/shm is on the temporary folder's file system: set TMPDIR elsewhere"
for name, folder in (("the same file system", here), ("another file system", elsewhere)):
    found = read(folder)
    broken = sum(found.values()) - found["whole"]
    print(f"{name}: {found['whole']} whole, {broken} broken (guess 0)")
    for what, count in found.items():
        if what != "whole":
            print(f"    {count} x {what}")
    if folder == here:
        assert not broken, "changed: broken on the same file system too"
    else:
        assert broken, f"changed: no broken file in {LIMIT_S:.0f} s"
print("As described: a reader finds broken checkpoints, if the target is not on the temporary folder's file system.")
PY
