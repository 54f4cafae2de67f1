#!/usr/bin/env bash
# PyAV's wheel says BSD and its FFmpeg says LGPL, and both encode with x264 and x265, which are under the GPL.
#
# Guess, written down before running: FFmpeg builds with GPL parts only with --enable-gpl, and its license function then
#   says GPL. So a build that says LGPL holds no GPL code, and a program under another licence may ship the wheel.
# Behaviour (av 18.1.0 with FFmpeg 8.1.2): the wheel declares BSD-3-Clause, every library of it says "LGPL version 3 or
#   later", the configuration has no --enable-gpl, and yet --enable-libx264 and --enable-libx265. Both encoders work; a
#   film that is encoded carries x264's own words. FFmpeg's configure refuses that combination as it is published, so the
#   list of GPL parts was changed for the build. No licence text of x264 or x265 is in the wheel, and nothing in it says
#   that its makers hold the commercial licence under which both are sold too.
# Why it matters here: who puts the wheel into a product, or an image, passes on GPL libraries, whatever the metadata and
#   the library's own function say; a licence scan that asks either does not see them.
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: av==18.1.0 numpy==2.4.6
"$place/venv/bin/python" - "$place/film.mp4" 2>"$place/errors" <<'PY' || { cat "$place/errors"; exit 1; }
import sys
from importlib import metadata

import av
import numpy as np
from av import _core

place = sys.argv[1]
licence = metadata.metadata("av")["License-Expression"]
said = {each["license"] for each in _core.library_meta.values()}
options = _core.library_meta["libavcodec"]["configuration"].split()
files = [str(path) for path in metadata.files("av")]
bundled = [name for name in ("libx264", "libx265") if any(f"/{name}-" in path for path in files)]
texts = [path for path in files if "licen" in path.lower() or "copying" in path.lower()]
print(f"the wheel: {licence}; its FFmpeg: {', '.join(sorted(said))}; licence texts: {texts}")
print(f"--enable-gpl: {'--enable-gpl' in options}; bundled: {bundled}")

encoded = {}
for name in ("libx264", "libx265"):
    with av.open(place, "w") as film:
        stream = film.add_stream(name, rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    encoded[name] = open(place, "rb").read()
words = b"H.264/MPEG-4 AVC codec - Copyleft"
print(f"x264 in a film: {words in encoded['libx264']}; x265 in a film: {b'x265 (build' in encoded['libx265']}")

assert licence == "BSD-3-Clause", licence
assert said == {"LGPL version 3 or later"}, said
assert "--enable-gpl" not in options
assert {"--enable-libx264", "--enable-libx265"} <= set(options)
assert bundled == ["libx264", "libx265"]
assert not any("x264" in path or "x265" in path for path in texts)
assert words in encoded["libx264"]
assert b"x265 (build" in encoded["libx265"]
print("As described: two GPL encoders in a wheel that says LGPL and BSD.")
PY
