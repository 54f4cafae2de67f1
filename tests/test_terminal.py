import io

from rich.console import Console

from duetto.terminal import TEXT, bars, progress_bar


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
