"""The documentation site: built as `make docs` builds it, read as a browser reads it."""

import os
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.report.browser import chromium

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_API_PAGE = {"app", "bases", "cli", "front"}  # weights, command line, forms, and what docs/api/index.md shows


def nav_pages(entries: list) -> list[str]:
    pages: list[str] = []
    for entry in entries:
        target = next(iter(entry.values())) if isinstance(entry, dict) else entry
        pages += nav_pages(target) if isinstance(target, list) else [target]
    return pages


def test_the_navigation_lists_every_page_once():
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))
    assert sorted(nav_pages(settings["nav"])) == pages


def test_every_package_has_its_page():
    packages = {path.parent.name for path in (ROOT / "src" / "duetto").glob("*/__init__.py")} - WITHOUT_API_PAGE
    assert {path.stem for path in (ROOT / "docs" / "api").glob("*.md")} == packages | {"index"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built strictly, with every address but this machine's out of reach."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    nowhere = "http://127.0.0.1:9"
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "http_proxy": nowhere, "https_proxy": nowhere}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(site: Path):
    for page in sorted(site.rglob("*.html")):
        tags = re.findall(r"<(?:script|link|img|iframe|audio|source)\b[^>]*>", page.read_text(encoding="utf-8"))
        assert not [tag for tag in tags if re.search(r"""(?:src|href)=["']?(?:https?:)?//""", tag)], page


@pytest.mark.slow
def test_the_front_door_is_shown_with_its_arguments(site: Path):
    text = (site / "api" / "index.html").read_text(encoding="utf-8")
    for name in ("duetto.load_voice", "duetto.Voice.convert", "duetto.train", "duetto.evaluate", "duetto.doctor"):
        assert f'id="{name}"' in text, name
    assert "Longest piece converted at once" in text  # a setting of a conversion


@pytest.mark.slow
def test_no_page_is_wider_than_a_phone_and_the_search_finds_things(site: Path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/"
    try:
        with chromium() as browser:
            page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "request", lambda sent: sent.url.startswith((base, "blob:", "data:")) or complaints.append(sent.url)
            )
            for path in sorted(site.rglob("index.html")):
                page.goto(base + path.relative_to(site).as_posix())
                assert page.evaluate("document.documentElement.scrollWidth") == 390, path
            page.goto(base)
            page.locator("header label[for=__search]").first.click()
            page.locator("input.md-search__input").fill("retrieval")
            page.get_by_text("matching documents").wait_for(timeout=20_000)
            assert complaints == []
    finally:
        server.shutdown()
        server.server_close()
