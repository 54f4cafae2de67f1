"""The package of the WORLD vocoder; this is the only place that imports it."""

import warnings
from types import ModuleType


def import_world() -> ModuleType:
    """`pyworld`, without its warning: it still imports pkg_resources, whose deprecation is not the user's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld
    return pyworld
