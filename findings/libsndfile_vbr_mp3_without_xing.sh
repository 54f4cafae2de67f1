#!/usr/bin/env bash
# libsndfile reads 11 of the 60 seconds of a VBR MP3 without a Xing header, and says nothing.
#
# Guess, written down before running: the header is a help for players; without it the number of frames is an estimate, but
#   reading goes on to the end of the file, and what was read is what the file holds.
# Behaviour (soundfile 0.14.0 with its libsndfile): the length is estimated from the first frames, and reading stops at the
#   estimate. Sound first and silence after it: 11.2 of 60 s, without an error, and `frames` agrees with what was read. Silence
#   first: `frames` claims 78.5 s, of which 60.0 can be read.
# Why it matters here: such files come from stream recorders, cutters and old encoders; a song loses most of itself.
# Public: libsndfile issue 1001, python-soundfile issue 433.
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.4.6
"$place/venv/bin/python" - <<'PY'
import io

import numpy as np
import soundfile

RATE = 44_100
noise = 0.3 * np.random.default_rng(0).normal(size=20 * RATE)
SEEN = {"sound first": (11.18, 11.18), "silence first": (60.03, 78.54)}  # read, claimed: seconds
for name, (read_s, claimed_s) in SEEN.items():
    silence = np.zeros((40 if name == "sound first" else 10) * RATE)
    parts = [noise, silence] if name == "sound first" else [silence, noise, np.zeros(30 * RATE)]
    whole = io.BytesIO()
    soundfile.write(whole, np.concatenate(parts), RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5)
    content = whole.getvalue()
    assert b"Xing" in content[:100]
    second = next(at for at in range(4, 5000) if content[at] == 0xFF and content[at + 1] & 0xFE == 0xFA)
    stream = content[second:]  # all frames of sound, without the frame that is the header
    waveform, _ = soundfile.read(io.BytesIO(stream))
    claimed = soundfile.info(io.BytesIO(stream)).frames / RATE
    with_header = soundfile.info(io.BytesIO(content)).duration
    print(f"{name}: with header {with_header:.2f} s; without: read {len(waveform) / RATE:.2f}, claimed {claimed:.2f} s")
    assert abs(len(waveform) / RATE - read_s) < 0.1 and abs(claimed - claimed_s) < 0.5, "changed"
print("As described: where the first frames are loud, most of the file is not read.")
PY
