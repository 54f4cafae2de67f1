"""`python -m duetto app`: the app on loopback, from recordings to a song in a browser."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

MEGABYTES = 500


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("app", help="open the app: record, train, convert and compare in a browser")
    parser.add_argument("--port", type=int, help="on 127.0.0.1; default: the first free one from 7860 on")
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="folder of the runs (default: logs)")
    parser.add_argument(
        "--recordings",
        type=Path,
        default=Path("recordings"),
        help="folder of the voices' recordings (default: recordings)",
    )
    parser.add_argument(
        "--megabytes", type=int, default=MEGABYTES, help=f"size of the largest file sent (default: {MEGABYTES})"
    )
    parser.set_defaults(action=open_app)


def open_app(options: argparse.Namespace, console: Console) -> None:
    """Serve the app until Ctrl-C.

    Raises:
        ConfigError: If a number is out of range.
    """
    from duetto.app.server import AppSettings, serve
    from duetto.settings.ranges import require_within

    require_within("megabytes", options.megabytes, 1, 100_000)
    if options.port is not None:
        require_within("port", options.port, 1024, 65535)
    serve(AppSettings(options.logs, options.recordings, options.port, options.megabytes), console)
