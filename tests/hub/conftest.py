"""A hub on loopback, an empty cache, and a row of the table that stands for a small file."""

import hashlib
from dataclasses import replace

import pytest

from duetto.hub import table
from tests.hub.server import serve

CONTENT = bytes(range(256)) * 1200  # 300 kB
ROW = table.PublicWeights(
    "small", "owner/place", "main", "folder/small.pt", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "MIT", "tests"
)
UNKNOWN = replace(ROW, name="unknown", file="folder/unknown.pt", size=None, sha256=None)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub, which holds both rows; this process knows no other."""
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(table, "public_weights", lambda: (ROW, UNKNOWN))
    monkeypatch.setattr("duetto.hub.get.public_weights", lambda: (ROW, UNKNOWN))
    with serve() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        server.files = {f"{row.repository}/{row.file}": CONTENT for row in (ROW, UNKNOWN)}
        yield server
