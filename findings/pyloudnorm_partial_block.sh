#!/usr/bin/env bash
# pyloudnorm counts a part of a gating block as a whole one: 60 ms of silence after a clip make it 0.6 LU softer.
#
# Guess, written down before running: BS.1770-4 leaves an incomplete block at the end out ("gating blocks that are
#   incomplete at the end of the measurement interval are not used"), and pyloudnorm follows it, so that up to 99 ms
#   behind a clip of 0.4 s change nothing.
# Behaviour (pyloudnorm 0.2.0): the number of blocks is rounded, so from 50 ms on a block of 0.4 s is counted of which only
#   the part that exists is summed, though it is divided by the whole block's length. 0.40 s and 0.42 s give -23.05 LUFS,
#   0.46 s and 0.49 s give -23.63.
# Why it matters here: singing is cut into clips of a second or less, and clips are levelled one by one.
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check pyloudnorm==0.2.0 numpy==2.4.6 scipy==1.17.1
"$place/venv/bin/python" - <<'PY'
import numpy as np
from pyloudnorm import Meter

RATE = 48_000
SEEN = {0: -23.051, 20: -23.051, 60: -23.630, 90: -23.630}  # ms of silence behind 0.4 s of tone -> LUFS
tone = 0.1 * np.sin(2 * np.pi * 997 * np.arange(int(0.4 * RATE)) / RATE)
for silence_ms, seen in SEEN.items():
    longer = np.append(tone, np.zeros(RATE * silence_ms // 1000))
    value = Meter(RATE).integrated_loudness(longer)
    print(f"0.4 s of tone and {silence_ms:2d} ms of silence: {value:.3f} LUFS")
    assert abs(value - seen) < 0.005, f"changed: {value:.3f}, formerly {seen}"
print("As described: half a hop of silence counts as a block.")
PY
