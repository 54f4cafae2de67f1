"""`python -m duetto blend A=0.7 B=0.3 name=AB`: makes a voice between voices of one shape."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from duetto.errors import ConfigError

OPTIONS = ("name", "logs")  # settings; every other word before = is a voice


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("blend", help="make a voice between voices: blend ANNA=0.7 BO=0.3 name=anna_bo")
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="VOICE=SHARE",
        help="a run's name, signature or folder, and how much of it; name=NAME names the blend, logs=FOLDER keeps it",
    )
    parser.set_defaults(action=blend)


def blend(options: argparse.Namespace, console: Console) -> None:
    """Read, check, interpolate and write; then print what it was made of, and how to use it."""
    from duetto.settings.run_config import check_name

    texts, shares = split(options.settings)
    check_name(texts.get("name"))
    logs = Path(texts.get("logs", "logs"))
    from duetto.voices.find import find_run

    places = {name: find_run(logs, name) for name in shares}
    folders = {path.resolve() for path in places.values()}
    if len(folders) < len(places):
        raise ConfigError(f"{' and '.join(places)} are the same voice. Name two different ones.")
    from duetto.runs.blend import make_blend
    from duetto.terminal import print_places

    made = make_blend({places[name]: share for name, share in shares.items()}, logs, texts.get("name"), console)
    print_places(console, made)


def split(settings: list[str]) -> tuple[dict[str, str], dict[str, float]]:
    """The options and the shares among `KEY=VALUE`.

    Raises:
        ConfigError: If one has no number, or stands twice.
    """
    texts: dict[str, str] = {}
    shares: dict[str, float] = {}
    for setting in settings:
        name, equals, value = setting.rpartition("=")
        if not equals or not name:
            raise ConfigError(f"{setting}: expected VOICE=SHARE, such as {setting or 'anna'}=0.5.")
        if name in texts or name in shares:
            raise ConfigError(f"{name} is given twice. Leave one of them out.")
        if name in OPTIONS:
            texts[name] = value
            continue
        try:
            shares[name] = float(value)
        except ValueError as error:
            raise ConfigError(f"{setting}: expected a share, such as {name}=0.5.") from error
    return texts, shares
