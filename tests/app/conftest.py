"""A child process that only waits, for tests of how jobs are held."""

from pathlib import Path

import pytest


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`python -m duetto SECONDS [STATUS]` waits, in the children of this test alone, and ends with STATUS on Ctrl-C."""
    package = tmp_path / "other" / "duetto"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(
        "import sys, time\nprint('at work', flush=True)\n"
        "try:\n    time.sleep(float(sys.argv[1]) if sys.argv[1].isdigit() else 0)\n"
        "except KeyboardInterrupt:\n    sys.exit(int((*sys.argv, 130)[2]))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
