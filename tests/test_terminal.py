import io
import time

from rich.console import Console

from duetto import terminal
from duetto.terminal import TEXT, bars, progress_bar, short_clock


def test_a_bar_shows_what_is_done_of_how_many_and_vanishes():
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with progress_bar(console) as report:
        report("Features", 2, 5)
    shown = console.file.getvalue()
    assert "Features" in shown
    assert "2/5" in shown
    assert shown.endswith("\x1b[2K")  # the line is cleared


def test_a_task_has_its_own_text_beside_its_bar():
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with bars(console, TEXT, "s") as progress:
        progress.add_task("Training", total=1.0, text="step 3")
    assert "step 3 s" in console.file.getvalue()


def test_elapsed_and_left_are_labelled_and_fit_in_80_columns():
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with bars(console, TEXT) as progress:
        progress.add_task("Training", total=1.0, completed=0.5, text="step 12345, 1.25/s, mel 2.345")
    lines = console.file.getvalue().split("\r")
    assert any("elapsed 0:00" in line and "left" in line for line in lines)


def test_without_a_terminal_a_line_tells_how_far_it_is(monkeypatch):
    monkeypatch.setattr(terminal, "LINE_EVERY_S", 0.05)
    console = Console(file=io.StringIO(), width=80)
    with bars(console, TEXT) as progress:
        progress.add_task("Training [small]", total=4.0, completed=1.0, text="step 3")
        time.sleep(0.3)
    lines = console.file.getvalue().strip().splitlines()
    assert 1 <= len(lines) <= 8
    assert lines[0].startswith("Training")
    assert "25 %, step 3, elapsed 0:00, left 0:00" in lines[0]


def test_a_clock_is_short():
    assert [short_clock(seconds) for seconds in (None, 5, 65.4, 3661)] == ["?", "0:05", "1:05", "1:01:01"]
