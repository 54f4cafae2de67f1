"""The tab of voices: a table of all, and the page that compares those that are chosen."""

from typing import Any

import gradio as gr

from duetto.app import markup
from duetto.app.answers import PRIVATE, answered
from duetto.app.converting import voices
from duetto.app.places import Places
from duetto.errors import ConfigError
from duetto.voices.find import find_run

HEADINGS = ("voice", "architecture", "register", "minutes", "consent")


def build(places: Places) -> Any:
    """Lay out the tab, and return what refreshes it."""
    show = gr.Button("Show what the voices can do", elem_id="show-voices")
    table = gr.HTML(elem_id="voices")
    chosen = gr.CheckboxGroup([], label="Voices to compare", elem_id="compared")
    compare = gr.Button("Compare them", variant="primary", elem_id="compare")
    page = gr.HTML(elem_id="comparison")

    def facts() -> str:
        from duetto.voices.facts import all_facts  # with torch

        rows = [(v.name, v.architecture, v.register, v.minutes, v.consent) for v in all_facts(places.logs)]
        return markup.table(HEADINGS, rows) if rows else markup.paragraphs(["No voice is trained yet."])

    def write(names: list[str]) -> str:
        from duetto.runs.compare import compare_runs  # with torch

        if not names:
            raise ConfigError("Choose at least one voice.")
        runs = [find_run(places.logs, name) for name in names]
        compare_runs(runs, places.comparison, lambda name, done, total: None)
        return markup.link("Open the comparison", markup.address("logs", places.logs, places.comparison))

    show.click(answered(facts), None, table, **PRIVATE)
    compare.click(answered(write), chosen, page, **PRIVATE)

    def refresh(names: list[str]) -> Any:
        known = voices(places.logs)
        return gr.CheckboxGroup(known, value=[name for name in names if name in known])

    return refresh, chosen, chosen
