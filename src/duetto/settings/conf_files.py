"""Finds the configuration files, and reads the values of a shape."""

from pathlib import Path
from typing import Any

import yaml

from duetto.errors import ConfigError


def conf_folder() -> Path:
    """The folder of the configuration: inside the package if a wheel was installed, else beside it in a checkout.

    Raises:
        ConfigError: If neither exists.
    """
    package = Path(__file__).resolve().parents[1]
    places = (package / "conf", package.parents[1] / "conf")
    for folder in places:
        if (folder / "train.yaml").is_file():
            return folder
    raise ConfigError(f"The configuration is neither in {places[0]} nor in {places[1]}. Install duetto again.")


def read_shape(name: str) -> dict[str, dict[str, Any]]:
    """The values for `features` and `model` in `conf/shape/NAME.yaml`, merged with the files in its `defaults`.

    Raises:
        ConfigError: If the file does not exist.
    """
    path = conf_folder() / "shape" / f"{name}.yaml"
    if not path.is_file():
        raise ConfigError(f"There is no {path}. Install duetto again.")
    own: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    values: dict[str, Any] = {}
    for below in (*(read_shape(other) for other in own.pop("defaults", ()) if other != "_self_"), own):
        values = _merged(values, below)
    return values


def _merged(below: Any, above: Any) -> Any:
    """Merge groups key by key; for other values, `above` wins."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{name: _merged(below.get(name), value) for name, value in above.items()}}
