"""The tab of recordings: makes a voice's folder, takes recordings in, and asks the doctor about them."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from duetto.app import consent_form, markup
from duetto.app.answers import PRIVATE, answered, tell
from duetto.app.places import Places
from duetto.app.uploads import discard, take_in
from duetto.errors import AudioError, ConfigError
from duetto.storage.audio import read_info
from duetto.storage.audio_suffixes import AUDIO_SUFFIXES
from duetto.storage.files import make_folder

TAKE = "take.wav"  # what a recording with the microphone is called
INTRODUCTION = (
    "Recordings of one voice without accompaniment; ten minutes are enough. They stay on this machine, in the folder "
    "`{folder}`."
)


def build(places: Places) -> Any:
    """Lay out the tab, and return what refreshes it: a function and its components."""
    folder, here = places.recordings, Path.cwd()
    gr.Markdown(INTRODUCTION.format(folder=folder.relative_to(here) if folder.is_relative_to(here) else folder))
    with gr.Row(equal_height=True):
        voice = gr.Dropdown([], allow_custom_value=True, label="Voice", elem_id="voice", scale=2)
        new = gr.Textbox(label="Name of a new voice", placeholder="my_voice", max_lines=1, elem_id="new-voice", scale=2)
        make = gr.Button("Make the voice", elem_id="make-voice")
    with gr.Row():
        files = gr.File(
            label="Add recordings",
            file_count="multiple",
            file_types=sorted(AUDIO_SUFFIXES),
            elem_id="add-recordings",
            height=140,
        )
        with gr.Column():
            take = gr.Audio(
                label="Or sing into the microphone", sources=["microphone"], type="filepath", editable=False
            )
            keep = gr.Button("Keep this take", elem_id="keep-take")
    listing = gr.HTML("<p>No recordings yet.</p>", elem_id="recordings")
    with gr.Row(equal_height=True):
        unwanted = gr.Dropdown([], allow_custom_value=True, label="Remove a recording", scale=3)
        remove = gr.Button("Remove it")
    with gr.Accordion("Consent: whose voice it is, and what they allow", open=True, elem_id="consent"):
        record = consent_form.build(places, voice)
    gr.Markdown("## The doctor\nFinds what will harm the voice, before it is trained.")
    with gr.Row(equal_height=True):
        is_quick = gr.Checkbox(True, label="Quick: leave out slow checks")
        examine = gr.Button("Examine the recordings", elem_id="examine")
    found = gr.HTML(elem_id="findings")

    shown = [listing, unwanted]
    make.click(answered(lambda name: _make(places, name)), new, [new, voice, *shown, record], **PRIVATE)
    voice.change(lambda name: _of_voice(places, name), voice, [*shown, record], **PRIVATE)
    files.upload(answered(lambda name, paths: _add(places, name, paths)), [voice, files], [files, *shown], **PRIVATE)
    keep.click(answered(lambda name, path: _keep(places, name, path)), [voice, take], [take, *shown], **PRIVATE)
    remove.click(answered(lambda name, file: _remove(places, name, file)), [voice, unwanted], shown, **PRIVATE)
    examine.click(answered(lambda name, quick: _examine(places, name, quick)), [voice, is_quick], found, **PRIVATE)

    def refresh(name: str | None) -> Any:
        chosen = name if name in places.voices() else next(iter(places.voices()), None)
        return gr.Dropdown(places.voices(), value=chosen), *_of_voice(places, chosen)

    return refresh, voice, [voice, *shown, record]


def _make(places: Places, name: str) -> Any:
    folder = places.voice(name.strip())
    if folder.exists():
        raise ConfigError(f"There is a voice of the name {folder.name} already. Choose it, or another name.")
    make_folder(folder)
    tell(f"{folder} is made. Add recordings now.")
    return "", gr.Dropdown(places.voices(), value=folder.name), *_of_voice(places, folder.name)


def _of_voice(places: Places, name: str | None) -> Any:
    """Recordings and record of a voice; no voice changes nothing."""
    if not name:
        return (gr.skip(),) * 3
    return *_listed(places, name), consent_form.say_record(places, name)


def _listed(places: Places, name: str | None) -> Any:
    takes = places.takes(name)
    titles = [(f"{path.name}, {_length(path)}", path) for path in takes]
    said = markup.players("recordings", places.recordings, titles) or "<p>No recordings yet.</p>"
    return said, gr.Dropdown([path.name for path in takes], value=None)


def _length(path: Path) -> str:
    try:
        info = read_info(path)
    except AudioError:
        return "unreadable"
    seconds = round(info.num_samples / info.sample_rate)
    return f"{seconds // 60}:{seconds % 60:02d}"


def _add(places: Places, name: str | None, paths: list[str]) -> Any:
    """Take in what can be; what cannot is told, and gone from the form as well."""
    for path in map(Path, paths):
        try:
            take_in(path, places.voice(name))
        except (AudioError, ConfigError) as error:
            discard(path)
            gr.Warning(escape(str(error)), duration=None)
    return None, *_listed(places, name)


def _keep(places: Places, name: str | None, path: str | None) -> Any:
    folder = places.voice(name)
    if path is None:
        raise ConfigError("Nothing was recorded yet. Press the red button, sing, and stop.")
    take_in(Path(path), folder, TAKE)
    return None, *_listed(places, name)


def _remove(places: Places, name: str | None, file: str | None) -> Any:
    for path in places.takes(name):
        if path.name == file:
            path.unlink()
    return _listed(places, name)


def _examine(places: Places, name: str | None, is_quick: bool) -> str:
    from duetto.front.doctor import doctor  # with everything that listens

    report = doctor(places.voice(name), is_quick=is_quick)
    page = report.to_html(places.pages / f"{name}.html")
    problems = [f"{problem.recording}: {problem.reason}" for problem in report.problems]
    return (
        markup.paragraphs([report.verdict, *problems])
        + markup.findings(each for each in report.findings if each.severity != "fine")
        + markup.link("All findings, with pictures and places to listen to", markup.address("logs", places.logs, page))
    )
