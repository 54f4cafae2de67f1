"""Who gets in: a request needs the token that stands in the terminal, comes from the app's own page, and is bounded.

ASGI middleware around everything, uploads and files included. The token comes once in the address and is then kept in a
cookie, so that it stands in no link. Names other than this machine's are refused (DNS rebinding), and so are requests
that another page sends (cross-site request forgery). The content policy lets the page load nothing from elsewhere.
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

UPLOAD = "/gradio_api/upload"
MAX_BODY_BYTES = 2_000_000  # of a request that is no upload: the values of a form
POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
STRANGER = "This page is open only to who has its address with the token, which stands in the terminal of the app."


class Gate:
    """Passes allowed requests on to `app`, and answers all others itself."""

    def __init__(self, app: Asgi, token: str, port: int, room: Callable[[], int]) -> None:
        """Guard an app.

        Args:
            app: What is behind the gate.
            token: The secret.
            port: On which it is served.
            room: Bytes that may still be uploaded.
        """
        self.app, self.token, self.room = app, token, room
        self.hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self.cookie = f"duetto-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if headers.get("host") in self.hosts and given and self._is_token(given[0]):
            await self._welcome(send)
            return
        refused = self.refusal(scope["method"], scope["path"], headers)
        if refused is not None:
            await _say(send, *refused)
            return
        await self.app(scope, receive, _with_headers(send))

    def refusal(self, method: str, path: str, headers: MutableMapping[str, str]) -> tuple[int, str] | None:
        """Status and sentence of a request that is not passed on; None if it is.

        Args:
            method: Of HTTP.
            path: Of the address.
            headers: By name in lower case.
        """
        host = headers.get("host")
        if host not in self.hosts or not self._is_token(self._cookie_of(headers)):
            return 403, STRANGER
        if method in ("GET", "HEAD"):
            return None
        if headers.get("origin", f"http://{host}") != f"http://{host}":
            return 403, "Another page sent this request."
        length = headers.get("content-length", "")
        if not length.isdecimal():
            return 411, "The length of the upload is not told."
        room = self.room() if path == UPLOAD else MAX_BODY_BYTES
        return (413, f"More than {max(room, 0) // 10**6} MB cannot be sent now.") if int(length) > room else None

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())

    def _cookie_of(self, headers: MutableMapping[str, str]) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return ""
        return found.value if found else ""

    async def _welcome(self, send: Send) -> None:
        """Keep the token in a cookie, and lead to the page without it in its address."""
        cookie = f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        await _say(send, 303, "", (b"location", b"/"), (b"set-cookie", cookie.encode()))


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
        await send(message)

    return sent


async def _say(send: Send, status: int, text: str, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *more, *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
