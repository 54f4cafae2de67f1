import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    """Load a benchmark as running it would: with its own folder first on the path."""

    def load(name):
        monkeypatch.syspath_prepend(str(FOLDER))
        module = importlib.import_module(name)
        for loaded in (name, "cells"):
            monkeypatch.delitem(sys.modules, loaded, raising=False)
        return module

    return load
