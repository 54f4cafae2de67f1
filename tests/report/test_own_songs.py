"""The user's own songs on the page of a run: players in the order of steps."""

import re

import pytest

from duetto.report.own_songs import MOST_STEPS, shown_steps
from duetto.report.page import write_run_page
from duetto.storage.audio import write_audio
from duetto.storage.own_songs import conversion_path
from duetto.storage.run_folder import RunFolder

from .run_folder import RATE, make_run, sine


@pytest.mark.parametrize(
    ("steps", "selected", "shown"),
    [
        (range(200, 1001, 200), None, [200, 400, 600, 800, 1000]),
        (range(1, 16), None, [1, 3, 5, 7, 9, 11, 13, 15]),
        (range(1, 16), 10, [1, 3, 5, 7, 10, 11, 13, 15]),
        (range(1, 16), 15, [1, 3, 5, 7, 9, 11, 13, 15]),
    ],
)
def test_a_long_training_is_heard_evenly_with_the_voices_own_step(steps, selected, shown):
    assert shown_steps(steps, selected) == shown
    assert len(shown) <= MOST_STEPS


def test_the_players_follow_the_steps(tmp_path):
    run = RunFolder(make_run(tmp_path / "run", selected={"step": 400, "why": "best"}))
    song = run.own_songs / "my <tune>"
    for path in (song / "source.wav", *(conversion_path(song, step) for step in (1000, 200, 400))):
        write_audio(path, sine(220.0, 0.2), RATE)
    page = write_run_page(run.path).read_text()
    part = page[page.index("Your songs while training") :]
    assert re.findall(r"<b>(Source|Step \d+)</b> ?([a-z ]*)", part)[:4] == [
        ("Source", "as it was sung"),
        ("Step 200", ""),
        ("Step 400", "these weights became the voice"),
        ("Step 1000", ""),
    ]
    assert "my &lt;tune&gt;" in part
