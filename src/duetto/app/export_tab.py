"""The tab of export: a voice as files for RVC WebUI, Applio or Diff-SVC, if its singer allows it."""

from typing import Any

import gradio as gr

from duetto.app import markup
from duetto.app.answers import PRIVATE, answered
from duetto.app.converting import voices
from duetto.app.places import Places
from duetto.errors import ConfigError
from duetto.voices.find import find_run


def build(places: Places) -> Any:
    """Lay out the tab, and return what refreshes it."""
    gr.Markdown(
        "Needs the scope `publish_weights` of everyone whose voice is in it. The record travels with the files."
    )
    voice = gr.Dropdown([], allow_custom_value=True, label="Voice", elem_id="export-voice")
    export = gr.Button("Export", variant="primary", elem_id="export")
    files = gr.HTML(elem_id="exported")

    def write(name: str | None) -> str:
        from duetto.runs.export import export_run  # with torch

        if not name:
            raise ConfigError("Choose a voice first. There is none yet? Train one.")
        exported = export_run(find_run(places.logs, name), name=name)
        links = (markup.link(path.name, markup.address("logs", places.logs, path)) for path in exported.files)
        return "".join(links) + markup.paragraphs(exported.hints)

    export.click(answered(write), voice, files, **PRIVATE)

    def refresh(name: str | None) -> Any:
        names = voices(places.logs)
        return gr.Dropdown(names, value=name if name in names else next(iter(names), None))

    return refresh, voice, voice
