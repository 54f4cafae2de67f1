"""A headless Chromium for tests of pages; where there is none, the tests are skipped with the command that gets one."""

import shutil
from contextlib import contextmanager

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOW = "needs Chromium: apt install chromium, or .venv/bin/python -m playwright install --with-deps chromium"


@contextmanager
def chromium():
    """A browser, or a skipped test."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: make setup-dev")
    with playwright.sync_playwright() as driver:
        found = next(filter(None, map(shutil.which, NAMES)), None)
        try:
            browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"{HOW} ({str(error).splitlines()[0]})")
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser, page_file, width=1280, scheme="light"):
    """A page from disk, without a network, and what its console complained about."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    page = context.new_page()
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(page_file.resolve().as_uri())
    try:
        yield page, complaints
    finally:
        context.close()
