"""The tab of conversion: a whole song or a voice alone, with a trained voice, and what became of it."""

from pathlib import Path
from typing import Any

import gradio as gr

from duetto.app import converting, markup
from duetto.app.answers import PRIVATE, answered
from duetto.app.converting import CONVERT, SONG, SOURCE, Wish
from duetto.app.jobs import Jobs
from duetto.app.places import Places
from duetto.errors import ConfigError
from duetto.settings.run_config import MAX_TRANSPOSE, InferConfig

SECONDS = 1.5  # between two refreshes
KINDS = [("A whole song: voice and accompaniment", SONG), ("A voice alone", SOURCE)]
SETTINGS = {  # of infer.py: label, lowest, highest, step
    "index_rate": ("Retrieval (index rate)", 0, 1, 0.05),
    "protect": ("Protect breaths; 0.5 is none", 0, 0.5, 0.01),
    "level_match": ("Follow the source's loudness", 0, 1, 0.05),
    "formant": ("Formants, semitones", -12, 12, 0.5),
}


def build(places: Places, jobs: Jobs) -> Any:
    """Lay out the tab, and return what refreshes it."""
    with gr.Row():
        with gr.Column():
            voice = gr.Dropdown([], allow_custom_value=True, label="Voice", elem_id="convert-voice")
            song = gr.Audio(
                label="Song or recording",
                sources=["upload", "microphone"],
                type="filepath",
                editable=False,
                elem_id="song",
            )
            kind = gr.Radio(KINDS, value=SONG, label="What it is", elem_id="kind")
        with gr.Column():
            is_fitted = gr.Checkbox(True, label="Transpose to what fits the voice", elem_id="fitted")
            transpose = gr.Slider(-MAX_TRANSPOSE, MAX_TRANSPOSE, 0, step=1, label="Otherwise by this many semitones")
            with gr.Accordion("More settings", open=False):
                sliders = [
                    gr.Slider(low, high, getattr(InferConfig(), key), step=step, label=label)
                    for key, (label, low, high, step) in SETTINGS.items()
                ]
            with gr.Row():
                convert = gr.Button("Convert", variant="primary", elem_id="convert")
                stop = gr.Button("Stop", variant="stop", elem_id="stop-conversion")
    said = gr.HTML(elem_id="conversion-state")
    past = gr.Dropdown([], allow_custom_value=True, label="Conversions with this voice", elem_id="conversions")
    sounds = gr.HTML(elem_id="conversion")
    seen = gr.State("")

    inputs = [voice, song, kind, is_fitted, transpose, *sliders]
    convert.click(answered(lambda *wish: _begin(places, jobs, *wish)), inputs, song, **PRIVATE)
    stop.click(answered(lambda name: jobs.stop(CONVERT, str(name))), voice, None, **PRIVATE)
    moments = [gr.Timer(SECONDS).tick, voice.change]
    outputs = [said, past, sounds, seen]
    shown = answered(lambda name, seen: _shown(places, jobs, name, seen))
    gr.on(moments, shown, [voice, seen], outputs, show_progress="hidden", **PRIVATE)
    past.change(answered(lambda name, chosen: _listen(places, name, chosen)), [voice, past], sounds, **PRIVATE)

    def refresh(name: str | None) -> Any:
        names = converting.voices(places.logs)
        return gr.Dropdown(names, value=name if name in names else next(iter(names), None))

    return refresh, voice, voice


def _begin(
    places: Places, jobs: Jobs, name: str | None, path: str | None, kind: str, fits: bool, by: float, *more: float
) -> None:
    if not name:
        raise ConfigError("Choose a voice first. There is none yet? Train one.")
    if path is None:
        raise ConfigError("Which song? Choose or record one first.")
    settings = dict(zip(SETTINGS, more, strict=True))
    converting.start_conversion(jobs, places.logs, Wish(name, Path(path), kind, None if fits else by, settings))


def _shown(places: Places, jobs: Jobs, name: str | None, seen: str) -> Any:
    """What is said of the newest conversion, and the list of all; nothing if nothing has changed."""
    if not name:
        return gr.skip(), gr.skip(), gr.skip(), seen
    state, folder = jobs.state(CONVERT, name), converting.settle(jobs, name)
    last = (state.output.strip().splitlines() or [""])[-1].strip()
    words = {"running": f"Converting. {last}", "failed": state.said, "stopped": "Stopped."}.get(state.phase, "")
    names = converting.earlier(places.logs, name)
    now = f"{name} {words} {names}"
    if now == seen:
        return gr.skip(), gr.skip(), gr.skip(), seen
    newest = folder.name if folder is not None and folder.name in names else None
    heard = _listen(places, name, newest) if newest else ""
    return markup.paragraphs([words] if words else []), gr.Dropdown(names, value=newest), heard, now


def _listen(places: Places, name: str | None, chosen: str | None) -> Any:
    folder = converting.conversion(places.logs, name, chosen)
    if folder is None:
        return gr.skip()
    pages = folder.glob("*.html")
    links = (markup.link("Open its page", markup.address("logs", places.logs, page)) for page in pages)
    return markup.players("logs", places.logs, converting.sounds_of(folder)) + "".join(links)
