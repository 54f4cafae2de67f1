"""A hub on loopback: it answers HEAD and GET with ranges as huggingface.co does, and misbehaves on request."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server serves, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)  # by "owner/name/path"
    cuts: int = 0  # answers that end half way, from now on
    promised: int = 0  # bytes that headers promise beyond what is there
    html: bytes = b""  # sent in place of every answer; a mirror's log-in page
    html_body: bytes = b""  # sent in place of a file only, under its headers
    ranges: list[int] = field(default_factory=list)  # first byte of every GET
    gate: threading.Event | None = None  # GETs wait for it


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        pass

    def do_HEAD(self):
        self._answer(has_body=False)

    def do_GET(self):
        self._answer(has_body=True)

    def _answer(self, has_body):
        if self.hub.html:
            self._send(200, self.hub.html, {"Content-Type": "text/html"}, has_body)
            return
        repository, _, rest = unquote(self.path).lstrip("/").partition("/resolve/")
        content = self.hub.files.get(f"{repository}/{rest.partition('/')[2]}")
        if content is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, has_body)
            return
        headers = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        self._send_file(self.hub.html_body or content, headers, has_body)

    def _send_file(self, content, headers, has_body):
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        size = len(content) + self.hub.promised
        if start:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        if has_body:
            self.hub.ranges.append(start)
            if self.hub.gate is not None:
                self.hub.gate.wait(10)
        body, cut = content[start:], has_body and self.hub.cuts > 0
        if cut:
            self.hub.cuts -= 1
            body = body[: len(body) // 2]
        self._send(206 if start else 200, body, {**headers, "Content-Length": str(size - start)}, has_body)
        if cut or self.hub.promised:
            self.close_connection = True

    def _send(self, status, body, headers, has_body):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if has_body:
            self.wfile.write(body)


@contextmanager
def serve() -> Iterator[Hub]:
    """A hub on a free port of 127.0.0.1."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a client that hangs up
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
