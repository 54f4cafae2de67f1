"""The form for a voice's consent record: the questions of `python -m duetto consent new`, and the same record."""

from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr

from duetto.app import markup
from duetto.app.answers import PRIVATE, answered
from duetto.app.places import Places
from duetto.app.uploads import discard
from duetto.errors import ConfigError, DuettoError
from duetto.ownership.consent import SCOPES
from duetto.ownership.consent_file import read_record
from duetto.ownership.gate import require_consent
from duetto.ownership.new_record import LISTS, QUESTIONS, problem_with, record_consent, record_path

PRIVATE_SCOPES = ["train", "infer"]  # what a voice needs; nothing leaves this machine
MEANINGS = {
    "train": "train a voice",
    "infer": "convert songs with it",
    "publish_audio": "pages that hold its sound",
    "publish_weights": "export the voice",
    "cloud_logging": "send losses and sounds to W&B",
}


def build(places: Places, voice: Any) -> Any:
    """Lay out the form, and return the component that tells what the record allows."""
    said = gr.HTML(elem_id="record")
    fields = {"subject": gr.Textbox(label=QUESTIONS["subject"], elem_id="subject", max_lines=1)}
    fields["controller"] = gr.Textbox(label=QUESTIONS["controller"], elem_id="controller", max_lines=1)
    choices = [(f"{scope}: {MEANINGS[scope]}", scope) for scope in SCOPES]
    fields["scopes"] = gr.CheckboxGroup(choices, value=PRIVATE_SCOPES, label="What do they allow?", elem_id="scopes")
    with gr.Row():
        fields["purposes"] = gr.Textbox(
            label=QUESTIONS["purposes"], placeholder="research", elem_id="purposes", max_lines=1
        )
        fields["expires"] = gr.Textbox(
            label=QUESTIONS["expires"], value=f"{date.today().year + 1}-12-31", elem_id="expires", max_lines=1
        )
    with gr.Row():
        fields["territory"] = gr.Textbox(label=QUESTIONS["territory"], max_lines=1)
        fields["signature"] = gr.Textbox(label=QUESTIONS["signature"], max_lines=1)
    fields["evidence"] = gr.File(label=QUESTIONS["evidence"], file_count="single", height=120)
    is_forced = gr.Checkbox(False, label="Replace the record that is there")
    write = gr.Button("Write the record", elem_id="write-record")

    def submit(name: str | None, is_forced: bool, *answers: Any) -> Any:
        given = dict(zip(fields, answers, strict=True))
        try:
            return None, write_record(places, name, is_forced, given)
        finally:
            if given["evidence"]:
                discard(Path(given["evidence"]))

    inputs = [voice, is_forced, *fields.values()]
    write.click(answered(submit), inputs, [fields["evidence"], said], **PRIVATE)
    return said


def write_record(places: Places, name: str | None, is_forced: bool, given: dict[str, Any]) -> str:
    """Write the record of the answers, and tell what it allows.

    Raises:
        ConfigError: If an answer is missing or wrong, or there is a record already.
    """
    answers = {key: ", ".join(value) if isinstance(value, list) else str(value or "") for key, value in given.items()}
    folder = places.voice(name)
    for key, text in answers.items():
        problem = problem_with(key, text.strip())
        if problem:
            raise ConfigError(f"{QUESTIONS[key]}? {problem}" if key in LISTS else f"{problem}{QUESTIONS[key]}")
    if record_path(folder).exists() and not is_forced:
        raise ConfigError("This voice has a record already. Tick `Replace the record that is there` to write another.")
    said = record_consent(folder, {key: text.strip() for key, text in answers.items()}, is_forced=is_forced).say()
    return markup.paragraphs(said)


def say_record(places: Places, name: str | None) -> str:
    """What a voice's record allows today."""
    if name not in places.voices():
        return ""
    path = record_path(places.recordings / str(name))
    if not path.is_file():
        return markup.paragraphs(["No record yet: without one the voice is not trained."])
    try:
        consent = read_record(path)
        require_consent(consent, "train", path)
    except DuettoError as error:
        return markup.paragraphs([str(error)])
    return markup.paragraphs([f"{consent.subject} allows {', '.join(consent.scopes)} until {consent.expires}."])
