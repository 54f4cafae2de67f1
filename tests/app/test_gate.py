"""Who gets in: nobody without the token, no other page, nothing too large."""

import asyncio

import pytest

from duetto.app.gate import MAX_BODY_BYTES, UPLOAD, Gate

TOKEN = "s3cret"
HOST = {"host": "127.0.0.1:7860"}
KNOWN = {**HOST, "cookie": f"other=1; duetto-7860={TOKEN}"}
ROOM = 5_000_000


async def behind(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


def ask(headers, path="/", query="", method="GET"):
    """Status, headers and text of the answer."""
    sent = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def send(message):
        sent.append(message)

    asyncio.run(Gate(behind, TOKEN, 7860, lambda: ROOM)(scope, None, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"].decode()


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        (HOST, ""),
        (HOST, "token=wrong"),
        (HOST, "token="),
        ({**HOST, "cookie": "duetto-7860=wrong"}, ""),
        ({**HOST, "cookie": f"duetto-7861={TOKEN}"}, ""),
        ({**KNOWN, "host": "evil.example:7860"}, ""),
        ({"host": "evil.example:7860"}, f"token={TOKEN}"),
        ({"cookie": KNOWN["cookie"]}, ""),
    ],
)
def test_without_the_token_or_under_another_name_there_is_nothing_to_see(headers, query):
    for path in ("/", "/config", "/files/logs/a/index.html", UPLOAD):
        for method in ("GET", "POST"):
            status, _, text = ask({**headers, "content-length": "3"}, path, query, method)
            assert status == 403
            assert "inside" not in text


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_get():
    status, headers, _ = ask(HOST, "//evil.example/x", f"token={TOKEN}")
    assert (status, headers[b"location"]) == (303, b"/")
    cookie = headers[b"set-cookie"].decode()
    assert cookie.startswith(f"duetto-7860={TOKEN};")
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    status, headers, text = ask(KNOWN)
    assert (status, text) == (200, "inside")
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert headers[b"referrer-policy"] == b"no-referrer"


def test_what_another_page_sends_is_refused():
    mine, another = "http://127.0.0.1:7860", "http://127.0.0.1:8000"
    assert ask({**KNOWN, "origin": mine, "content-length": "3"}, method="POST")[0] == 200
    assert ask({**KNOWN, "origin": another, "content-length": "3"}, method="POST")[0] == 403
    assert ask({**KNOWN, "origin": "null", "content-length": "3"}, method="POST")[0] == 403


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        (UPLOAD, str(ROOM), 200),
        (UPLOAD, str(ROOM + 1), 413),
        ("/gradio_api/queue/join", str(MAX_BODY_BYTES), 200),
        ("/gradio_api/queue/join", str(MAX_BODY_BYTES + 1), 413),
        (UPLOAD, "", 411),
        (UPLOAD, "-5", 411),
    ],
)
def test_what_is_sent_is_bounded(path, length, status):
    assert ask({**KNOWN, "content-length": length}, path, method="POST")[0] == status


def test_other_protocols_are_closed():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Gate(behind, TOKEN, 7860, lambda: ROOM)({"type": "websocket"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
