#!/usr/bin/env bash
# `wandb sync A B` gives up at a run that was killed early, sends nothing of the runs after it, and says success (exit status 0).
#
# Guess, written down before running: a run whose file holds nothing is reported and passed over, the others are sent; or nothing is, and
#   the exit status says so.
# Behaviour (wandb 0.31.0): an offline run that is killed within its first seconds leaves a file of 7 bytes, since rows are written out
#   some 15 s late. `wandb sync TORN GOOD` prints "Failed to read TORN", never asks the server for GOOD, and ends with status 0;
#   `wandb sync GOOD` sends it.
# Why it matters here: after a night of runs, of which one was killed, `wandb sync wandb/offline-run-*` loses all later ones without an
#   error. duetto cuts torn files off when a run resumes (docs/tracking.md).
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check wandb==0.31.0
cd "$place"
cat >server.py <<'PY'
"""Answers what a client asks before it sends a run; writes the names of runs that are begun into `begun`."""
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROJECT = {"id": "p", "name": "p", "entity": {"id": "e", "name": "e"}}


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = json.loads(body) if self.path == "/graphql" else {}
        query, values = asked.get("query", ""), asked.get("variables") or {}
        data = {}
        if "upsertBucket" in query:
            with open("begun", "a") as file:
                print(values["name"], file=file)
            run = {"id": "r", "name": values["name"], "displayName": values["name"], "config": "{}", "project": PROJECT}
            data = {"upsertBucket": {"bucket": {**run, "historyLineCount": 0}, "inserted": True}}
        elif "createRunFiles" in query:
            address = f"http://127.0.0.1:{self.server.server_port}/put/"
            files = [{"name": name, "uploadUrl": address + name} for name in values.get("files") or []]
            data = {"createRunFiles": {"runID": "r", "uploadHeaders": [], "files": files}}
        elif "serverInfo" in query:
            data = {"serverInfo": {"features": []}}
        elif "viewer" in query:
            data = {"viewer": {"id": "u", "entity": "e", "username": "e", "flags": "{}", "teams": {"edges": []}}}
        said = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = answer


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
server.handle_error = lambda *_: None  # a client that closes without a word
print(server.server_port, flush=True)
server.serve_forever()
PY
"$PYTHON" server.py >port &
server=$!
trap 'kill $server; rm -rf "$place"' EXIT
until [ -s port ]; do sleep 0.1; done
export WANDB_BASE_URL="http://127.0.0.1:$(cat port)" WANDB_API_KEY=$(printf 'a%.0s' $(seq 40)) NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 HOME="$place"
for name in torn good; do
  "$place/venv/bin/python" - $name <<'PY' & wait $! 2>/dev/null || true
import os
import signal
import sys

import wandb

name = sys.argv[1]
run = wandb.init(project="p", id=name, mode="offline", settings=wandb.Settings(silent=True))
for step in range(50):
    run.log({"loss": 1 / (1 + step)})
if name == "torn":
    os.kill(os.getpid(), signal.SIGKILL)
run.finish()
PY
done
torn=$(ls -d wandb/offline-run-*-torn) good=$(ls -d wandb/offline-run-*-good)
echo "the killed run's file: $(stat -c %s "$torn"/run-torn.wandb) bytes; the other's: $(stat -c %s "$good"/run-good.wandb)"
sync() { timeout 120 "$place/venv/bin/wandb" sync "$@" >said 2>&1 && status=0 || status=$?; }
sync "$torn" "$good"
echo "sync TORN GOOD: exit status $status, runs that the server heard of: $(cat begun 2>/dev/null || echo none)"
grep "Failed to read" said | sed "s#$torn#TORN#"
[ $status = 0 ] && [ ! -s begun ] || { echo "changed: this version sends the other run, or says that it failed"; exit 1; }
sync "$good"
echo "sync GOOD: exit status $status, runs that the server heard of: $(sort -u begun)"
[ $status = 0 ] && [ "$(sort -u begun)" = good ] || { cat said; exit 1; }
echo "As described: one torn run stops the sync, and nothing says so but a line."
