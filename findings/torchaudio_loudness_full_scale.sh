#!/usr/bin/env bash
# torchaudio.functional.loudness is not linear: a loud tone measures up to 2.4 dB too soft.
#
# Guess, written down before running: turned down by a factor of four (12.04 dB), a tone measures 12.04 LU softer at any
#   frequency; BS.1770-4 is a weighted energy, and neither recording comes near silence or the gates.
# Behaviour (torchaudio 2.11.0): only at 100 Hz. K-weighting lifts 4 kHz by 3.3 dB and 10 kHz by 4 dB; the biquads that
#   torchaudio weights with clamp their output to +-1 (`lfilter(clamp=True)` is the default), so a recording that is legal
#   (peak <= 1.0) is clipped inside the meter. At 4 kHz a full-scale tone reads -2.13 LUFS; the standard's coefficients
#   give +0.22.
# Why it matters here: loudness is a step before training, and sung stems are often peak-normalised.
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 torchaudio==2.11.0 numpy==2.4.6
"$place/venv/bin/python" - <<'PY'
import math

import torch
from torchaudio.functional import loudness

RATE = 48_000
SEEN = {100: 12.04, 997: 11.81, 4000: 9.69, 10_000: 9.60}  # LU between a full-scale tone and the same at a quarter
EXPECTED = 20 * math.log10(4)
time_s = torch.arange(3 * RATE) / RATE
differ = 0
for frequency, seen in SEEN.items():
    tone = torch.sin(2 * math.pi * frequency * time_s)[None]
    loud, soft = float(loudness(tone, RATE)), float(loudness(tone / 4, RATE))
    print(f"{frequency:6d} Hz: full scale {loud:7.2f} LUFS, a quarter of it {soft:7.2f}: {loud - soft:.2f} LU apart (guess {EXPECTED:.2f})")
    assert abs(loud - soft - seen) < 0.02, f"changed: {loud - soft:.2f} LU, formerly {seen}"
    differ += abs(loud - soft - EXPECTED) > 0.1
assert differ == 3
print("As described: three of four tones are measured too soft at full scale.")
PY
