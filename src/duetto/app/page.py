"""The page: its tabs and its looks. Fonts are the reader's own, and nothing is loaded from elsewhere.

Lists of voices and runs let any value pass (`allow_custom_value`), and what uses a value checks it: at times Gradio
6.31 compares a value that comes with new choices with the old ones, and empties the list. For the same reason an
empty value changes nothing that is shown.
"""

from pathlib import Path
from typing import Any

import gradio as gr

from duetto.app import compare_tab, convert_tab, export_tab, train_tab, voice_tab
from duetto.app.answers import PRIVATE
from duetto.app.jobs import Jobs
from duetto.app.places import Places

STYLE, SCRIPT = (Path(__file__).with_name(f"app.{suffix}") for suffix in ("css", "js"))
CLEAN = (600, 3600)  # seconds: every ten minutes, what was uploaded more than an hour ago
RED = "#b91c1c"  # on which white is legible
HEADING = "# duetto\nYour own voice, from recordings to a song. Everything stays on this machine."


def build(places: Places, jobs: Jobs) -> gr.Blocks:
    """The page of an app, which refreshes the choices of a tab when it is opened, and of the first with the page."""
    with gr.Blocks(title="duetto", analytics_enabled=False, delete_cache=CLEAN) as blocks:
        gr.Markdown(HEADING)
        with gr.Tabs():
            _tab("1 Recordings", lambda: voice_tab.build(places))
            _tab("2 Train", lambda: train_tab.build(places, jobs))
            _tab("3 Convert", lambda: convert_tab.build(places, jobs))
            _tab("Compare", lambda: compare_tab.build(places))
            _tab("Export", lambda: export_tab.build(places))
    return blocks


def _tab(title: str, build_tab: Any) -> None:
    with gr.Tab(title) as tab:
        refresh, inputs, outputs = build_tab()
    tab.select(refresh, inputs, outputs, show_progress="hidden", **PRIVATE)


def theme() -> Any:
    """Gradio's plain theme with the reader's own fonts."""
    return gr.themes.Default(
        primary_hue="indigo",
        font=("system-ui", "sans-serif"),
        font_mono=("ui-monospace", "monospace"),
    ).set(button_primary_background_fill="*primary_600", button_cancel_background_fill=RED)
