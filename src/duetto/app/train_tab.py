"""The tab of training: starts, stops and resumes, and follows the losses, the validations and what is said."""

from typing import Any

import gradio as gr
import pandas as pd

from duetto.app import markup
from duetto.app.answers import PRIVATE, answered
from duetto.app.jobs import Jobs
from duetto.app.places import Places
from duetto.app.training import TRAIN, Progress, TrainingRequest, progress_of, resume_training, start_training
from duetto.report.collect import Columns
from duetto.report.headline import headline
from duetto.settings.config import TrainerConfig

SECONDS = 2.0  # between two refreshes
ARCHITECTURES = [("RVC", "rvc"), ("Diff-SVC", "diffsvc")]
CURVES = ("mel_distance", "mcd_output", "modulation_distance")  # of a validation: the first that it has
NOT_LOSSES = ("step", "minutes")


def build(places: Places, jobs: Jobs) -> Any:
    """Lay out the tab, and return what refreshes it."""
    with gr.Row(equal_height=True):
        voice = gr.Dropdown([], allow_custom_value=True, label="Recordings of", elem_id="train-voice")
        name = gr.Textbox(label="Name of the voice", placeholder="the same", elem_id="train-name", max_lines=1)
        architecture = gr.Radio(ARCHITECTURES, value="rvc", label="Architecture")
        minutes = gr.Number(TrainerConfig().max_minutes, label="Minutes of training", minimum=0.1, elem_id="minutes")
    others = gr.Textbox(
        label="Other settings of train.py, such as seed=1 model/size=v2_40k", elem_id="other-settings", max_lines=1
    )
    start = gr.Button("Train", variant="primary", elem_id="start-training")
    with gr.Row(equal_height=True):
        job = gr.Dropdown([], allow_custom_value=True, label="Training to follow", elem_id="training", scale=2)
        stop = gr.Button("Stop", variant="stop", elem_id="stop-training")
        resume = gr.Button("Resume", elem_id="resume-training")
    said = gr.HTML(elem_id="training-state")
    with gr.Row():
        losses = gr.LinePlot(x="step", y="loss", title="Training loss: spectrum", height=240, visible=False)
        curve = gr.LinePlot(
            x="step", y="distance", title="Validation: distance to the recording", height=240, visible=False
        )
    sounds = gr.HTML(elem_id="training-sounds")
    with gr.Accordion("What the training says", open=False):
        output = gr.Textbox(show_label=False, label="What the training says", lines=12, max_lines=12, elem_id="output")
    seen = gr.State({})

    outputs = [said, losses, curve, sounds, output, seen]

    def shown(name: str | None, seen: dict[str, Any]) -> Any:
        return _changes(_show(places, progress_of(jobs, places.logs, name)), seen)

    def begin(recordings: str | None, name: str, architecture: str, minutes: float, others: str) -> Any:
        folder = places.voice(recordings)
        called = name.strip() or folder.name
        places.voice(called)
        start_training(jobs, places.logs, TrainingRequest(folder, called, architecture, minutes, others))
        return gr.Dropdown(jobs.names(TRAIN), value=called)

    def again(name: str | None) -> None:
        resume_training(jobs, places.voice(name).name)

    start.click(answered(begin), [voice, name, architecture, minutes, others], job, **PRIVATE)
    stop.click(answered(lambda name: jobs.stop(TRAIN, places.voice(name).name)), job, None, **PRIVATE)
    resume.click(answered(again), job, None, **PRIVATE)
    timer = gr.Timer(SECONDS)
    gr.on([timer.tick, job.change], shown, [job, seen], outputs, show_progress="hidden", **PRIVATE)

    def refresh(recordings: str | None, followed: str | None) -> Any:
        names = jobs.names(TRAIN)
        first = recordings if recordings in places.voices() else next(iter(places.voices()), None)
        return (
            gr.Dropdown(places.voices(), value=first),
            gr.Dropdown(names, value=followed if followed in names else next(iter(names), None)),
        )

    return refresh, [voice, job], [voice, job]


def _show(places: Places, progress: Progress) -> list[Any]:
    """The values of the components."""
    said = [progress.sentence]
    page = ""
    if progress.page and progress.run:
        said = [headline(progress.run)]
        page = markup.link("Open its page", markup.address("logs", places.logs, progress.page))
    return [
        markup.paragraphs(said) + page,
        _losses(progress.losses),
        _curve(progress.curve),
        markup.players("logs", places.logs, progress.sounds()),
        progress.state.output,
    ]


def _changes(values: list[Any], seen: dict[str, Any]) -> list[Any]:
    """The values that changed since they were last seen, so that a player that plays is left alone."""
    keys = [value.to_json() if isinstance(value, pd.DataFrame) else value for value in values]
    changed = [
        gr.skip() if seen.get(str(place)) == key else _plotted(value)
        for place, (key, value) in enumerate(zip(keys, values, strict=True))
    ]
    return [*changed, {str(place): key for place, key in enumerate(keys)}]


def _plotted(value: Any) -> Any:
    return gr.LinePlot(value, visible=not value.empty) if isinstance(value, pd.DataFrame) else value


def _losses(columns: Columns) -> pd.DataFrame:
    """The first loss, which is the one of the spectrum; the others have other scales."""
    name = next((name for name in columns if name not in NOT_LOSSES), None)
    return _line(columns, name, "loss")


def _curve(columns: Columns) -> pd.DataFrame:
    return _line(columns, next((each for each in CURVES if each in columns), None), "distance")


def _line(columns: Columns, name: str | None, title: str) -> pd.DataFrame:
    if name is None:
        return pd.DataFrame(columns=["step", title])
    return pd.DataFrame({"step": columns["step"], title: columns[name]})
