"""The page of one's own voice: players first, no bound against itself, what the doctor found, and what to do next."""

import io
import json

import pytest
from rich.console import Console

from duetto.evaluation.table import is_reconstruction, metrics_table
from duetto.report.headline import headline, warnings_of
from duetto.report.own_voice import doctor_part, next_commands
from duetto.report.page import write_run_page
from tests.report.browser import chromium, opened

from .run_folder import make_run, metrics, row, scores
from .test_page import Page, scored_run

REBUILT = {"mcd_source": 0.0, "mcd_gap_closed": None, "mcd_copy_synthesis": 2.8, "speaker_similarity_source": 1.0}


def finding(check, severity):
    return {"check": check, "severity": severity, "what": f"{check} is {severity}", "advice": f"Mend {check}."}


DOCTOR = {
    "verdict": "x",
    "findings": [
        finding("room", "warning"),
        finding("codec", "fine"),
        finding("noise", "warning"),
        finding("amount", "serious"),
        finding("gate", "warning"),
    ],
}


@pytest.fixture
def own(tmp_path):
    """A run on recordings of one's own, rebuilt."""
    run = make_run(tmp_path / "run", given_name="anna", doctor=DOCTOR, case="folder")
    rows = [row("tea", "mei", scores(None, **REBUILT))]
    (run / "metrics.json").write_text(json.dumps(metrics(rows)))
    return run


def test_the_headline_is_in_human_words(tmp_path):
    rows = [row(name, "mei", scores(None, **REBUILT, word_error=0.26)) for name in "abc"]
    run = scored_run(tmp_path, rows, given_name="anna")
    assert headline(run) == "anna is ready: it follows the melody within 14 cents, and 15 of 20 words are understood."
    assert headline(scored_run(tmp_path, rows[:1])).startswith("Your voice is ready")
    lost = [row("a", "mei", scores(None, **REBUILT, f0_rmse_cents=80.0))]
    assert headline(scored_run(tmp_path, lost)) == "Your voice is trained, but loses the melody by 80 cents."


def test_nothing_is_said_of_bounds_against_itself(tmp_path):
    rows = [row(name, "mei", scores(None, **REBUILT)) for name in "abc"]
    [only] = warnings_of(scored_run(tmp_path, rows))
    assert only.startswith("Your recordings have no counterpart")
    assert "diagnostic" in only


def test_the_page_shows_each_recording_once_and_no_lower_bound(own):
    page = Page(write_run_page(own).read_text(encoding="utf-8"))
    assert [player["aria-label"].split(" of ")[0] for player in page.all("audio")] == [
        "Recording",
        "Your voice",
        "Vocoder alone",
    ]
    for absent in ("Gap closed", "Between the bounds", "0.00 dB", "No statement"):
        assert absent not in page.text
    assert "MCD* diagnostic" in page.text
    assert "python infer.py run=anna song=MIX.mp3 transpose=auto" in page.text


def test_the_gravest_findings_of_the_doctor_are_told_with_their_remedy(own):
    page = Page(write_run_page(own).read_text(encoding="utf-8")).text
    told = [page.index(f"{check} is ") for check in ("amount", "room", "noise")]
    assert told == sorted(told)
    assert "Mend amount." in page
    assert "1 more findings" in page
    assert "gate is" not in page
    assert "codec is" not in page


def test_a_run_without_a_doctor_or_a_name_still_has_a_page(tmp_path):
    run = scored_run(tmp_path, [row("tea", "mei", scores(None, **REBUILT))])
    assert doctor_part(run) is None
    assert next_commands(run)[0][1] == "python infer.py run=1f3a9c02 source=SONG.wav transpose=auto"
    assert "What the doctor found" not in write_run_page(tmp_path).read_text()


def test_the_terminal_calls_the_scores_diagnostic(tmp_path):
    console = Console(width=160, file=io.StringIO())
    console.print(metrics_table(metrics([row("tea", "mei", scores(None, **REBUILT))])))
    said = console.file.getvalue()
    assert "Scores (diagnostic: how well held-out recordings are rebuilt)" in said
    assert "source" not in said
    assert "Gap closed" not in said


def test_only_recordings_that_are_their_own_reference_are_rebuilt():
    assert is_reconstruction(metrics([row("tea", "mei", scores(None, **REBUILT))]))
    assert not is_reconstruction(metrics([row("tea", "mei", scores())]))
    assert not is_reconstruction({})


@pytest.mark.slow
@pytest.mark.parametrize(("width", "limit"), [(1280, 900), (390, 1200)])
@pytest.mark.parametrize("kind", ["own", "parallel"])
def test_players_are_reached_without_scrolling_far(own, tmp_path, kind, width, limit):
    run = own if kind == "own" else make_run(tmp_path / "parallel")
    with chromium() as browser, opened(browser, write_run_page(run), width) as (page, complaints):
        assert page.evaluate("document.querySelector('audio').getBoundingClientRect().bottom") < limit
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert complaints == []
