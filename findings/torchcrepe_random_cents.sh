#!/usr/bin/env bash
# torchcrepe gives the same recording another pitch contour each time.
#
# Guess, written down before running: inference is deterministic, so that two calls of `predict` on one tensor agree bit for bit.
# Behaviour (torchcrepe 0.0.24): `convert.bins_to_cents` adds triangular noise of up to 20 cents from NumPy's global generator to every
#   value of the decoders `argmax` and `viterbi` (the default). `weighted_argmax` draws it once, into the table of bin centres that it
#   keeps for the process, so that each bin is off by its own constant. A tone of 220 Hz: all frames differ, by up to some 30 cents.
# Why it matters here: features are named by what they were made of, and two extractions have to write the same bytes;
#   `duetto.features.trackers.crepe` decodes by itself.
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check torchcrepe==0.0.24 torch==2.11.0 torchaudio==2.11.0 "setuptools<81"
"$place/venv/bin/python" - <<'PY'
import numpy as np
import torch
import torchcrepe

tone = torch.from_numpy(0.3 * np.sin(2 * np.pi * 220 * np.arange(16000) / 16000)).float()[None]
first, second = (torchcrepe.predict(tone, 16000, 160, 50.0, 1100.0, "tiny")[0] for _ in range(2))
cents = 1200 * torch.log2(second / first)
print(f"a steady tone of 220 Hz, tracked twice: {(cents != 0).float().mean():.0%} of the frames differ, by up to {cents.abs().max():.0f} cents")
assert cents.abs().max() > 5, "changed: this version gives the same contour twice"
print("As described: the contour is random within some cents.")
PY
