"""A stand-in for W&B's server on 127.0.0.1, as far as the real client 0.31 asks: runs, artifacts, sweeps, views.

Like the real one it keeps history by line: an upload names the line at which it begins, and what was there is
overwritten. It has no account, keeps everything in memory, and answers what it does not know with an error.
"""

import base64
import gzip
import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.tracking.stand_in_sweeps import SweepQueue

ENTITY, KEY = "me", "0" * 40
OPERATION = re.compile(r"(?:query|mutation)\s+(\w+)")
FILE_STREAM = re.compile(r"/files/(?P<entity>[^/]+)/(?P<project>[^/]+)/(?P<run>[^/]+)/file_stream$")
HISTORY, SUMMARY, EVENTS = "wandb-history.jsonl", "wandb-summary.json", "wandb-events.jsonl"


@dataclass
class SeenRun:
    """A run as the server has it."""

    project: str
    fields: dict[str, Any] = field(default_factory=dict)  # of the last UpsertBucket
    config: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)  # of each streamed file
    is_complete: bool = False

    @property
    def history(self) -> list[dict[str, Any]]:
        """The rows of the history."""
        return [json.loads(line) for line in self.lines.get(HISTORY, [])]

    @property
    def summary(self) -> dict[str, Any]:
        """The last summary."""
        found = self.lines.get(SUMMARY) or [self.fields.get("summaryMetrics") or "{}"]
        return dict(json.loads(found[-1]))

    def stream(self, name: str, offset: int, content: list[str]) -> None:
        """Write lines at a line."""
        lines = self.lines.setdefault(name, [])
        if name == SUMMARY:
            lines[:] = content[-1:]
        else:
            lines[offset : offset + len(content)] = content


@dataclass
class StandIn:
    """What the server saw."""

    port: int = 0
    runs: dict[str, SeenRun] = field(default_factory=dict)
    artifacts: dict[str, dict[str, Any]] = field(default_factory=dict)  # by id: the input of CreateArtifact
    used: list[tuple[str, str]] = field(default_factory=list)  # (run, artifact id)
    uploads: dict[str, bytes] = field(default_factory=dict)  # by path
    views: list[dict[str, Any]] = field(default_factory=list)  # variables of each upserted view
    sweeps: SweepQueue = field(default_factory=SweepQueue)
    operations: Counter[str] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)
    guard: Any = field(default_factory=threading.RLock)

    @property
    def address(self) -> str:
        """WANDB_BASE_URL."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Variables that lead the client here."""
        return {"WANDB_BASE_URL": self.address, "WANDB_API_KEY": KEY, "WANDB_MODE": "online"}

    def answer(self, query: str, values: dict[str, Any]) -> dict[str, Any] | None:
        """The data of a GraphQL answer; None if the operation is not known."""
        found = OPERATION.search(query)
        name = found[1] if found else "anonymous"
        self.operations[name] += 1
        if "upsertView" in query:
            return self._view(values)
        own = getattr(self, f"_{name}", None) or getattr(self.sweeps, f"_{name}", None)
        try:
            return None if own is None else dict(own(values))
        except (KeyError, TypeError, AttributeError) as error:  # else the client would try again for minutes
            self.unknown.append(repr(error))
            return None

    def _Viewer(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - named after the operations
        edges: dict[str, Any] = {"edges": []}
        person = {"id": "u", "entity": ENTITY, "username": ENTITY, "email": "a@b", "admin": False, "flags": "{}"}
        return {"viewer": {**person, "name": ENTITY, "deletedAt": None, "teams": edges, "apiKeys": edges}}

    def _GetDefaultEntity(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"viewer": {"id": "u", "entity": ENTITY}}

    def _GetProjects(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        page = {"__typename": "PageInfo", "endCursor": None, "hasNextPage": False}
        project = {"__typename": "Project", "id": "p", "name": "duetto", "entityName": ENTITY, "isBenchmark": False}
        node = {**project, "createdAt": "2026-01-01T00:00:00Z", "user": None}
        return {"models": {"pageInfo": page, "edges": [{"node": node}]}}

    def _ServerFeaturesQuery(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"serverInfo": {"features": []}}

    def _RunStoppedStatus(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"project": {"run": {"stopped": False}}}

    def _ProjectInternalId(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"project": {"id": "p", "internalId": base64.b64encode(b"ProjectInternalId:1").decode()}}

    def _RunResumeStatus(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        run = self.runs.get(values["name"])
        if run is None:
            return {"model": {"id": "p", "name": values["project"], "entity": _entity(), "bucket": None}}
        counts = {name: len(run.lines.get(file, [])) for name, file in (("history", HISTORY), ("events", EVENTS))}
        tails = {f"{name}Tail": json.dumps(run.lines.get(file, [])[-1:]) for name, file in (("history", HISTORY),)}
        bucket = {
            **{"id": values["name"], "name": values["name"], "displayName": run.fields.get("displayName")},
            **{"summaryMetrics": json.dumps(run.summary), "logLineCount": 0, "eventsTail": "[]", **tails},
            **{f"{name}LineCount": count for name, count in counts.items()},
            **{"config": json.dumps(run.config), "tags": run.fields.get("tags") or [], "notes": None},
            "wandbConfig": json.dumps({"t": 1}),
        }
        return {"model": {"id": "p", "name": run.project, "entity": _entity(), "bucket": bucket}}

    def _UpsertBucket(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = values.get("name") or values.get("id")
        is_new = name not in self.runs
        run = self.runs.setdefault(name, SeenRun(values.get("project") or "uncategorized"))
        run.fields |= {key: value for key, value in values.items() if value is not None}
        if values.get("config"):
            run.config = json.loads(values["config"])
        bucket = {
            **{"id": name, "name": name, "displayName": run.fields.get("displayName"), "description": None},
            **{"config": json.dumps(run.config), "sweepName": values.get("sweep")},
            **{"historyLineCount": len(run.history)},
            "project": {"id": "p", "name": run.project, "entity": _entity()},
        }
        return {"upsertBucket": {"bucket": bucket, "inserted": is_new}}

    def _CreateRunFiles(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        files = [
            {"name": name, "uploadUrl": f"{self.address}/put/{values['run']}/{name}"}
            for name in values.get("files") or []
        ]
        return {"createRunFiles": {"runID": values["run"], "uploadHeaders": [], "files": files}}

    def _ArtifactType(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = values["name"].split(":")[0]
        kinds = [one["artifactTypeName"] for one in self.artifacts.values() if one["artifactCollectionName"] == name]
        found = {"artifactType": {"name": kinds[0]}} if kinds else None
        return {"project": {"artifact": found}}

    def _CreateArtifact(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        told = values["input"]
        same = ("digest", "artifactCollectionName")
        known = next((each for each, one in self.artifacts.items() if all(one[key] == told[key] for key in same)), None)
        name = known or base64.b64encode(f"Artifact:{len(self.artifacts)}".encode()).decode()
        self.artifacts.setdefault(name, {**told, "state": "PENDING", "runs": []})
        self.artifacts[name]["runs"].append(told.get("runName"))
        state = self.artifacts[name]["state"]
        made = {"id": name, "state": state, "artifactSequence": {"id": "s", "latestArtifact": None}}
        return {"createArtifact": {"artifact": made}}

    def _CreateArtifactManifest(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = values.get("artifactID") or values.get("artifactManifestID")
        url = f"{self.address}/manifest/{name}"
        file = {"id": "f", "uploadUrl": url, "uploadHeaders": []}
        return {"createArtifactManifest": {"artifactManifest": {"id": name, "file": file}}}

    def _UpdateArtifactManifest(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"updateArtifactManifest": self._CreateArtifactManifest(values)["createArtifactManifest"]}

    def _CreateArtifactFiles(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        nodes = [
            {
                **{"storagePath": each["name"], "uploadHeaders": [], "uploadMultipartUrls": None},
                **{"uploadUrl": f"{self.address}/artifact/{each['artifactID']}/{each['name']}"},
                "artifact": {"id": each["artifactID"]},
            }
            for each in values["input"]["artifactFiles"]
        ]
        return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}

    def _CommitArtifact(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        artifact = self.artifacts[values["artifactID"]]
        artifact["state"] = "COMMITTED"
        return {"commitArtifact": {"artifact": {"id": values["artifactID"], "digest": artifact["digest"]}}}

    def _UseArtifact(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        told = values["input"]
        self.used.append((told["runName"], told["artifactID"]))
        return {"useArtifact": {"artifact": {"id": told["artifactID"]}}}

    def _view(self, values: dict[str, Any]) -> dict[str, Any]:
        self.views.append(values)
        project = {"id": "p", "name": "duetto", "entityName": ENTITY}
        view = {
            **{"id": base64.b64encode(f"View:{len(self.views)}".encode()).decode(), "type": values.get("type")},
            **{"name": values.get("name"), "displayName": values.get("displayName"), "spec": values.get("spec")},
            **{"description": "", "entityName": ENTITY, "project": project, "user": {"id": "u", "username": ENTITY}},
            **{"updatedAt": "2026-01-01T00:00:00", "createdAt": "2026-01-01T00:00:00", "coverUrl": None},
            **{"previewUrl": None, "viewCount": 0, "starCount": 0, "starred": False},
        }
        return {"upsertView": {"view": view, "inserted": True}}


def _entity() -> dict[str, str]:
    return {"id": "e", "name": ENTITY}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    state: StandIn

    def log_message(self, *arguments: Any) -> None:
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        self._send({"ok": True})

    def do_PUT(self) -> None:
        body = self._body()
        with self.state.guard:
            self.state.uploads[self.path] = body
        self._send({})

    def do_POST(self) -> None:
        streamed, content = FILE_STREAM.search(self.path), self._body()
        if not streamed and not self.path.endswith("/graphql"):  # what the client tells of itself
            self._send({})
            return
        body = json.loads(content or b"{}")
        with self.state.guard:
            if streamed:
                run = self.state.runs.setdefault(streamed["run"], SeenRun(streamed["project"]))
                for name, part in (body.get("files") or {}).items():
                    run.stream(name, part["offset"], part["content"])
                run.is_complete = run.is_complete or bool(body.get("complete"))
                answer: dict[str, Any] = {}
            else:
                query, values = body.get("query", ""), body.get("variables") or {}
                data = self.state.answer(query, values)
                if data is None:
                    self.state.unknown.append(f"{self.path} {query} {json.dumps(values)[:400]}")
                answer = {"data": data} if data is not None else {"errors": [{"message": "unknown to the stand-in"}]}
        self._send(answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = list(self._chunks())
            body = b"".join(parts)
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _chunks(self) -> Iterator[bytes]:
        while length := int(self.rfile.readline().strip() or b"0", 16):
            yield self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Without a word about clients that are killed."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """What is no fault of the connection is one of the stand-in."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A server on a free port, until the block ends."""
    state = StandIn()
    server = Server(("127.0.0.1", 0), type("Own", (Handler,), {"state": state}))
    state.port = server.server_address[1]
    state.sweeps.runs = state.runs
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
