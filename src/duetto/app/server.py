"""Serves the app on 127.0.0.1, behind its gate, one for each folder of runs, and tidies up when it is closed."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.app.gate import Gate
from duetto.app.jobs import Jobs
from duetto.app.places import Places
from duetto.app.serve import served
from duetto.app.uploads import room_left
from duetto.errors import ConfigError
from duetto.storage.files import make_folder, write_text
from duetto.storage.locks import HeldError, acquire

HOST = "127.0.0.1"
PORT = 7860  # where users of this ecosystem look for such a page
TRIED = 20  # ports, from that one on
CLOSING_S = 2  # that open connections are waited for
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}
MISSING = "The app needs Gradio, which is not installed: pip install -e '.[app]' (in a checkout), then again."


@dataclass(frozen=True)
class AppSettings:
    """`python -m duetto app`."""

    logs: Path
    recordings: Path
    port: int | None  # None = the first free one
    megabytes: int  # of the largest file that may be sent


def serve(settings: AppSettings, console: Console) -> None:
    """Open the app, and serve it until SIGTERM or Ctrl-C.

    Raises:
        ConfigError: If Gradio is missing, the port is in use, or an app is open on these runs already.
        StorageError: If the folder of runs cannot be written.
    """
    if find_spec("gradio") is None:
        raise ConfigError(MISSING)
    places = Places(settings.logs.absolute(), settings.recordings.absolute())
    make_folder(places.own)
    with alone(places), listening(settings.port) as listener:
        port = listener.getsockname()[1]
        places.clean()
        jobs = Jobs(places.jobs)
        write_text(places.address, f"http://{HOST}:{port}")
        token = secrets.token_urlsafe(24)
        try:
            gate = Gate(
                make_app(places, jobs, settings), token, port, lambda: room_left(places.uploads, settings.megabytes)
            )
            console.print("The app is open at this address, whose token is valid until it is closed:")
            console.print(f"  http://{HOST}:{port}/?token={token}", markup=False, highlight=False, soft_wrap=True)
            console.print("Ctrl-C closes it. A training goes on, and the next app finds it.")
            run(gate, listener)
        finally:
            places.clean()
            for work in jobs.running():
                console.print(f"Still at work: {work}.", markup=False)


@contextmanager
def alone(places: Places) -> Iterator[None]:
    """Hold the folder of runs against a second app.

    Raises:
        ConfigError: If an app is open on it.
    """
    try:
        lock = acquire(places.lock, waits=False)
    except HeldError as error:
        where = places.address.read_text(encoding="utf-8") if places.address.is_file() else "another address"
        raise ConfigError(
            f"An app is open on {places.logs} already, at {where}; its address with the token stands in its terminal. "
            "Use or close that one, or name another folder of runs: logs=FOLDER."
        ) from error
    try:
        yield
    finally:
        lock.remove()


@contextmanager
def listening(wanted: int | None) -> Iterator[socket.socket]:
    """A socket on 127.0.0.1, at the wanted port, else at the first free one.

    Raises:
        ConfigError: If the wanted port cannot be had, or none is free.
    """
    for port in range(PORT, PORT + TRIED) if wanted is None else (wanted,):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()
        except (OSError, OverflowError):
            listener.close()
            continue
        with listener:
            yield listener
        return
    said = f"Port {wanted} is in use, or not allowed" if wanted else f"Ports {PORT} to {PORT + TRIED - 1} are in use"
    raise ConfigError(f"{said}. Choose another: port=8100.")


def make_app(places: Places, jobs: Jobs, settings: AppSettings) -> Any:
    """The web application, without its gate."""
    for name in [name for name in os.environ if name.startswith("GRADIO_")]:  # meant for other programs
        del os.environ[name]
    os.environ.update({**QUIET, "GRADIO_TEMP_DIR": str(places.uploads)})
    import gradio as gr
    from fastapi import FastAPI, HTTPException
    from fastapi.responses import FileResponse

    from duetto.app.page import SCRIPT, STYLE, build, theme

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def show(root: str, inside: str) -> FileResponse:
        path = served(places, root, inside)
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, headers={"cache-control": "no-store"})

    app.get("/files/{root}/{inside:path}")(show)
    return gr.mount_gradio_app(
        app,
        build(places, jobs),
        path="/",
        footer_links=[],
        run_history=False,
        max_file_size=settings.megabytes * 10**6,
        ssr_mode=False,
        show_error=False,
        enable_monitoring=False,
        mcp_server=False,
        theme=theme(),
        css_paths=STYLE,
        js=SCRIPT.read_text(encoding="utf-8"),
    )


def run(gate: Gate, listener: socket.socket) -> None:
    """Answer requests until the process is told to end."""
    import uvicorn

    config = uvicorn.Config(
        gate, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=CLOSING_S
    )
    with suppress(KeyboardInterrupt):  # the way to close it, and no accident
        uvicorn.Server(config).run(sockets=[listener])
