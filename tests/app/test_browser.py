"""The app as a person uses it, in a real browser: recordings, consent, doctor, training with a stop, a song, export."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest
import soundfile
import yaml

from duetto.app.places import Places
from duetto.storage.run_folder import RunFolder
from duetto.voices.find import find_run
from tests.report.browser import chromium
from tests.test_two_singers import RATE, voice

HOW = "needs Gradio: pip install -e '.[app]'"
PATIENCE_MS = 240_000  # on one busy core
SMALL = (
    "trainer=smoke trainer.max_steps=16 trainer.checkpoint_every_steps=4 trainer.evaluate_every_steps=8 "
    "trainer.log_every_steps=1 trainer.num_threads=1 preprocess=none eval=quick"
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(importlib.util.find_spec("gradio") is None, reason=HOW),
]


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    """Three takes of a few seconds, one of them with a name that a path must not have."""
    paths = [tmp_path / f"{name}.wav" for name in ("one", "two; $(touch x)", "über (3)")]
    for number, path in enumerate(paths):
        soundfile.write(path, voice(220.0 * (1 + 0.1 * number), 3.0), RATE)
    return paths


@pytest.fixture
def app(tmp_path: Path):
    """An open app: its folder, its address, and the process."""
    work = tmp_path / "work"
    work.mkdir()
    process, address = opened(work)
    yield work, address
    process.send_signal(signal.SIGINT)
    process.wait(60)


def opened(work: Path) -> tuple[subprocess.Popen, str]:
    said = work.parent / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "duetto", "app"],
            cwd=work,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"},
        )
    deadline = time.monotonic() + 120
    while (found := re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", said.read_text())) is None or not is_up(found[0]):
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.3)
    return process, found[0]


def is_up(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except HTTPError:
        return True
    except OSError:
        return False


def test_from_recordings_to_a_song_and_nothing_leaves_the_machine(app, recordings, tmp_path: Path):
    work, address = app
    base = address.split("?")[0]
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"{base}?token=wrong", timeout=10)
    assert refused.value.code == 403
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(30_000)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda sent: sent.url.startswith((base, "blob:", "data:")) or complaints.append(sent.url))
        with page.expect_response(lambda answer: "/queue/data" in answer.url):  # the page asks once it is alive
            page.goto(address)
        assert page.url == base  # the token stands in the address no longer
        makes_a_voice(page, work, recordings, tmp_path)
        trains_it_with_a_stop(page, work)
        converts_a_song(page, work, recordings[0])
        asks_for_what_is_not_allowed(page)
        compares(page)
        assert complaints == []
    waiting = Places(work / "logs", work / "recordings").uploads.rglob("*")
    assert not [path for path in waiting if path.is_file() and path.stat().st_size]  # Gradio leaves empty ones


def until(is_so) -> None:
    """Wait for what the page does not announce."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_complaint(said) -> bool:
    """Whether a message of the console tells of a fault; Gradio 6.31 warns of itself after uploads and in plots."""
    of_gradio = ("Method not implemented.", "WARN The input spec uses Vega-Lite")
    return said.type in ("error", "warning") and not said.text.startswith(of_gradio)


def makes_a_voice(page, work: Path, recordings: list[Path], elsewhere: Path) -> None:
    page.locator("#new-voice textarea, #new-voice input").first.fill("anna")
    page.locator("#make-voice").click()
    until(lambda: page.locator("#voice input").input_value() == "anna")
    page.get_by_text("No recordings yet").wait_for()
    text = elsewhere / "notes.wav"
    text.write_text("not sound")
    page.locator("#add-recordings input[type=file]").set_input_files([*recordings, text])
    page.get_by_text("notes.wav cannot be read").wait_for(timeout=PATIENCE_MS)
    page.locator("#recordings audio").nth(2).wait_for()
    assert sorted(path.name for path in (work / "recordings" / "anna").iterdir()) == [
        "one.wav",
        "two_ _touch x.wav",
        "über _3.wav",
    ]
    assert page.locator("#recordings audio").first.evaluate(
        "player => new Promise(done => { player.onloadedmetadata = () => done(player.duration); player.load(); })"
    ) == pytest.approx(3.0, abs=0.05)
    page.get_by_role("button", name="Close").first.click()
    for name, answer in (("subject", "singer-01"), ("controller", "Ann"), ("purposes", "research")):
        page.locator(f"#{name} textarea, #{name} input").first.fill(answer)
    page.locator("#write-record").click()
    page.get_by_text("singer-01 allows train, infer until").wait_for()
    record = yaml.safe_load((work / "recordings" / "anna" / "consent.yaml").read_text())
    assert (record["subject"], record["scopes"]) == ("singer-01", ["train", "infer"])
    page.locator("#examine").click()
    page.locator("#findings").get_by_text("Serious: amount").wait_for(timeout=PATIENCE_MS)


def trains_it_with_a_stop(page, work: Path) -> None:
    page.get_by_role("tab", name="2 Train").click()
    page.locator("#other-settings textarea, #other-settings input").first.fill(SMALL)
    page.locator("#start-training").click()
    state = page.locator("#training-state")
    state.get_by_text("Preparing").wait_for(timeout=PATIENCE_MS)
    until(lambda: any(path.read_text().count("\n") > 1 for path in work.glob("logs/*/losses.csv")))  # the first step
    page.locator("#stop-training").click()
    state.get_by_text("Stopped.").wait_for(timeout=PATIENCE_MS)
    page.reload()
    page.get_by_role("tab", name="2 Train").click()
    state.get_by_text("Stopped.").wait_for()
    page.locator("#resume-training").click()
    page.locator("#training-sounds audio").first.wait_for(timeout=PATIENCE_MS)
    state.get_by_role("link", name="Open its page").wait_for(timeout=PATIENCE_MS)
    assert "Resuming from step" in (work / "logs" / ".app" / "jobs" / "train-anna.log").read_text()
    with page.expect_popup() as shown:
        state.get_by_role("link", name="Open its page").click()
    assert shown.value.locator("h1").inner_text().startswith("anna is ")
    shown.value.close()


def converts_a_song(page, work: Path, song: Path) -> None:
    page.get_by_role("tab", name="3 Convert").click()
    page.locator("#song input[type=file]").set_input_files(song)
    page.locator("#song").get_by_role("button", name="Clear").wait_for()
    page.get_by_label("A voice alone").check()
    page.locator("#convert").click()
    page.locator("#conversion audio").nth(1).wait_for(timeout=PATIENCE_MS)
    folder = RunFolder(find_run(work / "logs", "anna")).conversions / "one"
    assert sorted(path.name for path in folder.iterdir()) == ["converted.wav", "converted.wav.json", "original.wav"]


def asks_for_what_is_not_allowed(page) -> None:
    page.get_by_role("tab", name="Export").click()
    until(lambda: page.locator("#export-voice input").input_value() == "anna")
    page.locator("#export").click()
    page.get_by_text("not `publish_weights`").wait_for(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Close").first.click()


def compares(page) -> None:
    page.get_by_role("tab", name="Compare").click()
    page.locator("#show-voices").click()
    page.locator("#voices td").first.wait_for(timeout=PATIENCE_MS)
    page.locator("#compared").get_by_label("anna").check()
    page.locator("#compare").click()
    page.get_by_role("link", name="Open the comparison").wait_for(timeout=PATIENCE_MS)
