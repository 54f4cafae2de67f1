#!/usr/bin/env bash
# A killed download of huggingface_hub begins again at byte 0, although the library says that downloads always resume.
#
# Guess, written down before running: `hf_hub_download` leaves a partial file when its process is killed, and the next call asks the
#   server for the rest (Range), as its documentation and the warning about `resume_download` say.
# Behaviour (huggingface_hub 2.4.0, plain HTTP server, no Xet): after SIGKILL the partial file (`*.incomplete`) lies in the cache with what
#   had come, 20 of 64 MiB, and the next call asks for all bytes, without a Range.
# Why it matters here: weights of 400 MB on a slow line, in a notebook whose machine is taken away, never arrive;
#   `duetto.hub.download` keeps one partial file for each digest and resumes it.
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check huggingface_hub==2.4.0
cat >"$place/server.py" <<'PY'
"""A hub with one file of 64 MiB; writes the range of each request for it to a log. The first is answered slowly."""
import hashlib
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PART = bytes(range(256)) * 4096  # 1 MiB
COUNT = 64
ETAG = hashlib.sha256(PART * COUNT).hexdigest()


class Hub(BaseHTTPRequestHandler):
    asked = 0

    def log_message(self, *_):
        pass

    def answer(self, has_body):
        first = int((self.headers.get("Range") or "bytes=0-").split("=")[1].split("-")[0])
        self.send_response(206 if first else 200)
        for name, value in {
            "Content-Length": str(len(PART) * COUNT - first),
            "Accept-Ranges": "bytes",
            "ETag": f'"{ETAG}"',
            "X-Repo-Commit": "0" * 39 + "1",
            **({"Content-Range": f"bytes {first}-{len(PART) * COUNT - 1}/{len(PART) * COUNT}"} if first else {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if has_body:
            Hub.asked += 1
            slow = Hub.asked == 1
            with open(sys.argv[1], "a") as log:
                print(self.headers.get("Range"), file=log)
            data = (PART * COUNT)[first:]
            for start in range(0, len(data), len(PART)):
                try:
                    self.wfile.write(data[start : start + len(PART)])
                except OSError:
                    return
                if slow:
                    time.sleep(0.1)

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)


server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
print(server.server_port, flush=True)
server.serve_forever()
PY
"$PYTHON" "$place/server.py" "$place/asked" >"$place/port" &
server=$!
trap 'kill $server; rm -rf "$place"' EXIT
until [ -s "$place/port" ]; do sleep 0.1; done
export HF_ENDPOINT="http://127.0.0.1:$(cat "$place/port")" HF_HOME="$place/home" HF_HUB_DISABLE_XET=1 HF_HUB_DISABLE_TELEMETRY=1
fetch=(env NO_PROXY=127.0.0.1 "$place/venv/bin/python" -c 'from huggingface_hub import hf_hub_download as get; print(get("someone/something", "weights.bin"))')
"${fetch[@]}" >/dev/null 2>&1 &
first=$!
held() { find "$place/home" -name "*.incomplete" -printf '%s\n' 2>/dev/null | sort -n | tail -1; }
for _ in $(seq 300); do [ "$(held || true)" ] && [ "$(held)" -ge 20000000 ] && break; sleep 0.1; done
kill -9 $first
wait $first 2>/dev/null || true
echo "killed with $(held) bytes of 67108864 on the disk"
"${fetch[@]}" >/dev/null 2>&1
echo "ranges that the server was asked for, first and second process:"
cat "$place/asked"
[ "$(sed -n 2p "$place/asked")" = None ] || { echo "changed: this version resumes after a kill"; exit 1; }
echo "As described: the second process asks for everything."
